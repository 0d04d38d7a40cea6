// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/internal/chaos/judge"
)

// restartDelay is how long a replica's end goes unnoticed, as by a kubelet;
// backOff how long one waits that ended by itself: the API server may be away.
const (
	restartDelay = 200 * time.Millisecond
	backOff      = time.Second
)

// replica is one place that the operator runs in: a pod, and one process after
// another in it.
type replica struct {
	world *world
	name  string
	port  string

	// pod and pods, how many there were, belong to supervise.
	pod  *corev1.Pod
	pods int

	// mu is never held while the API server is waited for: an outage asks for the
	// process.
	mu      sync.Mutex
	podGone bool
	current *process
	all     []*process
}

// supervise keeps a process running until the context ends, as a kubelet does.
func (r *replica) supervise(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := r.ensurePod(ctx); err != nil {
			return err
		}
		order := r.world.orders.take()
		p, err := r.start(ctx, order)
		if err != nil {
			return err
		}
		if !r.follow(ctx, p) {
			return nil
		}
		if p.run().End == judge.Left {
			pause(ctx, backOff)
		}
		pause(ctx, restartDelay)
	}
	return nil
}

// follow waits for the end of a process, and keeps account of its order. It is
// false if the context ended first.
func (r *replica) follow(ctx context.Context, p *process) bool {
	select {
	case <-p.fired:
		// A process that was stopped at its failpoint, and continued, may live on.
	case <-p.done:
	case <-ctx.Done():
		return false
	}
	switch {
	case p.order == nil:
	case !p.hasFired():
		r.world.orders.giveBack(p.order)
	default:
		r.world.orders.done()
		if p.order.podGone {
			r.losePod()
		}
	}
	select {
	case <-p.done:
		return true
	case <-ctx.Done():
		return false
	}
}

func (r *replica) start(ctx context.Context, order *fault) (*process, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := fmt.Sprintf("%s-%s-%03d.log", r.world.name, r.name, len(r.all))
	log, err := os.Create(filepath.Join(r.world.suite.logs, name))
	if err != nil {
		return nil, fmt.Errorf("making a log: %w", err)
	}
	p, err := launch{
		binary:    r.world.suite.binary,
		arguments: r.arguments(),
		env: []string{
			"KUBECONFIG=" + r.world.suite.plane.Kubeconfig(),
			"POD_NAME=" + r.pod.Name, "POD_NAMESPACE=" + r.pod.Namespace, "POD_UID=" + string(r.pod.UID),
		},
		replica: r.world.name + "/" + r.name,
		x:       r.world.x,
		order:   order,
		log:     log,
	}.start(ctx)
	if err != nil {
		return nil, err
	}
	r.current = p
	r.all = append(r.all, p)
	return p, nil
}

func (r *replica) arguments() []string {
	return []string{
		"--components=controllers,callback",
		"--leader-elect=" + strconv.FormatBool(len(r.world.replicas) > 1),
		"--grant-namespace=" + r.world.home,
		"--namespaces=" + r.world.namespace,
		"--callback-base-url=" + r.world.front.url,
		"--callback-bind-address=127.0.0.1:" + r.port,
		"--metrics-bind-address=0",
		"--health-probe-bind-address=0",
		"--x-authorize-url=" + r.world.authorizeURL,
	}
}

// ensurePod makes the pod that stands for the replica: an object alone, since the
// control plane has no nodes. While there is no API server it waits.
func (r *replica) ensurePod(ctx context.Context) error {
	api := r.world.suite.plane.Client()
	if r.lostPod() && r.pod != nil {
		err := insist(ctx, func() error {
			return client.IgnoreNotFound(api.Delete(ctx, r.pod, client.GracePeriodSeconds(0)))
		})
		if err != nil {
			return fmt.Errorf("deleting a pod: %w", err)
		}
		r.pod = nil
	}
	if r.pod != nil {
		return nil
	}
	return insist(ctx, func() error {
		r.pods++
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: r.world.home, Name: fmt.Sprintf("%s-%d", r.name, r.pods)},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "operator", Image: "x-operator"}}},
		}
		if err := api.Create(ctx, pod); err != nil {
			return err
		}
		r.pod = pod
		return nil
	})
}

// losePod lets the next process run in another pod.
func (r *replica) losePod() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.podGone = true
}

// lostPod tells once that the pod is to go.
func (r *replica) lostPod() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	gone := r.podGone
	r.podGone = false
	return gone
}

func (r *replica) process() *process {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current
}

// insist tries until it works: the API server may be away.
func insist(ctx context.Context, do func() error) error {
	for {
		err := do()
		if err == nil {
			return nil
		}
		if !pause(ctx, 300*time.Millisecond) {
			return err
		}
	}
}

// pause waits; it is false if the context ended first.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
