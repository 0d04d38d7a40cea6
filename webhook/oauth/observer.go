// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth

// Step is the part of the flow that a request belongs to.
type Step string

// The steps, in the order of a flow.
const (
	// StepStart shows the start page; StepBegin leaves for X; StepCallback comes
	// back. StepOther is any other request.
	StepStart    Step = "start"
	StepBegin    Step = "begin"
	StepCallback Step = "callback"
	StepOther    Step = "other"
)

// Observer is told how each request was answered.
type Observer interface {
	// Answered is called once a request. The result is a code of the error
	// catalogue, "connected", or one of the words of results.go: few enough to be a
	// metric's label.
	Answered(step Step, result string)
}

type nobody struct{}

func (nobody) Answered(Step, string) {}
