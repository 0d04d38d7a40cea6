// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

const metrics = `# HELP apiserver_request_total x
# TYPE apiserver_request_total counter
apiserver_request_total{resource="secrets",subresource="",verb="PATCH"} 7
apiserver_request_total{resource="xconnections",subresource="status",verb="PATCH"} 3
apiserver_request_total{resource="events",subresource="",verb="POST"} 2
apiserver_request_total{resource="secrets",subresource="",verb="GET"} 1
apiserver_request_total{resource="secrets",subresource="",verb="LIST"} 4
apiserver_request_total{resource="secrets",subresource="",verb="WATCH"} 9
apiserver_request_total{resource="leases",subresource="",verb="PUT"} 99
apiserver_request_total_other{verb="PATCH"} 5
process_cpu_seconds_total 1.5
`

func TestRequestsAreCounted(t *testing.T) {
	samples, err := parse(strings.NewReader(metrics), []string{"apiserver_request_total"})
	if err != nil {
		t.Fatal(err)
	}
	var got Counts
	for _, s := range samples {
		got.add(s)
	}
	want := Counts{Writes: 12, StatusWrites: 3, Events: 2, Reads: 1, Lists: 4}
	if got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

func TestFiguresAreHeldToTheirTargets(t *testing.T) {
	for _, test := range []struct {
		f    figure
		want bool
	}{
		{figure{Value: 4, Target: atMost(4)}, true},
		{figure{Value: 4.02, Target: atMost(4)}, false},
		{figure{Value: 0, Target: atMost(0)}, true},
		{figure{Value: 1, Target: atMost(0)}, false},
		{figure{Value: 0.85, Target: atLeast(0.85)}, true},
		{figure{Value: 0.8, Target: atLeast(0.85)}, false},
	} {
		if got := test.f.met(); got != test.want {
			t.Errorf("%v against %+v: %v", test.f.Value, *test.f.Target, got)
		}
	}
}

// TestRatios: medians of runs with the same etcd are compared.
func TestRatios(t *testing.T) {
	run := func(arm string, seconds, cpu int) Run {
		return Run{Arm: arm, Etcd: "disk", Due: 10, Took: time.Duration(seconds) * time.Second, CPU: time.Duration(cpu) * time.Second, Counts: Counts{Writes: 40}}
	}
	r := &Report{Runs: []Run{
		run(ArmRaw, 1, 1), run(ArmRaw, 2, 2), run(ArmRaw, 9, 9),
		run(ArmOurs, 4, 3), run(ArmOurs, 4, 3), run(ArmOurs, 1, 30),
	}}
	var got []float64
	for _, f := range r.ratios() {
		got = append(got, f.Value)
	}
	if want := []float64{0.5, 1.5, 4}; !reflect.DeepEqual(got, want) {
		t.Errorf("the ratios are %v, want %v", got, want)
	}
	if !r.Missed() {
		t.Error("a ratio of 0.5 is no miss")
	}
	if lines := strings.Count(r.benchstat(), "BenchmarkRefresh/"); lines != len(r.Runs) {
		t.Errorf("%d lines for benchstat, want one for each of %d runs", lines, len(r.Runs))
	}
}

func TestSeries(t *testing.T) {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := series{from: from, to: from.Add(4 * time.Second), bucket: 2 * time.Second}
	for _, second := range []int{-1, 0, 1, 3, 4} {
		s.add(from.Add(time.Duration(second) * time.Second))
	}
	if !slices.Equal(s.counts, []int{2, 1}) || s.mean() != 0.75 || s.busiest() != 2 {
		t.Errorf("counted %v, mean %v, busiest %d", s.counts, s.mean(), s.busiest())
	}
}

// TestPlotIsXML: a browser draws nothing of an SVG that is not well formed.
func TestPlotIsXML(t *testing.T) {
	decoder := xml.NewDecoder(strings.NewReader(plot([]Curve{{Title: "a < b", PerSecond: []int{0, 3, 1}}, {Title: "none"}})))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
