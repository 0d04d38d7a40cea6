// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"fmt"
	"strings"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/secret"
)

// ParseCredentials reads an app's credentials from a Secret's data. White space
// around a value is dropped: a trailing newline gets the same 401 as a wrong
// secret. The error names the key that is missing or empty, never a value.
func ParseCredentials(data map[string][]byte) (clientID string, clientSecret secret.Token, err error) {
	clientID = strings.TrimSpace(string(data[v1alpha1.AppKeyClientID]))
	value := strings.TrimSpace(string(data[v1alpha1.AppKeyClientSecret]))
	switch {
	case clientID == "":
		return "", secret.Token{}, fmt.Errorf("the key %q is missing or empty", v1alpha1.AppKeyClientID)
	case value == "":
		return "", secret.Token{}, fmt.Errorf("the key %q is missing or empty", v1alpha1.AppKeyClientSecret)
	}
	return clientID, secret.New(value), nil
}
