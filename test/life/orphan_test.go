// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package life

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// TestDeletedDuringConsent: an XConnection is deleted while X answers its consent. What
// X gave is revoked, even if the grant is gone too: the callback may not make one.
func TestDeletedDuringConsent(t *testing.T) {
	for name, account := range map[string]string{"the grant stays": "quitter", "the grant goes": "vanisher"} {
		t.Run(name, func(t *testing.T) {
			tn := newTenant(t)
			conn := tn.connection("agent")
			stored := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: grant.SecretName(conn.UID)}}
			ended := tn.consentSlowly(conn, account)
			tn.delete(conn)
			if account == "vanisher" {
				tn.delete(stored)
			}
			<-ended
			tn.noneAlive(account)
			tn.gone(conn)
			tn.gone(stored)
			if gaveUp := tn.logged("An answer of X that no connection wants was given up"); gaveUp != (account == "vanisher") {
				t.Errorf("the callback gave its answer up: %t", gaveUp)
			}
		})
	}
}

// consentSlowly begins a consent that X has agreed to, and answers three seconds later.
// The channel is closed when it is over.
func (tn *tenant) consentSlowly(conn *v1alpha1.XConnection, account string) <-chan struct{} {
	tn.t.Helper()
	tn.x.RegisterAccount(account)
	tn.x.Inject(xsim.Fault{
		Kind: xsim.FaultLatency, After: true, Endpoint: xsim.EndpointExchange, ClientID: tn.clientID,
		Latency: xsim.Duration(3 * time.Second),
	})
	link, ended := tn.link(conn), make(chan struct{})
	go func() {
		defer close(ended)
		page, err := xsim.Consent(tn.t.Context(), nil, link, xsim.Choice{Account: account})
		if err != nil {
			tn.t.Errorf("walking the consent: %v", err)
			return
		}
		_, _ = tn.pages.Write([]byte(page.Body))
	}()
	tn.t.Cleanup(func() { <-ended })
	tn.waitFor("X to agree to the consent", func() bool { return len(tn.tokensOf()) > 0 })
	return ended
}

func (tn *tenant) delete(object client.Object) {
	tn.t.Helper()
	if err := tn.plane.Client().Delete(tn.t.Context(), object); err != nil {
		tn.t.Fatal(err)
	}
}

// logged tells whether the operator logged a message about the tenant's namespace.
func (tn *tenant) logged(message string) bool {
	for line := range strings.Lines(tn.logs.String()) {
		if strings.Contains(line, message) && strings.Contains(line, tn.namespace) {
			return true
		}
	}
	return false
}
