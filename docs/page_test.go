// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the repository.
const root = ".."

// page is what the tests want to know of a Markdown file.
type page struct {
	// path is relative to the repository.
	path    string
	anchors map[string]bool
	links   []found
	blocks  []block
	tables  []table
}

// found is a text and its line.
type found struct {
	line int
	text string
}

// block is a block of code. An indented one has no language.
type block struct {
	line     int
	language string
	text     string
}

// table is a table: the first row is its header.
type table [][]string

// pages reads every Markdown file of the repository.
func pages(t *testing.T) []*page {
	t.Helper()
	var all []*page
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "bin" || name == "dist"):
			return filepath.SkipDir
		case strings.HasSuffix(name, ".md"):
			all = append(all, readPage(t, path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// pageAt reads one, by its path in the repository.
func pageAt(t *testing.T, path string) *page {
	t.Helper()
	return readPage(t, filepath.Join(root, path))
}

func readPage(t *testing.T, path string) *page {
	t.Helper()
	content, err := os.ReadFile(path) //nolint:gosec // A file of the repository.
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(root, path)
	if err != nil {
		t.Fatal(err)
	}
	p := &page{path: relative, anchors: map[string]bool{}}
	p.read(strings.Split(string(content), "\n"))
	return p
}

// read goes through the lines: a block of code hides what is in it.
func (p *page) read(lines []string) {
	listed := false
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		text := strings.TrimLeft(line, " ")
		indented := len(line)-len(text) >= 4 && !listed && i > 0 && strings.TrimSpace(lines[i-1]) == ""
		switch {
		case strings.HasPrefix(text, "```"):
			i = p.readFence(lines, i)
		case indented:
			i = p.readIndented(lines, i)
		case strings.HasPrefix(text, "|"):
			i = p.readTable(lines, i)
		case strings.HasPrefix(line, "#"):
			p.addAnchor(strings.TrimLeft(line, "# "))
			listed = false
		default:
			p.addLinks(i, line)
			if line != "" && line == text {
				listed = listItem.MatchString(line)
			}
		}
	}
}

var listItem = regexp.MustCompile(`^([*-]|[0-9]+[.]) `)

func (p *page) readFence(lines []string, start int) int {
	indent := len(lines[start]) - len(strings.TrimLeft(lines[start], " "))
	code := block{line: start + 1, language: strings.TrimLeft(lines[start], " `")}
	for i := start + 1; i < len(lines); i++ {
		if strings.HasPrefix(strings.TrimLeft(lines[i], " "), "```") {
			p.blocks = append(p.blocks, code)
			return i
		}
		code.text += lines[i][min(indent, len(lines[i])):] + "\n"
	}
	return len(lines)
}

func (p *page) readIndented(lines []string, start int) int {
	code := block{line: start + 1}
	end := start
	for ; end < len(lines) && strings.HasPrefix(lines[end], "    "); end++ {
		code.text += lines[end][4:] + "\n"
	}
	p.blocks = append(p.blocks, code)
	return end - 1
}

func (p *page) readTable(lines []string, start int) int {
	var rows table
	end := start
	for ; end < len(lines) && strings.HasPrefix(strings.TrimLeft(lines[end], " "), "|"); end++ {
		p.addLinks(end, lines[end])
		row := strings.Split(strings.Trim(strings.TrimSpace(lines[end]), "|"), " | ")
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
		if end != start+1 {
			rows = append(rows, row)
		}
	}
	p.tables = append(p.tables, rows)
	return end - 1
}

var (
	inlineCode = regexp.MustCompile("`[^`]*`")
	markedLink = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)\)`)
	bareLink   = regexp.MustCompile(`<(https?://[^>\s]+)>`)
	notInSlug  = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

func (p *page) addLinks(line int, text string) {
	text = inlineCode.ReplaceAllString(text, "")
	for _, pattern := range []*regexp.Regexp{markedLink, bareLink} {
		for _, match := range pattern.FindAllStringSubmatch(text, -1) {
			p.links = append(p.links, found{line + 1, match[1]})
		}
	}
}

// addAnchor makes the anchor of a heading as GitHub does.
func (p *page) addAnchor(heading string) {
	heading = markedLink.ReplaceAllStringFunc(heading, func(link string) string {
		return link[1:strings.Index(link, "]")]
	})
	slug := strings.ReplaceAll(notInSlug.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
	anchor := slug
	for n := 1; p.anchors[anchor]; n++ {
		anchor = fmt.Sprintf("%s-%d", slug, n)
	}
	p.anchors[anchor] = true
}

// column gives the cells under a header, of every table that has it.
func (p *page) column(header string) []string {
	var cells []string
	for _, rows := range p.tables {
		at := slices.Index(rows[0], header)
		if at < 0 {
			continue
		}
		for _, row := range rows[1:] {
			cells = append(cells, row[at])
		}
	}
	return cells
}

var coded = regexp.MustCompile("`([^`]+)`")

// codes gives what stands between backticks in cells.
func codes(cells []string) map[string]bool {
	all := map[string]bool{}
	for _, cell := range cells {
		for _, match := range coded.FindAllStringSubmatch(cell, -1) {
			all[match[1]] = true
		}
	}
	return all
}
