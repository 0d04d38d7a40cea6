// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/child"
	"github.com/agentconnect/x-operator/internal/xsim"
)

const (
	clientID     = "chaos-client"
	clientSecret = "chaos-client-secret"
	appSecret    = "own-app"
)

// plan is what is to happen in a world.
type plan struct {
	faults []fault
	// wantedConnections is how many are made at the start, wantedPosts how many XPosts
	// between the faults.
	wantedConnections, wantedPosts int
}

// world is one operator, of one replica or two, with its connections and its X.
type world struct {
	setting
	plan
	suite *suite
	// home is the namespace of the grants, namespace that of the connections.
	home, namespace string
	x               *xsim.Server
	authorizeURL    string
	front           *front
	replicas        []*replica
	witness         *witness
	orders          *orders
	draw            *rand.Rand
	closers         []func()

	mu          sync.Mutex
	connections []*connection
	posts       []*xpost
	// foundByPeople and sentAgain count what people said of posts of an unknown outcome.
	foundByPeople, sentAgain int
}

// newWorld makes the namespaces, the simulator and the app; no process yet.
func newWorld(ctx context.Context, s *suite, setting setting, plan plan, draw *rand.Rand) (*world, error) {
	w := &world{setting: setting, suite: s, plan: plan, orders: newOrders(plan.faults), draw: draw}
	var err error
	if w.front, err = newFront(ctx); err != nil {
		return nil, err
	}
	w.closers = append(w.closers, w.front.close)
	if err := w.serveX(ctx); err != nil {
		return nil, err
	}
	if w.home, err = s.plane.CreateNamespace(ctx, setting.name+"-home", nil); err != nil {
		return nil, err
	}
	if w.namespace, err = s.plane.CreateNamespace(ctx, setting.name, nil); err != nil {
		return nil, err
	}
	api, err := client.NewWithWatch(s.plane.Config(), client.Options{Scheme: s.plane.Scheme()})
	if err != nil {
		return nil, err
	}
	w.witness = &witness{api: api, namespace: w.home, seen: map[string]bool{}}
	var ports []string
	for i := range setting.replicas {
		port, err := child.FreePort(ctx)
		if err != nil {
			return nil, err
		}
		ports = append(ports, port)
		w.replicas = append(w.replicas, &replica{world: w, name: fmt.Sprintf("operator-%d", i), port: port})
	}
	w.front.ports.Store(&ports)
	return w, s.plane.Client().Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.namespace, Name: appSecret,
			Labels: map[string]string{v1alpha1.LabelApp: v1alpha1.LabelAppValue},
		},
		Data: map[string][]byte{
			v1alpha1.AppKeyClientID:     []byte(clientID),
			v1alpha1.AppKeyClientSecret: []byte(clientSecret),
		},
	})
}

// serveX serves the simulator to browsers; each process gets an address of its
// own.
func (w *world) serveX(ctx context.Context) error {
	w.x = xsim.New(xsim.Config{
		Policies:  w.policies,
		Lifetimes: xsim.Lifetimes{Access: xsim.Duration(w.lifetime)},
		Apps: []xsim.App{{
			ClientID: clientID, ClientSecret: clientSecret, RedirectURIs: []string{w.front.url + "/oauth2/callback"},
		}},
		// Nobody here tests X's limits, and accounts consent often.
		Limits: map[xsim.Endpoint]xsim.Limit{xsim.EndpointMe: {}, xsim.EndpointPost: {}, xsim.EndpointPosts: {}},
		Seed:   w.draw.Uint64(),
	})
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: w.x, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	w.closers = append(w.closers, func() { _ = server.Close() })
	w.authorizeURL = "http://" + listener.Addr().String() + xsim.PathAuthorize
	return nil
}

func (w *world) close() {
	for _, p := range w.processes() {
		p.kill()
		_ = p.x.Close()
	}
	for _, end := range w.closers {
		end()
	}
}

// processes are all that ran so far.
func (w *world) processes() []*process {
	var all []*process
	for _, r := range w.replicas {
		r.mu.Lock()
		all = append(all, r.all...)
		r.mu.Unlock()
	}
	return all
}

// leader is the replica whose running process was the last to ask X for tokens;
// nil if none runs.
func (w *world) leader() *replica {
	var leader *replica
	var last int64 = -1
	for _, r := range w.replicas {
		if p := r.process(); p != nil && p.running() && p.lastCall.Load() > last {
			leader, last = r, p.lastCall.Load()
		}
	}
	return leader
}

// armed are the steps that the running processes wait to be ended at.
func (w *world) armed() []string {
	var steps []string
	for _, r := range w.replicas {
		if p := r.process(); p != nil && p.armed() && p.running() {
			steps = append(steps, p.order.step)
		}
	}
	return steps
}
