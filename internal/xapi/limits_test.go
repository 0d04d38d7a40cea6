// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi_test

import (
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

func TestLimitsFrom(t *testing.T) {
	soon := now.Add(9 * time.Minute)
	epoch := strconv.FormatInt(soon.Unix(), 10)
	date := http.Header{
		"Date": {now.Add(-time.Hour).Format(http.TimeFormat)}, "Retry-After": {now.Format(http.TimeFormat)},
	}
	for name, test := range map[string]struct {
		header http.Header
		want   xapi.Limits
	}{
		"nothing": {nil, xapi.Limits{}},
		"all": {
			http.Header{
				"X-Rate-Limit-Limit": {"75"}, "X-Rate-Limit-Remaining": {"74"}, "X-Rate-Limit-Reset": {epoch},
				"X-User-Limit-24hour-Limit": {"100"}, "X-User-Limit-24hour-Remaining": {"0"}, "X-User-Limit-24hour-Reset": {epoch},
				"X-App-Limit-24hour-Limit": {" 10000 "}, "X-App-Limit-24hour-Remaining": {"9999"}, "X-App-Limit-24hour-Reset": {epoch},
				"Retry-After": {"30"},
			},
			xapi.Limits{
				Window:     xapi.Window{Limit: 75, Remaining: 74, ResetAt: soon},
				User24Hour: xapi.Window{Limit: 100, Remaining: 0, ResetAt: soon},
				App24Hour:  xapi.Window{Limit: 10000, Remaining: 9999, ResetAt: soon},
				RetryAfter: 30 * time.Second,
			},
		},
		"a reset alone":   {http.Header{"X-Rate-Limit-Reset": {epoch}}, xapi.Limits{Window: xapi.Window{ResetAt: soon}}},
		"a limit alone":   {http.Header{"X-Rate-Limit-Limit": {"75"}}, xapi.Limits{}},
		"no numbers":      {http.Header{"X-Rate-Limit-Reset": {"soon"}, "Retry-After": {"later"}}, xapi.Limits{}},
		"below zero":      {http.Header{"X-Rate-Limit-Reset": {"-1"}, "Retry-After": {"-1"}}, xapi.Limits{}},
		"beyond time":     {http.Header{"X-Rate-Limit-Reset": {"253402300800"}}, xapi.Limits{}},
		"beyond numbers":  {http.Header{"X-Rate-Limit-Reset": {"99999999999999999999"}}, xapi.Limits{}},
		"a date":          {date, xapi.Limits{RetryAfter: time.Hour}},
		"a date, no Date": {http.Header{"Retry-After": date["Retry-After"]}, xapi.Limits{}},
		"a long wait":     {http.Header{"Retry-After": {"253402300799"}}, xapi.Limits{RetryAfter: 31 * 24 * time.Hour}},
	} {
		if got := xapi.LimitsFrom(test.header); got != test.want {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, test.want)
		}
	}
}

func TestResetAt(t *testing.T) {
	window := func(prefix, remaining string, in time.Duration) http.Header {
		return http.Header{
			prefix + "-Limit": {"100"}, prefix + "-Remaining": {remaining},
			prefix + "-Reset": {strconv.FormatInt(now.Add(in).Unix(), 10)},
		}
	}
	both := func(one, other http.Header) http.Header {
		joined := one.Clone()
		for name, values := range other {
			joined[name] = values
		}
		return joined
	}
	const rate, user, daily = "X-Rate-Limit", "X-User-Limit-24hour", "X-App-Limit-24hour"
	for name, test := range map[string]struct {
		header http.Header
		want   time.Duration
	}{
		"no word":                   {nil, 0},
		"the window is used up":     {window(rate, "0", time.Minute), time.Minute},
		"the day is used up":        {both(window(rate, "7", time.Minute), window(user, "0", time.Hour)), time.Hour},
		"two are used up":           {both(window(user, "0", time.Minute), window(daily, "0", time.Hour)), time.Hour},
		"none is, says X":           {both(window(rate, "7", time.Minute), window(daily, "8", time.Hour)), time.Minute},
		"a retry behind the window": {both(window(rate, "0", time.Minute), http.Header{"Retry-After": {"90"}}), 90 * time.Second},
		"a retry within the window": {both(window(rate, "0", time.Minute), http.Header{"Retry-After": {"9"}}), time.Minute},
		"a reset that is past":      {window(rate, "0", -time.Minute), 0},
		"a reset that is far":       {window(rate, "0", 365*24*time.Hour), 31 * 24 * time.Hour},
	} {
		_, err := refresh(t.Context(), clientOn("https://x.test", &canned{status: 429, header: test.header}))
		got, want := failure(t, err).ResetAt, time.Time{}
		if test.want != 0 {
			want = now.Add(test.want)
		}
		if !got.Equal(want) {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestTelling(t *testing.T) {
	header := http.Header{"X-Rate-Limit-Limit": {"100"}, "X-Rate-Limit-Remaining": {"99"}}
	want := xapi.Limits{Window: xapi.Window{Limit: 100, Remaining: 99}}
	var first, second []xapi.Limits
	client := xapi.New(xapi.Options{
		Clock:     func() time.Time { return now },
		Transport: &canned{status: 200, header: header, body: `{"data":{"id":"1","username":"jane"}}`},
		Observer: func(_ string, _ int, _ time.Duration, limits xapi.Limits) {
			first = append(first, limits)
		},
	})
	telling := client.Telling(func(_ string, _ int, _ time.Duration, limits xapi.Limits) {
		second = append(second, limits)
	})
	for _, c := range []*xapi.Client{telling, client} {
		if _, err := c.Me(t.Context(), secret.New(accessToken)); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(first, []xapi.Limits{want, want}) || !slices.Equal(second, []xapi.Limits{want}) {
		t.Errorf("the client's own observer was told %v, the further one %v", first, second)
	}
}
