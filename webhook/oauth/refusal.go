// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"errors"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// refusal is an end that the person is told of: a code of the error catalogue and
// what it means in this case. Any other error is a failure of ours: it is logged,
// and the person is told internal_error.
type refusal struct {
	code v1alpha1.ErrorCode
	// detail is for people and holds no secret; empty where the catalogue says all.
	detail string
}

// Error implements error.
func (r *refusal) Error() string { return string(r.code) + ": " + r.detail }

func refuse(code v1alpha1.ErrorCode, detail string) error {
	return &refusal{code: code, detail: detail}
}

// failed turns an error into the page that tells it. Nobody is redirected.
func (d *door) failed(err error, subject about) reply {
	var told *refusal
	if !errors.As(err, &told) {
		d.Log.Error(err, "A consent could not go on", "namespace", subject.Namespace, "name", subject.Name)
		told = &refusal{code: v1alpha1.ErrorInternalError}
	}
	return explain(told, subject)
}

// explain makes the page for a refusal. A code that the catalogue lacks is told
// as an internal error.
func explain(told *refusal, subject about) reply {
	code := told.code
	if _, known := catalogue[code]; !known {
		code = v1alpha1.ErrorInternalError
	}
	entry := catalogue[code]
	return reply{result: string(code), status: entry.status, page: note{
		about:  subject,
		Tone:   toneBad,
		Label:  "Not connected",
		Title:  entry.title,
		What:   entry.what,
		Detail: told.detail,
		Next:   entry.next,
		Who:    entry.who,
		Code:   string(code),
	}}
}
