// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"reflect"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/agentconnect/x-operator/internal/secret"
)

// TestSketch: it says the same of a grant's holders as the whole grant, and holds no
// token.
func TestSketch(t *testing.T) {
	account := Account{UserID: "1", Username: "jane_doe"}
	tokens := Tokens{App: App{ClientID: "client", ClientSecret: secret.New("hidden")}, AccessToken: secret.New("a"), RefreshToken: secret.New("r")}
	for name, g := range map[string]Grant{
		"a placeholder":   {},
		"connected":       {Account: account, Tokens: &tokens},
		"condemned":       {Account: account, Tokens: &tokens, Journal: Journal{Verdict: &Verdict{Message: "dead"}}},
		"with a consent":  {Account: account, Tokens: &tokens, Candidate: &Candidate{Tokens: tokens, Account: Account{UserID: "2"}}},
		"a first consent": {Candidate: &Candidate{Tokens: tokens}},
	} {
		data, err := encode(&g)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Sketch(&corev1.Secret{Data: data})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if want := sketched(&g); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the sketch is %+v, want %+v", name, got, want)
		}
	}
}

// sketched is the part of a grant that a sketch has.
func sketched(g *Grant) *Grant {
	part := &Grant{Account: g.Account, Journal: Journal{Verdict: g.Journal.Verdict}}
	if g.Tokens != nil {
		part.Tokens = &Tokens{App: App{ClientID: g.Tokens.App.ClientID}}
	}
	if g.Candidate != nil {
		part.Candidate = &Candidate{Tokens: Tokens{App: App{ClientID: g.Candidate.App.ClientID}}, Account: g.Candidate.Account}
	}
	return part
}

func TestSketchOfNonsense(t *testing.T) {
	for _, key := range []string{keyTokens, keyAccount, keyJournal, keyCandidate} {
		if _, err := Sketch(&corev1.Secret{Data: map[string][]byte{key: []byte("s3cret")}}); err == nil {
			t.Errorf("a broken %s is sketched", key)
		}
	}
}
