// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Report is what was measured.
type Report struct {
	Date time.Time `json:"date"`
	// Machine says how large it is.
	Machine     string        `json:"machine"`
	Seed        uint64        `json:"seed"`
	Connections int           `json:"connections"`
	Namespaces  int           `json:"namespaces"`
	Took        time.Duration `json:"took"`
	Figures     []figure      `json:"figures"`
	Runs        []Run         `json:"runs"`
	Curves      []Curve       `json:"curves"`
	// EmptyRSS and RSS are the memory of an operator without connections and with
	// them, in bytes.
	EmptyRSS int64 `json:"emptyRSS"`
	RSS      int64 `json:"rss"`
}

// Curve is how many refreshes there were in each second.
type Curve struct {
	Title     string `json:"title"`
	PerSecond []int  `json:"perSecond"`
}

// figure is one line of the table.
type figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	// Target is nil for what is only told.
	Target *target `json:"target,omitempty"`
	Note   string  `json:"note,omitempty"`
}

// target is a bound: at least or at most so much.
type target struct {
	Least bool    `json:"least,omitempty"`
	Bound float64 `json:"bound"`
}

func atMost(bound float64) *target  { return &target{Bound: bound} }
func atLeast(bound float64) *target { return &target{Least: true, Bound: bound} }

// met allows for what a measurement at the bound rounds away.
func (f figure) met() bool {
	const rounding = 0.005
	if f.Target.Least {
		return f.Value >= f.Target.Bound-rounding
	}
	return f.Value <= f.Target.Bound+rounding
}

func per(count, of int) float64 { return float64(count) / float64(max(of, 1)) }

func newReport(options Options) *Report {
	return &Report{
		Date: time.Now().UTC(), Machine: machine(), Seed: options.Seed,
		Connections: options.Connections, Namespaces: options.Namespaces,
	}
}

// machine says how large this machine is, and nothing else of it.
func machine() string {
	memory := "unknown memory"
	if info, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kilobytes int
		if _, err := fmt.Sscanf(string(info), "MemTotal: %d kB", &kilobytes); err == nil {
			memory = fmt.Sprintf("%d GB of memory", (kilobytes+1<<19)>>20)
		}
	}
	return fmt.Sprintf("%d cores, %s, %s/%s, %s", runtime.NumCPU(), memory, runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// Ratios compares the arms: medians of all runs with the same etcd.
func (r *Report) ratios() []figure {
	var figures []figure
	for _, etcd := range []string{"disk", "tmpfs"} {
		for _, name := range []string{ArmOurs, ArmPeer} {
			arm, raw := r.of(name, etcd), r.of(ArmRaw, etcd)
			if len(arm) == 0 || len(raw) == 0 {
				continue
			}
			speed := func(run Run) float64 { return run.PerSecond() }
			cpu := func(run Run) float64 { return float64(run.CPUEach()) }
			about := fmt.Sprintf("%s, etcd on %s: ", name, etcd)
			note := fmt.Sprintf("medians of %d runs, %d due at once", len(arm), arm[0].Due)
			faster := figure{Name: about + "throughput against the raw loop", Value: median(arm, speed) / median(raw, speed), Note: note}
			leaner := figure{Name: about + "own CPU per refresh against the raw loop", Value: median(arm, cpu) / median(raw, cpu), Note: note}
			if name == ArmOurs {
				faster.Target, leaner.Target = atLeast(0.85), atMost(1.5)
			}
			writes := func(run Run) float64 { return per(run.Counts.Writes, run.Due) }
			figures = append(figures, faster, leaner, figure{Name: about + "API writes per refresh, all due at once", Value: median(arm, writes)})
		}
	}
	return figures
}

func (r *Report) of(arm, etcd string) []Run {
	return slices.DeleteFunc(slices.Clone(r.Runs), func(run Run) bool { return run.Arm != arm || run.Etcd != etcd })
}

func median(runs []Run, value func(Run) float64) float64 {
	values := make([]float64, 0, len(runs))
	for _, run := range runs {
		values = append(values, value(run))
	}
	slices.Sort(values)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}

// Print writes the table, in Markdown.
func (r *Report) Print(out io.Writer) {
	_, _ = fmt.Fprintf(out, "%s; %s; %d connections over %d namespaces; seed %d; took %s\n\n",
		r.Date.Format(time.DateOnly), r.Machine, r.Connections, r.Namespaces, r.Seed, r.Took.Round(time.Second))
	_, _ = fmt.Fprintln(out, "| figure | measured | target | |\n| --- | --- | --- | --- |")
	for _, f := range slices.Concat(r.Figures, r.ratios()) {
		wanted, verdict := "", ""
		if f.Target != nil {
			wanted = fmt.Sprintf("at most %v", f.Target.Bound)
			if f.Target.Least {
				wanted = fmt.Sprintf("at least %v", f.Target.Bound)
			}
			verdict = "met"
			if !f.met() {
				verdict = "**missed**"
			}
		}
		note := f.Note
		if verdict != "" && note != "" {
			note = "; " + note
		}
		_, _ = fmt.Fprintf(out, "| %s | %.2f | %s | %s%s |\n", f.Name, f.Value, wanted, verdict, note)
	}
}

// Missed tells whether a target was missed.
func (r *Report) Missed() bool {
	return slices.ContainsFunc(slices.Concat(r.Figures, r.ratios()), func(f figure) bool { return f.Target != nil && !f.met() })
}

// Write puts the results into a folder: report.md, report.json, benchstat.txt and
// refreshes.svg.
func (r *Report) Write(folder string) error {
	whole := *r
	whole.Figures = slices.Concat(r.Figures, r.ratios())
	content, err := json.MarshalIndent(whole, "", "  ")
	if err != nil {
		return err
	}
	var table strings.Builder
	r.Print(&table)
	for name, text := range map[string]string{
		"report.json": string(content) + "\n", "report.md": table.String(), "benchstat.txt": r.benchstat(), "refreshes.svg": plot(r.Curves),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// benchstat gives the runs in the format of Go's benchmarks, which benchstat
// compares: benchstat -col /arm benchstat.txt.
func (r *Report) benchstat() string {
	var text strings.Builder
	_, _ = fmt.Fprintf(&text, "goos: %s\ngoarch: %s\npkg: github.com/agentconnect/x-operator/internal/bench\n", runtime.GOOS, runtime.GOARCH)
	for _, run := range r.Runs {
		_, _ = fmt.Fprintf(&text, "BenchmarkRefresh/arm=%s/etcd=%s/due=%d/of=%d \t%d\t%d ns/op\t%d cpu-ns/op\t%d apiserver-cpu-ns/op\t%.2f refreshes/s\t%.3f writes/op\t%.3f reads/op\n",
			run.Arm, run.Etcd, run.Due, run.Of, run.Due, run.Took.Nanoseconds()/int64(run.Due), run.CPUEach().Nanoseconds(),
			run.Counts.APIServerCPU.Nanoseconds()/int64(run.Due), run.PerSecond(), per(run.Counts.Writes, run.Due), per(run.Counts.Reads, run.Due))
	}
	return text.String()
}
