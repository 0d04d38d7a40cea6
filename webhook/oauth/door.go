// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"net/http"
	"time"

	"github.com/agentconnect/x-operator/internal/seal"
)

// readTimeout bounds what the API server may take to say what a link leads to.
// A code that came back lives 30 s and must still be exchanged.
const readTimeout = 10 * time.Second

// door is the handler. It has no state of its own.
type door struct {
	Options
	// xOrigin and xHost are X's, by the authorize endpoint.
	xOrigin string
	xHost   string
}

// routes lists all that the door answers. A path without a method is for every
// method that is not named beside it.
func (d *door) routes() http.Handler {
	const connect = seal.PathConnect + "{namespace}/{name}"
	mux := http.NewServeMux()
	mux.Handle("GET "+connect, d.answering(StepStart, d.start))
	mux.Handle("POST "+connect, d.answering(StepBegin, d.begin))
	mux.Handle(connect, d.answering(StepOther, allowing("GET, HEAD, POST")))
	mux.Handle("GET "+seal.PathCallback, d.answering(StepCallback, d.callback))
	mux.Handle("HEAD "+seal.PathCallback, d.answering(StepOther, allowing("GET")))
	mux.Handle(seal.PathCallback, d.answering(StepOther, allowing("GET")))
	mux.Handle("/", d.answering(StepOther, nothingHere))
	return d.onlyAt(mux)
}

// onlyAt lets nothing through that was addressed to another host: links, cookies
// and the redirect URI hold for the canonical one alone.
func (d *door) onlyAt(next http.Handler) http.Handler {
	elsewhere := d.answering(StepOther, d.elsewhere)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.Address.IsHost(r.Host) {
			elsewhere.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (d *door) elsewhere(*http.Request) reply {
	return reply{result: resultWrongHost, status: http.StatusMisdirectedRequest, page: note{
		Tone:  toneBad,
		Label: "Another address",
		Title: "This page lives elsewhere",
		What:  "The address that you opened is not the one under which this service gives out its links.",
		Next:  "Use the link exactly as you were given it. It begins with " + d.Address.Origin() + ".",
	}}
}

func nothingHere(*http.Request) reply {
	return reply{result: resultNoSuchPage, status: http.StatusNotFound, page: note{
		Tone:  toneBad,
		Label: "Not found",
		Title: "There is no such page",
		What:  "This service only has pages for links that connect an account on X.",
		Next:  "Check that you copied the whole link.",
	}}
}

func allowing(methods string) func(*http.Request) reply {
	return func(*http.Request) reply {
		return reply{result: resultWrongMethod, status: http.StatusMethodNotAllowed, allow: methods, page: note{
			Tone:  toneBad,
			Label: "Not possible",
			Title: "This page can't be asked that way",
			What:  "The request used a method that this address does not take.",
			Next:  "Open the link that you were given in a browser.",
		}}
	}
}
