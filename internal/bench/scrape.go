// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// sample is one value of a metric.
type sample struct {
	name   string
	labels map[string]string
	value  float64
}

// is tells whether a label has one of the values.
func (s sample) is(label string, values ...string) bool {
	return slices.Contains(values, s.labels[label])
}

// scrape reads counters and gauges in Prometheus' text format, those of the given
// names alone: an API server has a hundred thousand lines.
func scrape(ctx context.Context, client *http.Client, url string, names ...string) ([]sample, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("reading metrics: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("reading metrics: HTTP %d", response.StatusCode)
	}
	return parse(response.Body, names)
}

func parse(metrics io.Reader, names []string) ([]sample, error) {
	var wanted bytes.Buffer
	lines := bufio.NewScanner(metrics)
	for lines.Scan() {
		name, _, _ := strings.Cut(lines.Text(), "{")
		name, _, _ = strings.Cut(name, " ")
		if slices.Contains(names, name) {
			_, _ = fmt.Fprintln(&wanted, lines.Text())
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading metrics: %w", err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(&wanted)
	if err != nil {
		return nil, fmt.Errorf("reading metrics: %w", err)
	}
	var samples []sample
	for name, family := range families {
		for _, metric := range family.GetMetric() {
			s := sample{name: name, labels: map[string]string{}}
			for _, label := range metric.GetLabel() {
				s.labels[label.GetName()] = label.GetValue()
			}
			// Without their TYPE lines all are untyped.
			s.value = metric.GetUntyped().GetValue()
			samples = append(samples, s)
		}
	}
	return samples, nil
}
