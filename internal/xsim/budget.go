// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

// Budget is what X still lets an app do for its money. An absent number means no
// end.
type Budget struct {
	// Credits pay one post or one read of a timeline each; at 0 X answers 402.
	Credits *int `json:"credits,omitempty"`
	// Posts are what is left of a cap that no short wait cures; at 0 X answers 429
	// with UsageCapExceeded.
	Posts *int `json:"posts,omitempty"`
}

// SetBudget replaces an app's budget.
func (s *Server) SetBudget(clientID string, budget Budget) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.budgets[clientID] = budget
}

// paid wraps an operation that costs the app money.
func (s *Server) paid(do handler) handler {
	return func(c *call) answer {
		if refusal := s.charge(c.Endpoint, c.who.clientID); refusal != nil {
			return *refusal
		}
		return do(c)
	}
}

// charge takes the price of a call from the app's budget, or refuses the call.
func (s *Server) charge(endpoint Endpoint, clientID string) *answer {
	budget := s.budgets[clientID]
	posts := endpoint == EndpointPost
	if posts && budget.Posts != nil && *budget.Posts <= 0 {
		a := usageCapExceeded.answer()
		return &a
	}
	if budget.Credits != nil && *budget.Credits <= 0 {
		a := creditsDepleted.answer()
		return &a
	}
	if posts && budget.Posts != nil {
		budget.Posts = lessOne(budget.Posts)
	}
	if budget.Credits != nil {
		budget.Credits = lessOne(budget.Credits)
	}
	s.budgets[clientID] = budget
	return nil
}

func lessOne(n *int) *int {
	less := *n - 1
	return &less
}
