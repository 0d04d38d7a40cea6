// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"cmp"
	"slices"
)

// Secret is a value that must never show in anybody's logs.
type Secret struct {
	// Kind says what it is: "access", "refresh", "code", "state", "verifier",
	// "client secret" or "unknown token".
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

// minSecret is the length below which a presented value is taken for a test's
// nonsense: a search for it would find plain words.
const minSecret = 8

// see remembers a secret that a caller presented.
func (s *Server) see(kind, value string) {
	if len(value) >= minSecret {
		s.seen[value] = kind
	}
}

// Secrets returns every token and code that was ever issued, and every state,
// verifier, client secret and unknown token of at least 8 characters that was
// ever registered or presented.
func (s *Server) Secrets() []Secret {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Secret
	for _, t := range s.issued {
		all = append(all, Secret{string(t.kind), t.value})
	}
	for value := range s.codes {
		all = append(all, Secret{"code", value})
	}
	for value, kind := range s.seen {
		all = append(all, Secret{kind, value})
	}
	slices.SortFunc(all[len(s.issued):], func(a, b Secret) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Value, b.Value))
	})
	return all
}
