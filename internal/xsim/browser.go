// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
)

// Choice is what the person does on X's consent page.
type Choice struct {
	// Account is the handle to consent as; the preselected one by default.
	Account string
	// Deny refuses.
	Deny bool
}

// Page is where a browser is.
type Page struct {
	URL *url.URL
	// Status is 0 for a page of a foreign host, which is not fetched: the address
	// is what the last redirect named.
	Status int
	Header http.Header
	Body   string
}

// maxPage bounds a page, maxSteps the redirects that are followed in a row.
const (
	maxPage  = 1 << 20
	maxSteps = 10
)

// browser fetches pages of the hosts it knows, one redirect at a time.
type browser struct {
	client http.Client
	hosts  map[string]bool
}

// Consent walks the consent flow as a browser does: it opens the start page,
// sends its form, follows to X, decides there and follows the way back. It
// returns the page it ends on, also with an error, if it came to one: the
// callback's own page, or the address on a host that is neither the start page's
// nor X's. The client, which may be nil, gives transport and
// cookies; without a jar it gets one.
//
// It keeps to what browsers enforce: the cookies' rules, Origin (null where the
// page's Referrer-Policy says so) and the form-action of the page's
// Content-Security-Policy.
func Consent(ctx context.Context, client *http.Client, startURL string, choice Choice) (*Page, error) {
	b, err := newBrowser(client)
	if err != nil {
		return nil, err
	}
	start, err := b.open(ctx, startURL)
	if err != nil {
		return start, fmt.Errorf("the start page: %w", err)
	}
	consent, err := b.leave(ctx, start, nil)
	if err != nil {
		return consent, fmt.Errorf("from the start page to X: %w", err)
	}
	end, err := b.leave(ctx, consent, choice.apply)
	if err != nil {
		return end, fmt.Errorf("from X to the callback: %w", err)
	}
	return end, nil
}

// apply fills in X's form.
func (c Choice) apply(fields url.Values) {
	if c.Account != "" {
		fields.Set("account", c.Account)
	}
	if c.Deny {
		fields.Set("decision", "deny")
	}
}

func newBrowser(client *http.Client) (*browser, error) {
	b := &browser{hosts: map[string]bool{}}
	if client != nil {
		b.client = *client
	}
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if b.client.Jar == nil {
		jar, err := cookiejar.New(nil)
		if err != nil {
			return nil, err
		}
		b.client.Jar = jar
	}
	return b, nil
}

// open fetches the first page, whose host is known from then on.
func (b *browser) open(ctx context.Context, address string) (*Page, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	b.hosts[request.URL.Host] = true
	return b.follow(ctx, request, nil)
}

// leave submits the form of a page that must lead to another host.
func (b *browser) leave(ctx context.Context, from *Page, fill func(url.Values)) (*Page, error) {
	to, err := b.send(ctx, from, fill)
	if err == nil && to.URL.Host == from.URL.Host {
		err = fmt.Errorf("the form led to a page of the same host (HTTP %d)", to.Status)
	}
	return to, err
}

// send submits the first form of a page. The first host that a form leads to
// beside the start page's own is X's.
func (b *browser) send(ctx context.Context, page *Page, fill func(url.Values)) (*Page, error) {
	form, err := firstPostForm(page.Body)
	if err != nil {
		return page, fmt.Errorf("%w (HTTP %d)", err, page.Status)
	}
	if fill != nil {
		fill(form.fields)
	}
	target, err := page.URL.Parse(form.action)
	if err != nil {
		return page, err
	}
	if err := formMayLeadTo(page, target); err != nil {
		return page, err
	}
	body := strings.NewReader(form.fields.Encode())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), body)
	if err != nil {
		return page, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", originHeader(page))
	if origin(target) == origin(page.URL) {
		request.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return b.follow(ctx, request, page)
}

// follow sends a request and then each redirect, by GET, until a page comes or a
// host that is foreign. from is the page whose form began it, if one did.
func (b *browser) follow(ctx context.Context, request *http.Request, from *Page) (*Page, error) {
	var page *Page
	for range maxSteps {
		var err error
		if page, err = b.fetch(request); err != nil {
			return page, err
		}
		next, err := page.redirect()
		if next == nil || err != nil {
			return page, err
		}
		if from != nil && len(b.hosts) == 1 {
			b.hosts[next.Host] = true
		}
		if !b.hosts[next.Host] {
			return &Page{URL: next}, nil
		}
		if from != nil {
			if err := formMayLeadTo(from, next); err != nil {
				return page, err
			}
		}
		if request, err = http.NewRequestWithContext(ctx, http.MethodGet, next.String(), nil); err != nil {
			return page, err
		}
	}
	return page, errors.New("too many redirects")
}

func (b *browser) fetch(request *http.Request) (*Page, error) {
	response, err := b.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxPage))
	page := &Page{URL: request.URL, Status: response.StatusCode, Header: response.Header, Body: string(body)}
	return page, err
}

// redirect is where the page sends the browser; nil if it stays.
func (p *Page) redirect() (*url.URL, error) {
	location := p.Header.Get("Location")
	switch {
	case p.Status < 300 || p.Status >= 400 || location == "":
		return nil, nil
	case p.Status == http.StatusTemporaryRedirect || p.Status == http.StatusPermanentRedirect:
		return nil, fmt.Errorf("HTTP %d would send the form again", p.Status)
	}
	return p.URL.Parse(location)
}
