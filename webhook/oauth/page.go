// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"

	"github.com/agentconnect/x-operator/internal/seal"
)

//go:embed pages/*.html
var templates embed.FS

//go:embed pages/style.css
var style string

// styleHash lets browsers accept the one style sheet that is written into each
// page (CSP, "hash-source").
var styleHash = hashOf(style)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// page is what a template of its name shows.
type page interface{ template() *template.Template }

var (
	askTemplate  = parse("pages/ask.html")
	noteTemplate = parse("pages/note.html")
)

func parse(name string) *template.Template {
	return template.Must(template.ParseFS(templates, "pages/layout.html", name))
}

// tone colours a page's label; the words say the same.
type tone string

const (
	toneCalm tone = "calm"
	toneGood tone = "good"
	toneBad  tone = "bad"
)

// note is a page that tells something. Empty parts are not shown.
type note struct {
	about
	Tone  tone
	Label string
	Title string
	// What happened; Detail, what that means in this case; Next, what to do.
	What   string
	Detail string
	Next   string
	// Who has to act; Code is that of the error catalogue.
	Who  string
	Code string
}

func (note) template() *template.Template { return noteTemplate }

// question is the start page: who asks for what.
type question struct {
	Tone      tone
	Title     string
	Name      string
	Namespace string
	// Notice is shown above all else: why the page is shown again.
	Notice string
	// App and Agent name the app that asks and the workload it asks for.
	App   string
	Agent string
	// Account is the handle that is expected, if one is.
	Account string
	// Scopes says in words what is asked for.
	Scopes []permission
	// Destination is X's host.
	Destination string
}

func (question) template() *template.Template { return askTemplate }

// render writes a whole page.
func render(into *bytes.Buffer, content page, address seal.Address) error {
	err := content.template().ExecuteTemplate(into, "layout", map[string]any{
		"Page":  content,
		"Style": template.CSS(style), // our own file, which the policy names by its hash
		"Host":  address.Host(),
	})
	if err != nil {
		return fmt.Errorf("making a page: %w", err)
	}
	return nil
}
