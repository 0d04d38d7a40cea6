// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import corev1 "k8s.io/api/core/v1"

// Sketch decodes of a grant Secret only whose tokens it holds, and whether they are
// in use: the client ids and accounts of the working set and of the candidate, and X's
// verdict. A cache indexes grants by that at every change, before and after: to decode
// them whole, tokens and all, costs more than the rest of the event. What it gives
// can't be stored. The error is as FromSecret's, of the documents that are looked at.
func Sketch(stored *corev1.Secret) (*Grant, error) {
	type issued struct {
		App struct {
			ClientID string `json:"clientID"`
		} `json:"app"`
	}
	var (
		g         Grant
		tokens    issued
		journal   struct{ Verdict *Verdict }
		candidate struct {
			Tokens  issued  `json:"tokens"`
			Account Account `json:"account"`
		}
	)
	for key, into := range map[string]any{
		keyTokens: &tokens, keyAccount: &g.Account, keyJournal: &journal, keyCandidate: &candidate,
	} {
		if err := decode(stored, key, into); err != nil {
			return nil, err
		}
	}
	g.Journal.Verdict = journal.Verdict
	if has(stored, keyTokens) {
		g.Tokens = &Tokens{App: App{ClientID: tokens.App.ClientID}}
	}
	if has(stored, keyCandidate) {
		g.Candidate = &Candidate{Tokens: Tokens{App: App{ClientID: candidate.Tokens.App.ClientID}}, Account: candidate.Account}
	}
	return &g, nil
}
