// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"
)

// printer writes the story: headings, commands as a person would type them, their
// output indented, and what was checked.
type printer struct{ to io.Writer }

func (p *printer) line(format string, arguments ...any) {
	_, _ = fmt.Fprintf(p.to, format+"\n", arguments...) // A closed terminal is no reason to stop short of cleaning up.
}

func (p *printer) heading(format string, arguments ...any) {
	p.line("\n=== "+format, arguments...)
}

// say explains.
func (p *printer) say(format string, arguments ...any) { p.line(format, arguments...) }

// ok tells what was checked, and held.
func (p *printer) ok(format string, arguments ...any) { p.line("ok: "+format, arguments...) }

func (p *printer) command(words ...string) { p.line("$ %s", strings.Join(words, " ")) }

// output prints what a command printed: all of it, or the first lines if most > 0.
func (p *printer) output(text string, most int) {
	if text == "" {
		return
	}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	more := 0
	if most > 0 && len(lines) > most {
		lines, more = lines[:most], len(lines)-most
	}
	for _, line := range lines {
		p.line("%s", strings.TrimRight("  "+line, " "))
	}
	if more > 0 {
		p.line("  ... and %d lines more", more)
	}
}

// quote writes an argument as a person types it in a shell: quotes stand around
// the value alone, as in --output=jsonpath='{.status}'.
func quote(argument string) string {
	special := strings.IndexAny(argument, " \t\n\"'`$&|;<>()[]{}*?!#~\\")
	if special < 0 {
		return argument
	}
	value := strings.LastIndex(argument[:special], "=") + 1
	return argument[:value] + "'" + strings.ReplaceAll(argument[value:], "'", `'\''`) + "'"
}

func quoteAll(arguments []string) []string {
	quoted := make([]string, len(arguments))
	for i, argument := range arguments {
		quoted[i] = quote(argument)
	}
	return quoted
}
