// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/agentconnect/x-operator/internal/xsim"
)

// door is a tiny operator: a start page and a callback.
type door struct {
	*httptest.Server
	// x is the authorize address that the form leads to.
	x string
	// final is where the callback redirects, if anywhere.
	final string
	// policy is the start page's Content-Security-Policy.
	policy string
	// refuses has the start page refuse its form.
	refuses bool
	// seen is the callback's query.
	seen url.Values
}

// newDoor starts one beside a simulator that knows its callback.
func newDoor(t *testing.T) (*fixture, *door) {
	t.Helper()
	d := &door{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /connect", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", d.policy)
		w.Header().Set("Set-Cookie", "flow=1; Path=/")
		_, _ = fmt.Fprint(w, `<form method="post"><input type="hidden" name="t" value="1"><button>Go</button></form>`)
	})
	mux.HandleFunc("POST /connect", func(w http.ResponseWriter, r *http.Request) {
		_, err := r.Cookie("flow")
		if d.refuses || err != nil || r.Header.Get("Origin") != d.URL || r.FormValue("t") != "1" {
			http.Error(w, "not a browser of ours", http.StatusForbidden)
			return
		}
		http.Redirect(w, r, d.x, http.StatusSeeOther)
	})
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		d.seen = r.URL.Query()
		if d.final != "" {
			http.Redirect(w, r, d.final, http.StatusFound)
			return
		}
		_, _ = fmt.Fprint(w, "Connected")
	})
	d.Server = httptest.NewServer(mux)
	t.Cleanup(d.Close)
	f := newFixture(t, func(c *xsim.Config) { c.Apps[0].RedirectURIs = []string{d.URL + "/callback"} })
	request := consent()
	request.Set("redirect_uri", d.URL+"/callback")
	d.x = f.url + xsim.PathAuthorize + "?" + request.Encode()
	return f, d
}

func TestConsentWalksToTheCallback(t *testing.T) {
	f, d := newDoor(t)
	d.policy = "form-action 'self' " + f.url
	page, err := xsim.Consent(t.Context(), d.Client(), d.URL+"/connect", xsim.Choice{Account: "john_roe"})
	if err != nil {
		t.Fatal(err)
	}
	if page.Status != http.StatusOK || page.Body != "Connected" || page.URL.Path != "/callback" {
		t.Errorf("the walk ends on %+v", page)
	}
	form := exchangeForm(d.seen.Get("code"))
	form.Set("redirect_uri", d.URL+"/callback")
	issued := f.tokensOf(f.send(f.post(xsim.PathToken, form)))
	if got := f.send(f.get(xsim.PathMe, issued.access)).body; !strings.Contains(got, "john_roe") {
		t.Errorf("consented as %s", got)
	}
}

func TestConsentDenies(t *testing.T) {
	_, d := newDoor(t)
	if _, err := xsim.Consent(t.Context(), nil, d.URL+"/connect", xsim.Choice{Deny: true}); err != nil {
		t.Fatal(err)
	}
	if d.seen.Get("error") != "access_denied" || d.seen.Get("code") != "" {
		t.Errorf("the callback saw %v", d.seen)
	}
}

func TestConsentStopsAtAForeignHost(t *testing.T) {
	_, d := newDoor(t)
	d.final = "https://app.example.com/settings?x_connected=true"
	page, err := xsim.Consent(t.Context(), nil, d.URL+"/connect", xsim.Choice{})
	if err != nil || page.URL.String() != d.final || page.Status != 0 {
		t.Errorf("the walk ends on %+v, %v", page, err)
	}
}

func TestConsentSaysWhereItStopped(t *testing.T) {
	tests := map[string]struct {
		change func(*door)
		path   string
		choice xsim.Choice
		want   string
	}{
		"no such page":    {func(*door) {}, "/nowhere", xsim.Choice{}, "the start page to X: the page has no form that is sent by POST (HTTP 404)"},
		"error page at X": {func(d *door) { d.x = strings.Replace(d.x, "S256", "plain", 1) }, "/connect", xsim.Choice{}, "X to the callback: the page has no form that is sent by POST (HTTP 400)"},
		"unknown account": {func(*door) {}, "/connect", xsim.Choice{Account: "nobody"}, "X to the callback: the form led to a page of the same host (HTTP 400)"},
		"refused form":    {func(d *door) { d.refuses = true }, "/connect", xsim.Choice{}, "the start page to X: the form led to a page of the same host (HTTP 403)"},
		"policy":          {func(d *door) { d.policy = "form-action 'self'" }, "/connect", xsim.Choice{}, "Content-Security-Policy"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, d := newDoor(t)
			test.change(d)
			page, err := xsim.Consent(t.Context(), nil, d.URL+test.path, test.choice)
			if err == nil || page == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %+v, %v", page, err)
			}
		})
	}
}
