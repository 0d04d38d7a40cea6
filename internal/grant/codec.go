// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/agentconnect/x-operator/internal/secret"
)

// Schema is the version of the layout that this code writes. A new field of a
// document below needs a higher schema, or a key of its own: documents are
// written whole, keys are not. A version that writes a higher schema must leave a
// grant alone while an attempt or a claim in it is live: the process of an earlier
// version that made it could not store its answer any more.
const Schema = 1

// The keys of a grant Secret's data. Each holds a JSON document.
const (
	keySchema    = "schema"
	keyCluster   = "cluster"
	keyRotation  = "rotation"
	keyTokens    = "tokens"
	keyAccount   = "account"
	keyJournal   = "journal"
	keyConsent   = "consent"
	keyCandidate = "candidate"
	keyRetired   = "retired"
	keyOlder     = "superseded"
	keyRevoking  = "revoking"
	keyRefused   = "refused"
	keyTombstone = "tombstone"
)

// ErrNewerSchema means that a newer version of the operator wrote the grant: this
// one may read it and must not change it.
var ErrNewerSchema = errors.New("the grant was written by a newer version of the operator")

// wireApp, wireTokens, wireConsent, wireCandidate and wireRetired are the
// documents that hold secrets: secret.Token itself never marshals.
type (
	wireApp struct {
		ClientID     string `json:"clientID"`
		XApp         string `json:"xapp,omitempty"`
		SecretName   string `json:"secretName,omitempty"`
		ClientSecret string `json:"clientSecret,omitempty"`
	}
	wireTokens struct {
		App          wireApp   `json:"app"`
		AccessToken  string    `json:"accessToken"`
		RefreshToken string    `json:"refreshToken,omitempty"`
		TokenType    string    `json:"tokenType,omitempty"`
		Scope        string    `json:"scope,omitempty"`
		Asked        []string  `json:"asked,omitempty"`
		ReceivedAt   time.Time `json:"receivedAt"`
		ExpiresAt    time.Time `json:"expiresAt"`
		ConsentedAt  time.Time `json:"consentedAt"`
		RefreshedAt  time.Time `json:"refreshedAt,omitzero"`
		Kept         int       `json:"kept,omitempty"`
		Serial       int64     `json:"serial,omitempty"`
	}
	wireConsent struct {
		Epoch              int64    `json:"epoch"`
		Wanted             bool     `json:"wanted,omitempty"`
		App                wireApp  `json:"app"`
		Scopes             []string `json:"scopes,omitempty"`
		RequestedReconnect string   `json:"requestedReconnect,omitempty"`
		AnsweredReconnect  string   `json:"answeredReconnect,omitempty"`
		Claims             []Claim  `json:"claims,omitempty"`
		Outcome            *Outcome `json:"outcome,omitempty"`
	}
	wireCandidate struct {
		Tokens  wireTokens `json:"tokens"`
		Nonce   string     `json:"nonce"`
		Epoch   int64      `json:"epoch"`
		Account Account    `json:"account"`
	}
	wireRetired struct {
		Tokens  wireTokens `json:"tokens"`
		Account Account    `json:"account"`
	}
)

// encode gives the Secret's data; a part that is empty has no key.
func encode(g *Grant) (map[string][]byte, error) {
	data := map[string][]byte{
		keySchema:   []byte(strconv.Itoa(Schema)),
		keyCluster:  []byte(g.ClusterID),
		keyRotation: []byte(strconv.FormatInt(g.Rotation, 10)),
	}
	documents := map[string]any{
		keyAccount: g.Account,
		keyJournal: g.Journal,
		keyConsent: sealConsent(g.Consent),
	}
	if g.Tokens != nil {
		documents[keyTokens] = sealTokens(*g.Tokens)
	}
	if g.Candidate != nil {
		documents[keyCandidate] = wireCandidate{
			Tokens: sealTokens(g.Candidate.Tokens), Nonce: g.Candidate.Nonce,
			Epoch: g.Candidate.Epoch, Account: g.Candidate.Account,
		}
	}
	if len(g.Retired) > 0 {
		documents[keyRetired] = sealRetired(g.Retired)
	}
	if len(g.Superseded) > 0 {
		documents[keyOlder] = sealRetired(g.Superseded)
	}
	if g.Revoking != nil {
		documents[keyRevoking] = g.Revoking
	}
	if g.Refused != nil {
		documents[keyRefused] = g.Refused
	}
	if g.Tombstone != nil {
		documents[keyTombstone] = g.Tombstone
	}
	for key, document := range documents {
		encoded, err := json.Marshal(document)
		if err != nil {
			return nil, fmt.Errorf("encoding %q of the grant: %w", key, err)
		}
		data[key] = encoded
	}
	return data, nil
}

// FromSecret decodes a grant Secret. The error is ErrUnreadable; it names the key that
// can't be read, and nothing of its content.
func FromSecret(stored *corev1.Secret) (*Grant, error) {
	g := &Grant{
		Owner: Owner{
			Namespace: stored.Annotations[AnnotationNamespace],
			Name:      stored.Annotations[AnnotationName],
			UID:       types.UID(stored.Annotations[AnnotationUID]),
		},
		ClusterID: string(stored.Data[keyCluster]),
		stored:    stored,
	}
	var (
		tokens    wireTokens
		consent   wireConsent
		candidate wireCandidate
		retired   []wireRetired
		older     []wireRetired
	)
	documents := []struct {
		key  string
		into any
	}{
		{keyRotation, &g.Rotation},
		{keyTokens, &tokens},
		{keyAccount, &g.Account},
		{keyJournal, &g.Journal},
		{keyConsent, &consent},
		{keyCandidate, &candidate},
		{keyRetired, &retired},
		{keyOlder, &older},
		{keyRevoking, &g.Revoking},
		{keyRefused, &g.Refused},
		{keyTombstone, &g.Tombstone},
	}
	for _, document := range documents {
		if err := decode(stored, document.key, document.into); err != nil {
			return nil, err
		}
	}
	g.Consent = openConsent(consent)
	g.Retired, g.Superseded = openRetired(retired), openRetired(older)
	if has(stored, keyTokens) {
		opened := openTokens(tokens)
		g.Tokens = &opened
	}
	if has(stored, keyCandidate) {
		g.Candidate = &Candidate{
			Tokens: openTokens(candidate.Tokens), Nonce: candidate.Nonce,
			Epoch: candidate.Epoch, Account: candidate.Account,
		}
	}
	return g, nil
}

// schemaOf gives the layout's version of a stored grant; a missing or unreadable
// one counts as newer, so that it is left alone.
func schemaOf(stored *corev1.Secret) int {
	schema, err := strconv.Atoi(string(stored.Data[keySchema]))
	if err != nil {
		return Schema + 1
	}
	return schema
}

func has(stored *corev1.Secret, key string) bool { return len(stored.Data[key]) > 0 }

func decode(stored *corev1.Secret, key string, into any) error {
	if !has(stored, key) {
		return nil
	}
	if json.Unmarshal(stored.Data[key], into) != nil {
		// The decoder's own error can quote the document.
		return fmt.Errorf("%w: the key %q of the Secret %s/%s does not hold the expected JSON",
			ErrUnreadable, key, stored.Namespace, stored.Name)
	}
	return nil
}

// changed gives the keys whose value differs: nil for those that went.
func changed(before, after map[string][]byte) map[string][]byte {
	diff := map[string][]byte{}
	for key, value := range after {
		if old, ok := before[key]; !ok || !bytes.Equal(old, value) {
			diff[key] = value
		}
	}
	for _, key := range []string{keyTokens, keyCandidate, keyRetired, keyOlder, keyRevoking, keyRefused, keyTombstone} {
		if _, ok := after[key]; ok {
			continue
		}
		if _, ok := before[key]; ok {
			diff[key] = nil
		}
	}
	return diff
}

func sealApp(a App) wireApp {
	return wireApp{ClientID: a.ClientID, XApp: a.XApp, SecretName: a.SecretName, ClientSecret: a.ClientSecret.Reveal()}
}

func openApp(w wireApp) App {
	return App{ClientID: w.ClientID, XApp: w.XApp, SecretName: w.SecretName, ClientSecret: secret.New(w.ClientSecret)}
}

func sealTokens(t Tokens) wireTokens {
	return wireTokens{
		App: sealApp(t.App), AccessToken: t.AccessToken.Reveal(), RefreshToken: t.RefreshToken.Reveal(),
		TokenType: t.TokenType, Scope: t.Scope, Asked: t.Asked, ReceivedAt: t.ReceivedAt, ExpiresAt: t.ExpiresAt,
		ConsentedAt: t.ConsentedAt, RefreshedAt: t.RefreshedAt, Kept: t.Kept, Serial: t.Serial,
	}
}

func openTokens(w wireTokens) Tokens {
	return Tokens{
		App: openApp(w.App), AccessToken: secret.New(w.AccessToken), RefreshToken: secret.New(w.RefreshToken),
		TokenType: w.TokenType, Scope: w.Scope, Asked: w.Asked, ReceivedAt: w.ReceivedAt, ExpiresAt: w.ExpiresAt,
		ConsentedAt: w.ConsentedAt, RefreshedAt: w.RefreshedAt, Kept: w.Kept, Serial: w.Serial,
	}
}

func sealConsent(c Consent) wireConsent {
	return wireConsent{
		Epoch: c.Epoch, Wanted: c.Wanted, App: sealApp(c.App), Scopes: c.Scopes,
		RequestedReconnect: c.RequestedReconnect, AnsweredReconnect: c.AnsweredReconnect,
		Claims: c.Claims, Outcome: c.Outcome,
	}
}

func openConsent(w wireConsent) Consent {
	return Consent{
		Epoch: w.Epoch, Wanted: w.Wanted, App: openApp(w.App), Scopes: w.Scopes,
		RequestedReconnect: w.RequestedReconnect, AnsweredReconnect: w.AnsweredReconnect,
		Claims: w.Claims, Outcome: w.Outcome,
	}
}

func sealRetired(sets []Retired) []wireRetired {
	wires := make([]wireRetired, 0, len(sets))
	for _, set := range sets {
		wires = append(wires, wireRetired{Tokens: sealTokens(set.Tokens), Account: set.Account})
	}
	return wires
}

func openRetired(wires []wireRetired) []Retired {
	var sets []Retired
	for _, wire := range wires {
		sets = append(sets, Retired{Tokens: openTokens(wire.Tokens), Account: wire.Account})
	}
	return sets
}
