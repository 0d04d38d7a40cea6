// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"bytes"
	"html/template"
	"net/url"
)

const (
	// accountCookie remembers who is logged in at the simulated X.
	accountCookie = "xsim_account"
	// maxListed bounds the accounts that the page offers; any other can be typed.
	maxListed = 50
)

// consentView is what the consent page shows.
type consentView struct {
	App       string
	Scopes    []string
	Fields    url.Values
	Preselect string
	Accounts  []string
}

const pageHead = `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Simulated X</title></head><body>
`

// consentPage sends the request's own parameters back with the decision, so that
// the server need not remember who was asked what.
var consentPage = template.Must(template.New("consent").Parse(pageHead + `<h1>{{.App}} wants to access your X account</h1>
<p>This is a simulator: choose any account.</p>
<ul>{{range .Scopes}}<li>{{.}}</li>{{end}}</ul>
<form method="post" action="/i/oauth2/authorize">
{{range $name, $values := .Fields}}{{range $values}}<input type="hidden" name="{{$name}}" value="{{.}}">
{{end}}{{end}}<label>Account <input name="account" list="accounts" value="{{.Preselect}}"></label>
<datalist id="accounts">{{range .Accounts}}<option value="{{.}}">{{end}}</datalist>
<button name="decision" value="approve">Authorize app</button>
<button name="decision" value="deny">Cancel</button>
</form></body></html>
`))

// errorPage is what X shows instead of redirecting.
var errorPage = template.Must(template.New("error").Parse(pageHead + `<h1>Something went wrong</h1>
<p>You weren't able to give access to the App. Go back and try logging in again.</p>
<p>Simulator: {{.}}.</p></body></html>
`))

// page renders a template of this file, which can't fail on its own data.
func page(status int, tmpl *template.Template, data any) answer {
	var body bytes.Buffer
	if err := tmpl.Execute(&body, data); err != nil {
		panic(err)
	}
	return answerBody(status, typeHTML, body.Bytes())
}
