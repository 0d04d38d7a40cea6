// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"testing"
	"time"
)

// The token is the one of this moment, under the token Secret's names.
func TestToken(t *testing.T) {
	w := newWorld(t)
	w.rights = map[string]bool{"get token": true}
	for range 2 {
		answer, body := w.asked(http.MethodGet, w.door(1)+tokenPath, botToken)
		var got map[string]string
		if err := json.Unmarshal([]byte(body), &got); err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("HTTP %d: %v", answer.StatusCode, err)
		}
		want := map[string]string{
			"access_token": w.cached.Tokens.AccessToken.Reveal(),
			"token_type":   "bearer",
			"expires_at":   w.now.Add(2 * time.Hour).Format(time.RFC3339),
			"scope":        "tweet.read tweet.write users.read offline.access",
			"username":     "jane_doe",
			"user_id":      w.cached.Account.UserID,
		}
		if !reflect.DeepEqual(got, want) {
			t.Error("the answer does not hold the token and its facts")
		}
		w.advance(time.Minute)
		w.cached = w.login()
	}
	if answer, _ := w.asked(http.MethodPost, w.door(0)+tokenPath, botToken); answer.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("a POST: HTTP %d", answer.StatusCode)
	}
}
