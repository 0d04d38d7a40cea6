// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"fmt"
	"strings"

	"github.com/agentconnect/x-operator/internal/secret"
)

// The keys of a Secret that holds an X developer app's credentials.
const (
	KeyClientID     = "clientId"
	KeyClientSecret = "clientSecret"
)

// ParseCredentials reads an app's credentials from a Secret's data. White space
// around a value is dropped: a trailing newline gets the same 401 as a wrong
// secret. The error names the key that is missing or empty, never a value.
func ParseCredentials(data map[string][]byte) (clientID string, clientSecret secret.Token, err error) {
	clientID = strings.TrimSpace(string(data[KeyClientID]))
	value := strings.TrimSpace(string(data[KeyClientSecret]))
	switch {
	case clientID == "":
		return "", secret.Token{}, fmt.Errorf("the key %q is missing or empty", KeyClientID)
	case value == "":
		return "", secret.Token{}, fmt.Errorf("the key %q is missing or empty", KeyClientSecret)
	}
	return clientID, secret.New(value), nil
}
