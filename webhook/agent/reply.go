// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// challenge is the WWW-Authenticate of a 401 (RFC 6750, section 3).
const challenge = `Bearer realm="x-operator"`

// statuses are the HTTP statuses of faults; any other reason is a 503.
var statuses = map[string]int{
	reasonForbidden: http.StatusForbidden,
	reasonNotFound:  http.StatusNotFound,
	reasonBusy:      http.StatusTooManyRequests,
	reasonInternal:  http.StatusInternalServerError,
}

// refuse answers a request that comes to nothing.
func (d *Door) refuse(w http.ResponseWriter, what string, c call, err error) {
	switch {
	case errors.Is(err, errNoToken):
		w.Header().Set("WWW-Authenticate", challenge)
		d.writeStatus(w, what, http.StatusUnauthorized, reasonUnauthorized, err.Error())
		return
	case errors.Is(err, errBadToken):
		w.Header().Set("WWW-Authenticate", challenge+`, error="invalid_token"`)
		d.writeStatus(w, what, http.StatusUnauthorized, reasonUnauthorized, err.Error()+": "+strconv.Quote(d.Audience))
		return
	}
	told := d.toldOf(c, err)
	code, ok := statuses[told.reason]
	if !ok {
		code = http.StatusServiceUnavailable
	}
	if !told.retryAt.IsZero() {
		seconds := max(1, int(told.retryAt.Sub(d.Now()).Seconds()))
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
	}
	d.writeStatus(w, what, code, told.reason, told.Error())
}

// writeStatus answers as the API server does, and tells of the refusal.
func (d *Door) writeStatus(w http.ResponseWriter, what string, code int, reason, message string) {
	d.Called(what, reason)
	d.writeJSON(w, code, metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure, Reason: metav1.StatusReason(reason), Message: message, Code: int32(code), //nolint:gosec // An HTTP status.
	})
}

// writeJSON answers with an object. A caller who is gone does not read it.
func (d *Door) writeJSON(w http.ResponseWriter, code int, object any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(object)
}
