// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pace_test

import (
	"maps"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/xapi"
)

func TestDays(t *testing.T) {
	pacer, c := newPacer()
	day := xapi.Window{Limit: 10_000, Remaining: 9_000, ResetAt: c.at.Add(time.Hour)}
	pacer.Report(by("one"), xapi.Limits{Window: xapi.Window{Limit: 100, Remaining: 1, ResetAt: c.at.Add(time.Minute)}}, nil)
	if got := pacer.Days("app"); len(got) != 0 {
		t.Errorf("an account's window counts as the app's: %v", got)
	}
	pacer.Report(by("one"), xapi.Limits{App24Hour: day}, nil)
	want := map[string]xapi.Window{xapi.EndpointCreatePost: day}
	if got := pacer.Days("app"); !maps.Equal(got, want) {
		t.Errorf("the app's days are %v, want %v", got, want)
	}
	if got := pacer.Days("another"); len(got) != 0 {
		t.Errorf("another app's days are %v", got)
	}
	c.at = day.ResetAt
	if got := pacer.Days("app"); len(got) != 0 {
		t.Errorf("a day that is over is told of: %v", got)
	}
}

func TestLook(t *testing.T) {
	for name, test := range map[string]struct {
		limits func(reset time.Time) xapi.Limits
		err    error
		want   pace.Hold
	}{
		"nothing": {want: pace.HoldNone},
		"an account's limit": {
			limits: func(reset time.Time) xapi.Limits {
				return xapi.Limits{Window: xapi.Window{Limit: 1, ResetAt: reset}}
			},
			err: &xapi.Error{Kind: xapi.KindRateLimited}, want: pace.HoldNone,
		},
		"the app's limit": {
			limits: func(reset time.Time) xapi.Limits {
				return xapi.Limits{App24Hour: xapi.Window{Limit: 1, ResetAt: reset}}
			},
			want: pace.HoldApp,
		},
		"a cap": {err: &xapi.Error{Kind: xapi.KindUsageCap}, want: pace.HoldCapped},
	} {
		pacer, c := newPacer()
		var limits xapi.Limits
		if test.limits != nil {
			limits = test.limits(c.at.Add(time.Hour))
		}
		pacer.Report(by("one"), limits, test.err)
		if got := pacer.Look(xapi.EndpointCreatePost, "app"); got != test.want {
			t.Errorf("%s: held by %q, want %q", name, got, test.want)
		}
		if got := pacer.Look(xapi.EndpointCreatePost, "another"); got != pace.HoldNone {
			t.Errorf("%s: another app is held by %q", name, got)
		}
		c.at = c.at.Add(time.Hour)
		if got := pacer.Look(xapi.EndpointCreatePost, "app"); got != pace.HoldNone {
			t.Errorf("%s: once it is over it is held by %q", name, got)
		}
	}
}
