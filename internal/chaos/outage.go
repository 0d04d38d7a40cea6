// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/agentconnect/x-operator/internal/chaos/judge"
)

// driveOutages takes the API server away, at even distances by the number of
// faults.
func (s *suite) driveOutages(ctx context.Context, outages []outage) error {
	total := 0
	for _, w := range s.worlds {
		total += len(w.faults)
	}
	draw := rand.New(rand.NewPCG(s.options.Seed, 99))
	for i, o := range outages {
		for s.injected() < total*(i+1)/(len(outages)+1) {
			if !pause(ctx, 100*time.Millisecond) {
				return ctx.Err()
			}
		}
		if err := s.suffer(ctx, o, s.worlds[draw.IntN(len(s.worlds))]); err != nil {
			return err
		}
		s.count(KindOutage)
	}
	return nil
}

// suffer plays one outage: answers of X are on their way when it begins, and one
// process of a world may be asked to stop in it.
func (s *suite) suffer(ctx context.Context, o outage, unlucky *world) error {
	for _, w := range s.worlds {
		w.x.Inject(slowAnswers(3)...)
	}
	pause(ctx, 500*time.Millisecond)
	end := s.plane.StopAPIServer
	if o.kill {
		end = s.plane.KillAPIServer
	}
	began := time.Now()
	if err := end(); err != nil {
		return err
	}
	down := time.Now()
	if r := unlucky.leader(); r != nil && o.term {
		go r.process().term()
	}
	pause(ctx, o.length)
	up := time.Now()
	if err := s.plane.StartAPIServer(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outages = append(s.outages, judge.Outage{Span: judge.Span{From: began, To: time.Now()}, Down: judge.Span{From: down, To: up}})
	return nil
}

func (s *suite) outagesSoFar() []judge.Outage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.outages)
}
