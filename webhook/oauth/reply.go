// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"bytes"
	"net/http"
	"strings"
)

// reply is what a request comes to. Handlers decide, and only write below sends:
// so every answer has its headers and is counted once.
type reply struct {
	// result is told to the Observer.
	result string
	// status and page are what is shown, unless the browser is sent to location.
	status   int
	page     page
	location string
	// cookie is set, if there is one.
	cookie *http.Cookie
	// allow lists the methods that a refused one may be replaced by.
	allow string
	// formTargets are the origins that the page's form may lead to; a page without
	// a form has none.
	formTargets []string
}

func (d *door) answering(step Step, handle func(*http.Request) reply) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := handle(r)
		d.Observer.Answered(step, answer.result)
		d.write(w, answer)
	})
}

func (d *door) write(w http.ResponseWriter, answer reply) {
	d.setHeaders(w.Header(), answer)
	if answer.cookie != nil {
		http.SetCookie(w, answer.cookie)
	}
	if answer.location != "" {
		// Not http.Redirect: it would write the address, and so the state, into a body.
		w.Header().Set("Location", answer.location)
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	var body bytes.Buffer
	if err := render(&body, answer.page, d.Address); err != nil {
		d.Log.Error(err, "A page could not be made", "result", answer.result)
		http.Error(w, "Something failed on our side. Please try again.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(answer.status)
	_, _ = w.Write(body.Bytes())
}

// setHeaders sets what every answer carries.
func (d *door) setHeaders(header http.Header, answer reply) {
	header.Set("Content-Security-Policy", policy(answer.formTargets))
	header.Set("Referrer-Policy", referrer(answer))
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Robots-Tag", "noindex, nofollow")
	if d.Address.Secure() {
		header.Set("Strict-Transport-Security", "max-age=31536000")
	}
	if answer.allow != "" {
		header.Set("Allow", answer.allow)
	}
}

// policy is the Content-Security-Policy: no script, nothing from elsewhere, one
// style sheet known by its hash. A browser applies form-action to each redirect
// that follows a form as well, so that it must name where the flow leads.
func policy(formTargets []string) string {
	form := "'none'"
	if len(formTargets) > 0 {
		form = strings.Join(formTargets, " ")
	}
	return "default-src 'none'; style-src '" + styleHash + "'; form-action " + form +
		"; frame-ancestors 'none'; base-uri 'none'"
}

// referrer keeps addresses to ourselves: a link holds a capability, a callback a
// code. A page with a form says same-origin, since under no-referrer a browser
// sends "Origin: null" even to the page's own site (Fetch, "append a request
// Origin header"), and begin would have nothing to check.
func referrer(answer reply) string {
	if len(answer.formTargets) > 0 {
		return "same-origin"
	}
	return "no-referrer"
}
