// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/seal"
	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// start answers GET of a link: it shows who asks for what. Link previews and
// virus scanners fetch links too, so it changes nothing but the browser's cookie.
func (d *door) start(r *http.Request) reply {
	return d.withLink(r, func(_ context.Context, found invitation) reply {
		return d.ask(r, found)
	})
}

// begin answers the start page's form: it makes a flow and sends the browser to X.
func (d *door) begin(r *http.Request) reply {
	if !d.ownForm(r) {
		return foreignForm()
	}
	return d.withLink(r, func(ctx context.Context, found invitation) reply {
		cookie, ok := d.cookieFrom(r, string(found.connection.UID))
		if !ok {
			return d.askAgain(r, found)
		}
		if _, err := d.credentials(ctx, found.grant.Consent.App); err != nil {
			return d.failed(err, d.about(found, found.grant.Consent.Epoch))
		}
		return d.send(found, cookie)
	})
}

// withLink goes on with what a link leads to, if its invitation is open.
func (d *door) withLink(r *http.Request, goOn func(context.Context, invitation) reply) reply {
	ctx, cancel := context.WithTimeout(r.Context(), readTimeout)
	defer cancel()
	found, epoch, err := d.linked(ctx, r)
	if err != nil {
		return d.failed(err, about{})
	}
	if now := found.standing(epoch); now != standingOpen {
		return closed(found, now)
	}
	return goOn(ctx, found)
}

// send makes the flow. All that the callback will need is in the state and in the
// cookie; nothing is stored.
func (d *door) send(found invitation, cookie secret.Token) reply {
	uid, consent := string(found.connection.UID), found.grant.Consent
	state := d.Keyring.Begin(uid, consent.Epoch, consent.App.ClientID, cookie)
	return reply{
		result: resultSent,
		cookie: d.setCookie(uid, cookie),
		location: d.AuthorizeURL(xapi.AuthorizeRequest{
			ClientID:    consent.App.ClientID,
			RedirectURI: d.Address.Callback(),
			Scopes:      consent.Scopes,
			State:       state.Sealed(),
			Verifier:    state.Verifier(cookie),
		}),
	}
}

// credentials gives an app's credentials, or says who must act. They are asked for
// before a person is sent to X too, so that nobody agrees to something that can't
// be finished.
func (d *door) credentials(ctx context.Context, app grant.App) (xapi.Credentials, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	credentials, err := d.CredentialsFor(ctx, app)
	switch {
	case errors.Is(err, grant.ErrNoCredentials):
		return xapi.Credentials{}, refuse(v1alpha1.ErrorInvalidConfig, "")
	case err != nil:
		return xapi.Credentials{}, fmt.Errorf("reading the X app's credentials: %w", err)
	case credentials.ClientID != app.ClientID:
		return xapi.Credentials{}, refuse(v1alpha1.ErrorSessionExpired, "The settings of the X app have just been changed.")
	}
	return credentials, nil
}

// ask shows the question. The cookie is the browser's own if it has one, so that
// flows in several tabs don't undo each other.
func (d *door) ask(r *http.Request, found invitation) reply {
	uid := string(found.connection.UID)
	cookie, ok := d.cookieFrom(r, uid)
	if !ok {
		cookie = seal.NewCookie()
	}
	return reply{
		result:      resultAsked,
		status:      http.StatusOK,
		page:        d.question(found),
		cookie:      d.setCookie(uid, cookie),
		formTargets: d.formTargets(found.connection),
	}
}

// askAgain shows the question once more to a browser that sent the form without
// the cookie: the page was open for hours, or the browser keeps no cookies, which
// is better said here than after X.
func (d *door) askAgain(r *http.Request, found invitation) reply {
	again := d.ask(r, found)
	asked := d.question(found)
	asked.Notice = "This page was open for too long. Please continue once more. If you see this again, your browser keeps no cookies for " +
		d.Address.Host() + ": allow them, since they tie X’s answer to this browser."
	again.page, again.result, again.status = asked, resultNoCookie, http.StatusConflict
	return again
}

// formTargets are the origins that the form may lead to: ours, X's, and that of
// the redirect URL, for a server that agrees without a page of its own.
func (d *door) formTargets(connection *v1alpha1.XConnection) []string {
	targets := []string{"'self'", d.xOrigin}
	if origin := originOf(connection.Spec.RedirectURL); origin != "" {
		targets = append(targets, origin)
	}
	return targets
}
