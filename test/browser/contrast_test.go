// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"fmt"
	"math"
	"testing"
)

// text is a piece of text as it is painted: CSS colours, the size in CSS pixels.
type text struct {
	Text       string  `json:"text"`
	Color      string  `json:"color"`
	Background string  `json:"background"`
	Size       float64 `json:"size"`
	Weight     int     `json:"weight"`
}

// contrast is the text's contrast ratio, and the least that level AA asks for
// (WCAG 2.2, success criterion 1.4.3): large text is 24 pixels, or 18.66 and bold.
func (x text) contrast(t *testing.T) (ratio, enough float64) {
	t.Helper()
	one, other := luminance(t, x.Color), luminance(t, x.Background)
	ratio = (max(one, other) + 0.05) / (min(one, other) + 0.05)
	if x.Size >= 24 || x.Size >= 18.66 && x.Weight >= 700 {
		return ratio, 3
	}
	return ratio, 4.5
}

// luminance is the relative luminance of an opaque colour of sRGB, "rgb(r, g, b)",
// as WCAG defines it.
func luminance(t *testing.T, color string) float64 {
	t.Helper()
	var channels [3]float64
	if _, err := fmt.Sscanf(color, "rgb(%f, %f, %f)", &channels[0], &channels[1], &channels[2]); err != nil {
		t.Fatalf("the colour %q is not opaque: %v", color, err)
	}
	for i, channel := range channels {
		channels[i] = linear(channel / 255)
	}
	return 0.2126*channels[0] + 0.7152*channels[1] + 0.0722*channels[2]
}

func linear(channel float64) float64 {
	if channel <= 0.04045 {
		return channel / 12.92
	}
	return math.Pow((channel+0.055)/1.055, 2.4)
}

// TestContrast holds the measure to known ratios.
func TestContrast(t *testing.T) {
	for _, c := range []struct {
		text          text
		ratio, enough float64
	}{
		{text{Color: "rgb(0, 0, 0)", Background: "rgb(255, 255, 255)", Size: 16, Weight: 400}, 21, 4.5},
		{text{Color: "rgb(119, 119, 119)", Background: "rgb(255, 255, 255)", Size: 16, Weight: 700}, 4.48, 4.5},
		{text{Color: "rgb(255, 0, 0)", Background: "rgb(255, 255, 255)", Size: 19, Weight: 700}, 4, 3},
		{text{Color: "rgb(10, 10, 10)", Background: "rgb(10, 10, 10)", Size: 24, Weight: 400}, 1, 3},
	} {
		ratio, enough := c.text.contrast(t)
		if math.Abs(ratio-c.ratio) > 0.005 || enough != c.enough {
			t.Errorf("the contrast of %+v is %.2f of %.1f, want %.2f of %.1f", c.text, ratio, enough, c.ratio, c.enough)
		}
	}
}
