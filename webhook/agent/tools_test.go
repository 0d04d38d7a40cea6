// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// What an agent is told of each tool, and that it says which texts are strangers'.
func TestTools(t *testing.T) {
	w := newWorld(t)
	got, err := w.session(0).ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, tool := range got.Tools {
		a := tool.Annotations
		lines = append(lines, fmt.Sprintf("%s: reads %t, destroys %t, repeatable %t, open world %t",
			tool.Name, a.ReadOnlyHint, *a.DestructiveHint, a.IdempotentHint, *a.OpenWorldHint))
		warns := strings.Contains(tool.Description, "strangers")
		if reads := strings.HasPrefix(tool.Name, "read_"); warns != reads {
			t.Errorf("%s: it warns of strangers: %t", tool.Name, warns)
		}
		if tool.Title == "" || tool.InputSchema == nil || tool.OutputSchema == nil {
			t.Errorf("%s: it lacks a title or a schema", tool.Name)
		}
	}
	want := []string{
		"delete_post: reads false, destroys true, repeatable true, open world true",
		"publish_post: reads false, destroys false, repeatable true, open world true",
		"publish_thread: reads false, destroys false, repeatable true, open world true",
		"read_mentions: reads true, destroys false, repeatable true, open world true",
		"read_posts: reads true, destroys false, repeatable true, open world true",
		"read_timeline: reads true, destroys false, repeatable true, open world true",
		"reply: reads false, destroys false, repeatable true, open world true",
		"whoami: reads true, destroys false, repeatable true, open world false",
	}
	if slices.Sort(lines); !slices.Equal(lines, want) {
		t.Errorf("the tools are\n%s", strings.Join(lines, "\n"))
	}
}

// A session is nobody's: calls of one client go to this replica and that.
func TestReplicasTakeTurns(t *testing.T) {
	w := newWorld(t)
	balanced := &turns{hosts: []string{w.servers[1].Listener.Addr().String(), w.servers[2].Listener.Addr().String()}}
	session, err := w.connectBy(0, balanced)
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if result := w.callAt(session, "whoami", nil); result.IsError {
			t.Errorf("whoami: %s", textOf(result))
		}
	}
	w.succeeds("publish_post", map[string]any{"text": "hello", "requestID": "r-1"})
	if balanced.calls < 5 {
		t.Errorf("%d requests were made", balanced.calls)
	}
}
