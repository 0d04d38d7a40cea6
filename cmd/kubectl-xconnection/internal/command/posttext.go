// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	// standardInput is the file name that stands for it.
	standardInput = "-"
	// betweenPosts is the line between two posts of a file.
	betweenPosts = "---"
	// longestInput is far more than the longest thread: 25 posts of 4,000 bytes.
	longestInput = 256 << 10
)

// readTexts gives the texts of a file: one, or with thread those between its lines
// of "---". Line ends are made plain, and white space around a text goes.
func readTexts(name string, stdin io.Reader, thread bool) ([]string, error) {
	content, err := readInput(name, stdin)
	if err != nil {
		return nil, err
	}
	text := strings.ReplaceAll(content, "\r\n", "\n")
	if !thread {
		return []string{strings.TrimSpace(text)}, nil
	}
	var texts []string
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if strings.TrimRight(line, " \t") != betweenPosts {
			lines = append(lines, line)
			continue
		}
		texts = append(texts, strings.TrimSpace(strings.Join(lines, "\n")))
		lines = nil
	}
	return append(texts, strings.TrimSpace(strings.Join(lines, "\n"))), nil
}

func readInput(name string, stdin io.Reader) (string, error) {
	from := stdin
	if name != standardInput {
		file, err := os.Open(name) //nolint:gosec // The person names it.
		if err != nil {
			return "", fmt.Errorf("reading the text: %w", err)
		}
		defer func() { _ = file.Close() }()
		from = file
	}
	content, err := io.ReadAll(io.LimitReader(from, longestInput+1))
	if err != nil {
		return "", fmt.Errorf("reading the text: %w", err)
	}
	if len(content) > longestInput {
		return "", &problem{code: ExitError, what: fmt.Sprintf("the text in %s is longer than %d bytes: that is no post", name, longestInput)}
	}
	return string(content), nil
}
