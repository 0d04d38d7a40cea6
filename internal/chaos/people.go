// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/xsim"
)

const (
	// lookEvery is how often people look whether a link is there for them; tryAgain
	// how long one waits after a try.
	lookEvery = 700 * time.Millisecond
	tryAgain  = 3 * time.Second
	// atOnce is how many consents of a world are under way at once.
	atOnce = 3
	// twinTryAgain is how long one waits whose account another connection shares: where X
	// ends the earlier login at each new one, two persons who consent at once would do
	// nothing else.
	twinTryAgain = 20 * time.Second
	// flowTimeout bounds one page.
	flowTimeout = 25 * time.Second
)

// connection is an XConnection and the person behind it.
type connection struct {
	name    string
	account string
	// stranger is the account that the person is logged in with by mistake.
	stranger string
	// twin is true if another connection is on the same account.
	twin bool
	// pinned is true if spec.username names the account.
	pinned bool

	// What follows is guarded by the world.
	wanted bool
	// removed is when the connection was deleted; zero while it is wanted.
	removed time.Time
	// states are the hashes of the states that the person went to X with.
	states map[string]bool
	// seen is the object as it was last looked at; nil before.
	seen *v1alpha1.XConnection
	busy bool
	next time.Time
}

// accountOf is the account of the connection of a number, and whether another one has
// it as well: the first two of each eight are twins, as two agents of one brand are.
func accountOf(number int) (account string, twin bool) {
	const group = 8
	if number%group == 1 {
		return fmt.Sprintf("a%04d", number-1), true
	}
	return fmt.Sprintf("a%04d", number), number%group == 0
}

// addConnection makes one more connection, of a new account or its twin's.
func (w *world) addConnection(ctx context.Context) error {
	w.mu.Lock()
	number := len(w.connections)
	account, twin := accountOf(number)
	conn := &connection{
		name:     fmt.Sprintf("conn-%04d", number),
		account:  account,
		stranger: fmt.Sprintf("xa%04d", number),
		twin:     twin,
		pinned:   number%2 == 0,
		wanted:   true,
		states:   map[string]bool{},
	}
	w.connections = append(w.connections, conn)
	w.mu.Unlock()
	w.x.RegisterAccount(conn.account)
	w.x.RegisterAccount(conn.stranger)
	object := conn.object(w.namespace)
	object.Spec.AuthMethod = v1alpha1.AuthOwn
	object.Spec.AppSecretRef = &v1alpha1.SecretReference{Name: appSecret}
	if conn.pinned {
		object.Spec.Username = conn.account
	}
	return insist(ctx, func() error {
		return client.IgnoreAlreadyExists(w.suite.plane.Client().Create(ctx, object.DeepCopy()))
	})
}

// object names the connection.
func (c *connection) object(namespace string) *v1alpha1.XConnection {
	return &v1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: c.name}}
}

// remove deletes a connection; another takes its place.
func (w *world) remove(ctx context.Context, conn *connection) error {
	w.mu.Lock()
	conn.wanted, conn.removed = false, time.Now()
	w.mu.Unlock()
	err := insist(ctx, func() error {
		return client.IgnoreNotFound(w.suite.plane.Client().Delete(ctx, conn.object(w.namespace)))
	})
	if err != nil {
		return err
	}
	return w.addConnection(ctx)
}

// annotate sets an annotation of an object.
func (w *world) annotate(ctx context.Context, object client.Object, name, value string) error {
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, name, value)
	return w.suite.plane.Client().Patch(ctx, object, client.RawPatch(types.MergePatchType, patch))
}

// people look at their connections and consent wherever a link asks them to, and
// say of posts what the operator can't know, until the context ends. Flows that are
// under way then are finished first.
func (w *world) people(ctx context.Context, draw *rand.Rand) {
	var flows sync.WaitGroup
	defer flows.Wait()
	places := make(chan struct{}, atOnce)
	for pause(ctx, lookEvery) {
		if w.look(ctx) != nil || w.tellOfPosts(ctx) != nil {
			continue // The API server is away.
		}
		for _, conn := range w.invited() {
			choice := w.choose(conn, draw)
			places <- struct{}{}
			flows.Go(func() {
				w.consent(conn, choice)
				<-places
			})
		}
	}
}

// look reads all connections and posts.
func (w *world) look(ctx context.Context) error {
	var posts v1alpha1.XPostList
	var connections v1alpha1.XConnectionList
	for _, list := range []client.ObjectList{&posts, &connections} {
		if err := w.suite.plane.Client().List(ctx, list, client.InNamespace(w.namespace)); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	seenPosts, seen := byName(posts.Items), byName(connections.Items)
	for _, post := range w.posts {
		post.seen = seenPosts[post.name]
	}
	for _, conn := range w.connections {
		conn.seen = seen[conn.name]
	}
	return nil
}

// byName finds objects of a list; nil what is not in it.
func byName[T any, O interface {
	*T
	metav1.Object
}](items []T) map[string]O {
	named := map[string]O{}
	for i := range items {
		object := O(&items[i])
		named[object.GetName()] = object
	}
	return named
}

// invited are the connections whose person is to consent now; they are busy from
// here on.
func (w *world) invited() []*connection {
	w.mu.Lock()
	defer w.mu.Unlock()
	var invited []*connection
	for _, conn := range w.connections {
		if conn.wanted && !conn.busy && conn.seen != nil && conn.seen.Status.AuthorizeURL != "" && time.Now().After(conn.next) {
			conn.busy = true
			invited = append(invited, conn)
		}
	}
	return invited
}

// choose is what the person does at X. Whoever is asked again although the
// connection works sometimes says no, or is logged in as somebody else; so
// sometimes is the owner of an account that is pinned.
func (w *world) choose(conn *connection, draw *rand.Rand) xsim.Choice {
	w.mu.Lock()
	works := conn.seen.Status.Connected
	w.mu.Unlock()
	mood := draw.IntN(10)
	switch {
	case works && mood == 0:
		return xsim.Choice{Account: conn.account, Deny: true}
	case works && mood < 4, conn.pinned && mood == 1:
		return xsim.Choice{Account: conn.stranger}
	default:
		return xsim.Choice{Account: conn.account}
	}
}

// consent walks one flow. Whether it ends well is not asked: the operator may be
// killed under it.
func (w *world) consent(conn *connection, choice xsim.Choice) {
	w.mu.Lock()
	link := conn.seen.Status.AuthorizeURL
	w.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 3*flowTimeout)
	defer cancel()
	browser := &http.Client{Timeout: flowTimeout, Transport: noting(func(state string) { w.note(conn, state) })}
	_, _ = xsim.Consent(ctx, browser, link, choice)
	w.mu.Lock()
	defer w.mu.Unlock()
	conn.busy = false
	conn.next = time.Now().Add(tryAgain)
	if conn.twin && !w.policies.KeepEarlierLogins {
		conn.next = time.Now().Add(twinTryAgain)
	}
}

// note remembers that a connection's person goes to X with a state.
func (w *world) note(conn *connection, state string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	conn.states[xsim.Hash(state)] = true
}

// noting is a browser's transport that tells of each state before X sees it: the
// operator may be killed before the person sees how the flow ends.
type noting func(state string)

// RoundTrip implements http.RoundTripper.
func (n noting) RoundTrip(r *http.Request) (*http.Response, error) {
	if state := r.URL.Query().Get("state"); state != "" && r.URL.Path == xsim.PathAuthorize {
		n(state)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// stands tells whether a connection is wanted and works.
func (c *connection) stands() bool {
	return c.wanted && c.seen != nil && meta.IsStatusConditionTrue(c.seen.Status.Conditions, v1alpha1.ConditionReady)
}

// leaving counts the connections that are deleted and not yet gone.
func (w *world) leaving() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	count := 0
	for _, conn := range w.connections {
		if !conn.wanted && conn.seen != nil {
			count++
		}
	}
	return count
}

// some draws that many of the connections that are wanted and connected.
func (w *world) some(count int) []*connection {
	w.mu.Lock()
	defer w.mu.Unlock()
	var able []*connection
	for _, conn := range w.connections {
		if conn.wanted && conn.seen != nil && conn.seen.Status.Connected {
			able = append(able, conn)
		}
	}
	w.draw.Shuffle(len(able), func(i, j int) { able[i], able[j] = able[j], able[i] })
	return able[:min(count, len(able))]
}

// wantedOnes are the connections that are not deleted, as last seen.
func (w *world) wantedOnes() []*connection {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.connections), func(conn *connection) bool { return !conn.wanted })
}
