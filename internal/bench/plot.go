// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"fmt"
	"html"
	"slices"
	"strings"
)

// The plot's measures, in pixels.
const (
	plotWidth  = 800
	plotHeight = 160
	plotLeft   = 60
	plotTop    = 30
	plotGap    = 70
)

// plot draws the curves one below the other, as SVG.
func plot(curves []Curve) string {
	var svg strings.Builder
	height := len(curves) * (plotHeight + plotGap)
	_, _ = fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n",
		plotWidth+2*plotLeft, height+plotTop)
	_, _ = fmt.Fprintln(&svg, `<rect width="100%" height="100%" fill="white"/>`)
	for i, curve := range curves {
		_, _ = fmt.Fprintf(&svg, `<g transform="translate(%d,%d)">`+"\n%s</g>\n", plotLeft, plotTop+i*(plotHeight+plotGap), curve.draw())
	}
	return svg.String() + "</svg>\n"
}

// draw gives one curve with its axes.
func (c Curve) draw() string {
	if len(c.PerSecond) == 0 {
		return ""
	}
	most := max(slices.Max(c.PerSecond), 1)
	var line strings.Builder
	for second, count := range c.PerSecond {
		_, _ = fmt.Fprintf(&line, "%.1f,%.1f ", float64(second)*plotWidth/float64(len(c.PerSecond)),
			plotHeight-float64(count)*plotHeight/float64(most))
	}
	return fmt.Sprintf(`<text y="-8" font-weight="bold">%s</text>
<path d="M0,0 V%d H%d" fill="none" stroke="black"/>
<text x="-8" y="8" text-anchor="end">%d/s</text><text x="-8" y="%d" text-anchor="end">0</text>
<text x="%d" y="%d" text-anchor="end">%d s</text>
<polyline fill="none" stroke="#1d6fb8" points="%s"/>
`, html.EscapeString(c.Title), plotHeight, plotWidth, most, plotHeight, plotWidth, plotHeight+16, len(c.PerSecond), strings.TrimSpace(line.String()))
}
