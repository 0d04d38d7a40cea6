// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import "fmt"

// Publish has an account post by itself, as people do, without an app: no rule
// about replies and duplicates applies. replyTo and quotes are ids, or empty.
func (s *Server) Publish(username, text, replyTo, quotes string) (PostRecord, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	account, known := s.accounts[handleKey(username)]
	if !known {
		return PostRecord{}, fmt.Errorf("there is no account @%s", username)
	}
	p := &post{author: account, text: text, at: s.clock.now()}
	for _, reference := range []struct {
		id     string
		target **post
	}{{replyTo, &p.replyTo}, {quotes, &p.quotes}} {
		if *reference.target = s.wall.visible(reference.id); reference.id != "" && *reference.target == nil {
			return PostRecord{}, fmt.Errorf("there is no post %s", reference.id)
		}
	}
	s.addPost(p)
	return p.record(), nil
}
