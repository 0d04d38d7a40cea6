// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import "sync"

// orders are the failpoints that a world's processes are still to be started with.
type orders struct {
	mu    sync.Mutex
	queue []*fault
	fired int
}

func newOrders(faults []fault) *orders {
	o := &orders{}
	for i := range faults {
		if faults[i].step != "" {
			o.queue = append(o.queue, &faults[i])
		}
	}
	return o
}

// take gives the next order; nil if there is none.
func (o *orders) take() *fault {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) == 0 {
		return nil
	}
	next := o.queue[0]
	o.queue = o.queue[1:]
	return next
}

// giveBack puts an order first again whose process ended for another reason.
func (o *orders) giveBack(order *fault) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queue = append([]*fault{order}, o.queue...)
}

func (o *orders) done() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fired++
}

// count is how many orders were carried out.
func (o *orders) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.fired
}
