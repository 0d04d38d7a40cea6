// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package model is the redeem protocol as a toy that a test explores to the
// end: two replicas, X, the store, a person and an author, and what can go wrong
// between them. It is the place to learn the protocol from, and to try a change
// of it before it is written for real.
//
// Read the files in this order: x.go (what X does with a token), store.go (the
// grant, and how it is written), world.go and replica.go (what a process is, and
// how it chooses its next action), refresh.go, consent.go and revoke.go (the
// three sequences, one step a function), faults.go (what goes wrong),
// invariants.go (what must never happen), rules.go (the sentences of the
// protocol, each of which can be switched off), explore.go (the search).
//
// A World is one moment of all of this. A step takes a World and gives those that
// may follow. The search visits every World that can be reached, and the judges
// look at each: they go by X's books, not by what the operator believes. With
// every rule in force no judge objects. Without any one of them some judge does,
// and the search tells the shortest way there: go test -v -run EveryRule.
//
// What is taken for granted:
//
//   - Time is abstract. A holder that is not paused is faster than the guard's 5
//     seconds and than any takeover; a paused one misses both. A process that is cut
//     off from the API server is the same to the others as a paused one, whether or
//     not its pod is still listed.
//   - The guard and the write of the request are one step, and so are the request
//     and what X does with it: a request that timed out is not carried out later.
//   - X may have either habit wherever its documents say nothing: see Habit.
//   - One connection and one consent. What two connections of one account do to
//     each other is not here, nor are the limiter, the breaker and the clocks.
//   - A newer login of the account that is stored replaces the older one for good:
//     an X that keeps the older one alive is not asked to end it, since to revoke
//     could end the newer one.
//   - Whoever deletes the grant by hand takes the fence away with it: this is
//     explored alone, without other faults.
package model
