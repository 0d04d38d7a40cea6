// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

import (
	"errors"
	"net/url"
)

// transportError is why there was no answer, or none to be read. It keeps what
// errors.Is may ask for, such as context.Canceled, and hides the rest: the text
// of an error of net/http may quote the address or what the server sent.
type transportError struct {
	text  string
	cause error
}

// Error implements error.
func (e *transportError) Error() string { return e.text }

// Is lets errors.Is reach the cause without giving it away.
func (e *transportError) Is(target error) bool { return errors.Is(e.cause, target) }

// safely wraps an error of the transport.
func (s secrets) safely(err error) error {
	var addressed *url.Error
	if errors.As(err, &addressed) {
		err = addressed.Err
	}
	text := s.description(err.Error())
	if text == "" {
		text = "the connection failed; its error repeats what was sent and is withheld"
	}
	return &transportError{text: text, cause: err}
}
