// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package secret_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/agentconnect/x-operator/internal/secret"
)

func TestNothingPrintsTheValue(t *testing.T) {
	const value = "s3cr3t-value"
	holder := struct{ Token secret.Token }{secret.New(value)}
	asJSON, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("message", "token", holder.Token, "holder", holder)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("message", "token", holder.Token, "holder", holder)
	hidden := struct{ token secret.Token }{secret.New(value)}
	if got := fmt.Sprintf("%v %+v %#v", hidden, hidden, hidden); strings.Contains(got, value) {
		t.Errorf("an unexported field prints the value: %s", got)
	}
	printed := map[string]string{"json": string(asJSON), "slog": log.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		printed[verb] = fmt.Sprintf(verb+" "+verb+" "+verb, holder.Token, &holder.Token, holder)
	}
	for how, got := range printed {
		if strings.Contains(got, value) || strings.Contains(got, fmt.Sprintf("%x", value)) {
			t.Errorf("%s prints the value: %s", how, got)
		}
		if !strings.Contains(got, "[redacted]") {
			t.Errorf("%s does not say [redacted]: %s", how, got)
		}
	}
}

func TestHashAndEqual(t *testing.T) {
	a, b := secret.New("a"), secret.New("b")
	if a.Hash() == b.Hash() || a.Hash() != secret.New("a").Hash() || len(a.Hash()) != 32 {
		t.Errorf("hashes: %q, %q", a.Hash(), b.Hash())
	}
	if (secret.Token{}).Hash() != "" {
		t.Error("an absent value has no hash")
	}
	if a.Equal(b) || !a.Equal(secret.New("a")) {
		t.Error("Equal compares values")
	}
}
