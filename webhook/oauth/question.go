// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
)

// question puts an invitation into words.
func (d *door) question(found invitation) question {
	connection, consent := found.connection, found.grant.Consent
	return question{
		Tone:        toneCalm,
		Title:       "Connect an account on X?",
		Name:        connection.Name,
		Namespace:   connection.Namespace,
		App:         appName(consent.App, connection.Namespace),
		Agent:       agentName(connection.Spec.AgentRef),
		Account:     account(found),
		Scopes:      inWords(consent.Scopes),
		Destination: d.xHost,
	}
}

func appName(app grant.App, namespace string) string {
	if app.XApp != "" {
		return "the shared app “" + app.XApp + "”"
	}
	return namespace + "’s own app"
}

func agentName(agent *v1alpha1.AgentReference) string {
	if agent == nil {
		return ""
	}
	return agent.Kind + " " + agent.Name
}

// account is the handle that is expected: the pinned one, or that of the account
// which was connected before, since a new consent is held to it.
func account(found invitation) string {
	if pin := found.connection.Spec.Username; pin != "" {
		return pin
	}
	return found.grant.Account.Username
}
