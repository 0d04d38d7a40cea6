// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLinks follows every link inside the repository, to its anchor. Others need
// only be well-formed: tests use no network.
func TestLinks(t *testing.T) {
	for _, p := range pages(t) {
		for _, link := range p.links {
			if err := follow(t, p, link.text); err != nil {
				t.Errorf("%s:%d: %s: %v", p.path, link.line, link.text, err)
			}
		}
	}
}

func follow(t *testing.T, from *page, link string) error {
	target, err := url.Parse(link)
	switch {
	case err != nil:
		return err
	case target.Scheme != "":
		if target.Scheme != "https" || target.Host == "" {
			return errors.New("it is no https address")
		}
		return nil
	case filepath.IsAbs(target.Path):
		return errors.New("it is not relative")
	}
	to := from
	if target.Path != "" {
		path := filepath.Join(filepath.Dir(from.path), target.Path)
		if _, err := os.Stat(filepath.Join(root, path)); err != nil {
			return fmt.Errorf("there is no %s", path)
		}
		if !strings.HasSuffix(path, ".md") {
			return nil
		}
		to = pageAt(t, path)
	}
	if target.Fragment != "" && !to.anchors[target.Fragment] {
		return fmt.Errorf("%s has no heading #%s", to.path, target.Fragment)
	}
	return nil
}

// TestLinksAreChecked proves that the test above can fail.
func TestLinksAreChecked(t *testing.T) {
	from := pageAt(t, "docs/README.md")
	for link, good := range map[string]bool{
		"install.md": true, "install.md#uninstall": true, "../README.md": true, "../config": true, "https://x.com/a": true,
		"instal.md": false, "install.md#deinstall": false, "#nowhere": false, "/docs/install.md": false, "http://x.com": false, "https:": false,
	} {
		if err := follow(t, from, link); (err == nil) != good {
			t.Errorf("%s: %v", link, err)
		}
	}
}

// TestIndex: every page is in the index.
func TestIndex(t *testing.T) {
	index := pageAt(t, "docs/README.md")
	listed := map[string]bool{"docs/README.md": true}
	for _, link := range index.links {
		listed[filepath.Join("docs", link.text)] = true
	}
	for _, p := range pages(t) {
		if filepath.Dir(p.path) == "docs" && !listed[p.path] {
			t.Errorf("docs/README.md does not list %s", p.path)
		}
	}
}
