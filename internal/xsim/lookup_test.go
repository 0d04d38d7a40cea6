// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim_test

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/agentconnect/x-operator/internal/xsim"
)

func TestLookup(t *testing.T) {
	r := newReader(t)
	first := r.publish("jane_doe", "a", "", "")
	second := r.publish("john_roe", "b", first, "")
	third := r.publish("john_roe", "c", "", "")
	john := r.sim.RegisterAccount("john_roe")
	query := url.Values{"ids": {second + ",1," + third}, "expansions": {"author_id"}}
	body := r.send(r.get(xsim.PathPosts+"?"+query.Encode(), r.access)).json(t)
	var texts []string
	posts, _ := body["data"].([]any)
	for _, post := range posts {
		texts = append(texts, post.(map[string]any)["text"].(string))
	}
	if got := strings.Join(texts, " "); got != "b c" {
		t.Errorf("the posts are %q", got)
	}
	includes := map[string]any{"users": []any{map[string]any{"id": john.ID, "username": "john_roe", "name": "john_roe"}}}
	if !reflect.DeepEqual(body["includes"], includes) {
		t.Errorf("includes %v, want %v", body["includes"], includes)
	}
	missing, _ := body["errors"].([]any)
	if len(missing) != 1 || missing[0].(map[string]any)["resource_id"] != "1" || missing[0].(map[string]any)["parameter"] != "ids" {
		t.Errorf("errors: %v", body["errors"])
	}
}

func TestLookupQueryIsChecked(t *testing.T) {
	r := newReader(t)
	for query, complaint := range map[string]string{
		"":                                       "[0]",
		"ids=x":                                  "ids",
		"ids=1&count=5":                          "[count]",
		"ids=" + strings.Repeat("1,", 100) + "1": "[101]",
		"ids=1&" + "expansions=nonsense":         "nonsense",
	} {
		got := r.send(r.get(xsim.PathPosts+"?"+query, r.access))
		if got.status != 400 || !strings.Contains(got.body, complaint) {
			t.Errorf("%s: HTTP %d: %s", query, got.status, got.body)
		}
	}
}
