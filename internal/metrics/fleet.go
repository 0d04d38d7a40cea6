// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Source adds what a part of the process knows to a fleet. It is called at each
// scrape, so it must be quick.
type Source func(*Fleet)

// fleets gathers a fleet of all sources at each scrape. A process has one source; one
// that runs several operators, as a test does, has one of each.
type fleets struct {
	mu      sync.Mutex
	next    int
	sources map[int]Source
}

var theFleet = &fleets{sources: map[int]Source{}}

// Watch makes a source part of the scrapes until stop is called.
func Watch(source Source) (stop func()) { return theFleet.watch(source) }

func (f *fleets) watch(source Source) (stop func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := f.next
	f.next++
	f.sources[id] = source
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.sources, id)
	}
}

// Describe implements prometheus.Collector.
func (*fleets) Describe(descriptions chan<- *prometheus.Desc) {
	for _, description := range fleetDescriptions {
		descriptions <- description
	}
}

// Collect implements prometheus.Collector.
func (f *fleets) Collect(metrics chan<- prometheus.Metric) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.sources) == 0 {
		return
	}
	fleet := newFleet()
	for _, source := range f.sources {
		source(fleet)
	}
	fleet.emit(metrics)
}

// Fleet is what stands at one moment: all connections, posts and apps that a process
// is to reconcile.
type Fleet struct {
	leases                      map[string]bool
	connections                 map[connectionKey]int
	undelivered                 map[string]int
	posts                       map[postKey]int
	accessTokens, refreshTokens *ends
	overdue                     time.Duration
	appConnections              map[string]int
	limits                      map[limitKey]Limit
	held                        map[heldKey]bool
	objects                     map[objectKey]Connection
}

type (
	connectionKey struct{ ready, connected, reason string }
	postKey       struct{ ready, reason string }
	limitKey      struct{ app, endpoint string }
	heldKey       struct{ app, calls, reason string }
	objectKey     struct{ namespace, name string }
)

func newFleet() *Fleet {
	return &Fleet{
		leases:         map[string]bool{},
		connections:    map[connectionKey]int{},
		undelivered:    map[string]int{},
		posts:          map[postKey]int{},
		accessTokens:   newEnds(accessTokenBuckets),
		refreshTokens:  newEnds(refreshTokenBuckets),
		appConnections: map[string]int{},
		limits:         map[limitKey]Limit{},
		held:           map[heldKey]bool{},
		objects:        map[objectKey]Connection{},
	}
}

// AddLease tells whether this process holds its lease, and so reconciles. Only one that
// does adds more: what every replica said would be counted twice.
func (f *Fleet) AddLease(name string, held bool) { f.leases[name] = f.leases[name] || held }

// Connection is what is counted of an XConnection.
type Connection struct {
	Namespace, Name string
	// Ready and Connected are the statuses of the conditions, Reason is that of Ready:
	// each one of few.
	Ready, Connected, Reason string
	// Undelivered is true if there are tokens that agents do not get, for this reason.
	Undelivered bool
	// AccessTokenEnds and RefreshTokenEnds are the ends of tokens that X has not
	// declared dead; zero for none.
	AccessTokenEnds, RefreshTokenEnds time.Time
	// RefreshDue is when the next refresh is due; zero if none is to be made, for which
	// somebody else must act first.
	RefreshDue time.Time
}

// AddConnection counts a connection, as it stands at a moment.
func (f *Fleet) AddConnection(c Connection, now time.Time) {
	f.connections[connectionKey{c.Ready, c.Connected, c.Reason}]++
	if c.Undelivered {
		f.undelivered[c.Reason]++
	}
	if !c.RefreshTokenEnds.IsZero() {
		f.refreshTokens.add(c.RefreshTokenEnds.Sub(now))
	}
	if c.RefreshDue.IsZero() {
		return
	}
	f.accessTokens.add(c.AccessTokenEnds.Sub(now))
	f.overdue = max(f.overdue, now.Sub(c.RefreshDue))
}

// AddObject gives a connection series of its own.
func (f *Fleet) AddObject(c Connection) { f.objects[objectKey{c.Namespace, c.Name}] = c }

// AddPost counts an XPost by the status and the reason of Ready, each one of few.
func (f *Fleet) AddPost(ready, reason string) { f.posts[postKey{ready, reason}]++ }

// AddAppConnections tells how many connected XConnections use an XApp.
func (f *Fleet) AddAppConnections(app string, count int) { f.appConnections[app] += count }

// Limit is what X last said of an app's limit.
type Limit struct {
	Limit, Remaining int
	ResetAt          time.Time
}

// AddLimit tells of the limit of an XApp at one endpoint.
func (f *Fleet) AddLimit(app, endpoint string, limit Limit) {
	f.limits[limitKey{app, endpoint}] = limit
}

// AddHeld tells whether calls of an XApp wait for a reason. The calls are "tokens" or
// "posts".
func (f *Fleet) AddHeld(app, calls, reason string, held bool) {
	f.held[heldKey{app, calls, reason}] = held
}
