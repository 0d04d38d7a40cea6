// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// answer is what X says to a call, before any fault spoils it.
type answer struct {
	status int
	header http.Header
	body   []byte
	// event is the call's entry in the books, to be completed by the delivery.
	event *event
}

const (
	typeJSON    = "application/json; charset=utf-8"
	typeProblem = "application/problem+json"
	typeHTML    = "text/html; charset=utf-8"
)

func answerBody(status int, contentType string, body []byte) answer {
	header := http.Header{"Content-Type": {contentType}, "Cache-Control": {"no-store"}}
	return answer{status: status, header: header, body: body}
}

// answerJSON writes a value of this package, which always has a JSON form.
func answerJSON(status int, value any) answer {
	body, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return answerBody(status, typeJSON, body)
}

// write sends the answer's head and body, without flushing them.
func (a answer) write(w http.ResponseWriter) error {
	a.head(w, len(a.body))
	_, err := w.Write(a.body)
	return err
}

// head sends the status and headers of a body of that length.
func (a answer) head(w http.ResponseWriter, length int) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(a.status)
}
