// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// lanes let one post at a time go out through a connection: a post that is looked
// for is never mistaken for one that is being sent. Who finds the lane taken waits
// without a worker, and is woken in the order of coming.
type lanes struct {
	mu   sync.Mutex
	byID map[types.UID]*lane
	// wake enqueues a request.
	wake func(reconcile.Request)
}

type lane struct {
	taken   bool
	waiting []reconcile.Request
}

func (l *lanes) wakeBy(wake func(reconcile.Request)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wake = wake
}

// take takes the lane of a connection, or waits for it.
func (l *lanes) take(id types.UID, request reconcile.Request) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byID == nil {
		l.byID = map[types.UID]*lane{}
	}
	of := l.byID[id]
	if of == nil {
		of = &lane{}
		l.byID[id] = of
	}
	at := slices.Index(of.waiting, request)
	switch {
	case of.taken && at < 0:
		of.waiting = append(of.waiting, request)
	case !of.taken && at >= 0:
		of.waiting = slices.Delete(of.waiting, at, at+1)
	}
	got := !of.taken
	of.taken = true
	return got
}

// leave frees the lane, and wakes who waits first.
func (l *lanes) leave(id types.UID) {
	l.mu.Lock()
	if of := l.byID[id]; of != nil {
		of.taken = false
	}
	l.mu.Unlock()
	l.pass()
}

// pass wakes who waits first at each lane that is free: one who was woken, and does
// not want the lane any more, passes it on.
func (l *lanes) pass() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, of := range l.byID {
		switch {
		case of.taken:
		case len(of.waiting) == 0:
			delete(l.byID, id)
		default:
			l.wake(of.waiting[0])
			of.waiting = of.waiting[1:]
		}
	}
}
