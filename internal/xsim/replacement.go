// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"net/http"
	"time"
)

// replacement is the answer that stands in for X's own.
func (f *Fault) replacement(r *http.Request, a answer, now time.Time) answer {
	status := f.Status
	if status == 0 {
		status = http.StatusServiceUnavailable
	}
	stand := f.stand(status, a)
	if f.Body != "" {
		stand.body = []byte(f.Body)
	}
	if status >= 300 && status < 400 {
		stand.header.Set("Location", r.URL.RequestURI())
	}
	if f.ResetIn != 0 {
		setLimitHeaders(stand.header, "x-rate-limit", 1, 0, now.Add(time.Duration(f.ResetIn)))
	}
	for name, value := range f.Header {
		stand.header.Set(name, value)
	}
	return stand
}

// stand is the replacement before its details. A malformed answer holds X's own
// tokens whole, for whoever prints what cannot be parsed.
func (f *Fault) stand(status int, a answer) answer {
	switch f.Kind {
	case FaultMalformed:
		body := a.body
		if len(body) == 0 {
			body = []byte(`{"token_type":"bearer"}`)
		}
		return answerBody(http.StatusOK, typeJSON, body[:len(body)-1])
	case FaultHTML:
		return answerBody(status, typeHTML, []byte(pageHead+"<h1>Over capacity</h1></body></html>\n"))
	}
	return answerOf(status)
}

// answerOf is what X says with a status.
func answerOf(status int) answer {
	switch status {
	case http.StatusTooManyRequests:
		return rateLimitExceeded()
	case http.StatusPaymentRequired:
		return creditsDepleted.answer()
	case http.StatusForbidden:
		return clientNotEnrolled.answer()
	}
	return problem(status, http.StatusText(status))
}
