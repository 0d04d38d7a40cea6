// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/agentconnect/x-operator/internal/secret"
)

// Schema is the version of the layout that this code writes. A new field of a
// document below needs a higher schema, or a key of its own: documents are
// written whole, keys are not. A hint that may be lost, such as whose secret X refused,
// needs neither. A version that writes a higher schema must leave a
// grant alone while an attempt or a claim in it is live: the process of an earlier
// version that made it could not store its answer any more.
const Schema = 1

// The keys of a grant Secret's data. Each holds a JSON document.
const (
	keySchema     = "schema"
	keyCluster    = "cluster"
	keyRotation   = "rotation"
	keyTokens     = "tokens"
	keyAccount    = "account"
	keyJournal    = "journal"
	keyConsent    = "consent"
	keyCandidate  = "candidate"
	keyRetired    = "retired"
	keySuperseded = "superseded"
	keyRevoking   = "revoking"
	keyRefused    = "refused"
	keyTombstone  = "tombstone"
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

// part is one document of a grant, under a key of its own.
type part struct {
	key string
	// encode gives the document to store; nil if the grant has none.
	encode func(*Grant) any
	// decode takes up what is stored; empty for nothing.
	decode func(g *Grant, stored []byte) error
}

// document makes a part of how a grant gives and takes its content; nil stands for
// none.
func document[T any](key string, give func(*Grant) *T, take func(*Grant, *T)) part {
	return part{
		key: key,
		encode: func(g *Grant) any {
			if content := give(g); content != nil {
				return content
			}
			return nil
		},
		decode: func(g *Grant, stored []byte) error {
			var content *T
			if len(stored) > 0 {
				content = new(T)
				if err := json.Unmarshal(stored, content); err != nil {
					return err
				}
			}
			take(g, content)
			return nil
		},
	}
}

// parts are all documents of a grant.
var parts = []part{
	document(keyRotation, func(g *Grant) *int64 { return &g.Rotation }, func(g *Grant, r *int64) { g.Rotation = deref(r) }),
	document(keyTokens, func(g *Grant) *wireTokens { return mapped(g.Tokens, encodeTokens) },
		func(g *Grant, w *wireTokens) { g.Tokens = mapped(w, decodeTokens) }),
	document(keyAccount, func(g *Grant) *Account { return &g.Account }, func(g *Grant, a *Account) { g.Account = deref(a) }),
	document(keyJournal, func(g *Grant) *Journal { return &g.Journal }, func(g *Grant, j *Journal) { g.Journal = deref(j) }),
	document(keyConsent, func(g *Grant) *wireConsent { return mapped(&g.Consent, encodeConsent) },
		func(g *Grant, w *wireConsent) { g.Consent = decodeConsent(deref(w)) }),
	document(keyCandidate, func(g *Grant) *wireCandidate { return mapped(g.Candidate, encodeCandidate) },
		func(g *Grant, w *wireCandidate) { g.Candidate = mapped(w, decodeCandidate) }),
	document(keyRetired, func(g *Grant) *[]wireRetired { return encodeRetired(g.Retired) },
		func(g *Grant, w *[]wireRetired) { g.Retired = decodeRetired(deref(w)) }),
	document(keySuperseded, func(g *Grant) *[]wireRetired { return encodeRetired(g.Superseded) },
		func(g *Grant, w *[]wireRetired) { g.Superseded = decodeRetired(deref(w)) }),
	document(keyRevoking, func(g *Grant) *Revocation { return g.Revoking }, func(g *Grant, r *Revocation) { g.Revoking = r }),
	document(keyRefused, func(g *Grant) *Refusal { return g.Refused }, func(g *Grant, r *Refusal) { g.Refused = r }),
	document(keyTombstone, func(g *Grant) *Tombstone { return g.Tombstone }, func(g *Grant, t *Tombstone) { g.Tombstone = t }),
}

// encode gives the Secret's data; a part that is empty has no key.
func encode(g *Grant) (map[string][]byte, error) {
	return changes(&Grant{}, g, nil)
}

// changes gives the keys of the Secret's data that differ between a grant, as it is
// stored in data, and what was made of it: nil for those that go.
func changes(before, after *Grant, data map[string][]byte) (map[string][]byte, error) {
	diff := map[string][]byte{}
	for key, content := range map[string]string{keySchema: strconv.Itoa(Schema), keyCluster: after.ClusterID} {
		if old, ok := data[key]; !ok || string(old) != content {
			diff[key] = []byte(content)
		}
	}
	for _, p := range parts {
		content, stored := p.encode(after), len(data[p.key]) > 0
		switch {
		case content == nil && stored:
			diff[p.key] = nil
		case content == nil, stored && reflect.DeepEqual(p.encode(before), content):
		default:
			encoded, err := json.Marshal(content)
			if err != nil {
				return nil, fmt.Errorf("encoding %q of the grant: %w", p.key, err)
			}
			diff[p.key] = encoded
		}
	}
	return diff, nil
}

// FromSecret decodes a grant Secret. The error is ErrUnreadable; it names the key that
// can't be read, and nothing of its content.
func FromSecret(stored *corev1.Secret) (*Grant, error) {
	return (&Grant{stored: &corev1.Secret{}}).follow(stored)
}

// follow gives the grant as it is after a change of its Secret: only what differs is
// decoded. The error is FromSecret's.
func (g *Grant) follow(stored *corev1.Secret) (*Grant, error) {
	next := g.Copy()
	next.Owner = Owner{
		Namespace: stored.Annotations[AnnotationNamespace],
		Name:      stored.Annotations[AnnotationName],
		// The name has it too: a lost annotation must not make an orphan.
		UID: types.UID(cmp.Or(stored.Annotations[AnnotationUID], strings.TrimPrefix(stored.Name, secretPrefix))),
	}
	next.ClusterID = string(stored.Data[keyCluster])
	next.stored = stored
	for _, p := range parts {
		content := stored.Data[p.key]
		if bytes.Equal(content, g.stored.Data[p.key]) {
			continue
		}
		if p.decode(next, content) != nil {
			return nil, unreadable(stored, p.key)
		}
	}
	return next, nil
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
	if has(stored, key) && json.Unmarshal(stored.Data[key], into) != nil {
		return unreadable(stored, key)
	}
	return nil
}

// unreadable quotes nothing: the decoder's own error can quote the document.
func unreadable(stored *corev1.Secret, key string) error {
	return fmt.Errorf("%w: the key %q of the Secret %s/%s does not hold the expected JSON",
		ErrUnreadable, key, stored.Namespace, stored.Name)
}

func encodeApp(a App) wireApp {
	return wireApp{ClientID: a.ClientID, XApp: a.XApp, SecretName: a.SecretName, ClientSecret: a.ClientSecret.Reveal()}
}

func decodeApp(w wireApp) App {
	return App{ClientID: w.ClientID, XApp: w.XApp, SecretName: w.SecretName, ClientSecret: secret.New(w.ClientSecret)}
}

func encodeTokens(t Tokens) wireTokens {
	return wireTokens{
		App: encodeApp(t.App), AccessToken: t.AccessToken.Reveal(), RefreshToken: t.RefreshToken.Reveal(),
		TokenType: t.TokenType, Scope: t.Scope, Asked: t.Asked, ReceivedAt: t.ReceivedAt, ExpiresAt: t.ExpiresAt,
		ConsentedAt: t.ConsentedAt, RefreshedAt: t.RefreshedAt, Kept: t.Kept, Serial: t.Serial,
	}
}

func decodeTokens(w wireTokens) Tokens {
	return Tokens{
		App: decodeApp(w.App), AccessToken: secret.New(w.AccessToken), RefreshToken: secret.New(w.RefreshToken),
		TokenType: w.TokenType, Scope: w.Scope, Asked: w.Asked, ReceivedAt: w.ReceivedAt, ExpiresAt: w.ExpiresAt,
		ConsentedAt: w.ConsentedAt, RefreshedAt: w.RefreshedAt, Kept: w.Kept, Serial: w.Serial,
	}
}

func encodeConsent(c Consent) wireConsent {
	return wireConsent{
		Epoch: c.Epoch, Wanted: c.Wanted, App: encodeApp(c.App), Scopes: c.Scopes,
		RequestedReconnect: c.RequestedReconnect, AnsweredReconnect: c.AnsweredReconnect,
		Claims: c.Claims, Outcome: c.Outcome,
	}
}

func decodeConsent(w wireConsent) Consent {
	return Consent{
		Epoch: w.Epoch, Wanted: w.Wanted, App: decodeApp(w.App), Scopes: w.Scopes,
		RequestedReconnect: w.RequestedReconnect, AnsweredReconnect: w.AnsweredReconnect,
		Claims: w.Claims, Outcome: w.Outcome,
	}
}

func encodeCandidate(c Candidate) wireCandidate {
	return wireCandidate{Tokens: encodeTokens(c.Tokens), Nonce: c.Nonce, Epoch: c.Epoch, Account: c.Account}
}

func decodeCandidate(w wireCandidate) Candidate {
	return Candidate{Tokens: decodeTokens(w.Tokens), Nonce: w.Nonce, Epoch: w.Epoch, Account: w.Account}
}

func encodeRetired(sets []Retired) *[]wireRetired {
	if len(sets) == 0 {
		return nil
	}
	wires := make([]wireRetired, 0, len(sets))
	for _, set := range sets {
		wires = append(wires, wireRetired{Tokens: encodeTokens(set.Tokens), Account: set.Account})
	}
	return &wires
}

func decodeRetired(wires []wireRetired) []Retired {
	var sets []Retired
	for _, wire := range wires {
		sets = append(sets, Retired{Tokens: decodeTokens(wire.Tokens), Account: wire.Account})
	}
	return sets
}

// mapped gives what a function makes of content; nil for nil.
func mapped[T, W any](content *T, form func(T) W) *W {
	if content == nil {
		return nil
	}
	formed := form(*content)
	return &formed
}

func deref[T any](content *T) T {
	var zero T
	return ptr.Deref(content, zero)
}
