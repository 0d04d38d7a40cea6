// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"flag"
	"testing"
)

var deep = flag.Bool("deep", false, "allow one fault more in each search: minutes, and gigabytes")

// withToken is a connection that works; withoutToken one that waits for its
// first consent.
func withToken(left Left) World {
	w := withoutToken(left)
	w.X.Logins[firstLogin] = Login{State: live, Newest: 1, Account: pinned}
	w.Grant.Token = newToken(firstLogin, 1)
	if left.Publishing {
		w.Published = w.Grant.Token
	}
	return w
}

func withoutToken(left Left) World {
	return World{Left: left, Grant: Grant{Exists: true}}
}

func explore(rules Rules, left Left) Result {
	return Explore(rules, withToken(left), withoutToken(left))
}

// searches are the bounds of the proof: what may happen, with so many faults of
// any kind at any moment.
var searches = []struct {
	name string
	left Left
}{
	{"refresh", Left{Refreshes: 2, Faults: 4}},
	{"refresh and publish", Left{Refreshes: 2, Faults: 2, Publishing: true}},
	{"deletion", Left{Refreshes: 1, Deletions: 1, Faults: 3}},
	{"disconnect", Left{Refreshes: 1, Disconnects: 1, Faults: 3}},
	{"disconnect and deletion", Left{Refreshes: 1, Disconnects: 1, Deletions: 1, Faults: 2}},
	{"consent", Left{Refreshes: 1, Consents: 1, Callbacks: 2, Faults: 1}},
	{"consent, more faults", Left{Consents: 1, Callbacks: 2, Faults: 2}},
	{"consent and deletion", Left{Refreshes: 2, Consents: 1, Callbacks: 1, Deletions: 1, Faults: 1}},
	{"consent and deletion, more faults", Left{Consents: 1, Callbacks: 1, Deletions: 1, Faults: 2}},
	{"consent and disconnect", Left{Refreshes: 1, Consents: 1, Callbacks: 1, Disconnects: 1, Faults: 1}},
	{"grant deleted by hand", Left{Refreshes: 1, HandDeletions: 1, Deletions: 1}},
}

// TestTheProtocolHolds visits every World within the bounds.
func TestTheProtocolHolds(t *testing.T) {
	for _, search := range searches {
		t.Run(search.name, func(t *testing.T) {
			left := search.left
			if *deep && left.Faults > 0 {
				left.Faults++
			}
			result := explore(AllRules, left)
			if result.Breach != sound {
				t.Fatalf("after %d steps:\n%s", len(result.Trace), result.Story())
			}
			t.Logf("%d worlds, %d of them at rest, no breach", result.Worlds, result.Rests)
		})
	}
}

// mutants has for each rule the bounds within which its absence shows, the
// breach, and the number of steps of the shortest way there.
var mutants = map[Rule]struct {
	left   Left
	breach Breach
	steps  int
}{
	IntentBeforeCall:              {Left{Refreshes: 2}, SpentTwice, 4},
	IntentUnderVersion:            {Left{Refreshes: 2}, SpentTwice, 6},
	AmbiguousSettledByAttemptID:   {Left{Refreshes: 2, Faults: 1}, SpentTwice, 6},
	NoResend:                      {Left{Refreshes: 2, Faults: 1}, SpentTwice, 3},
	CallOutlivesShutdown:          {Left{Refreshes: 2, Faults: 1}, AnswerLost, 4},
	GuardBeforeWrite:              {Left{Refreshes: 2, Faults: 1}, SpentTwice, 8},
	KeepUntilStored:               {Left{Refreshes: 2, Faults: 1}, AnswerLost, 4},
	DrainOnEveryExit:              {Left{Refreshes: 2, Faults: 1}, AnswerLost, 5},
	PersistUnderVersion:           {Left{Refreshes: 2, Faults: 1}, Overwritten, 9},
	CompareContentOnConflict:      {Left{Refreshes: 2, Faults: 1}, AnswerLost, 5},
	WriteMineOverAnyIntent:        {Left{Refreshes: 2, Faults: 1}, AnswerLost, 8},
	DropMineIfNewer:               {Left{Refreshes: 2, Faults: 1}, Overwritten, 10},
	CreateWhenMissing:             {Left{Refreshes: 1, HandDeletions: 1}, AnswerLost, 5},
	RevokeMineWhenDeleted:         {Left{Refreshes: 1, Deletions: 1, Faults: 1}, AnswerLost, 11},
	IntentClearedInSameWrite:      {Left{Refreshes: 2}, SpentTwice, 7},
	PublishNeverGoesBack:          {Left{Refreshes: 2, Publishing: true}, PublishedOlder, 14},
	UnfinishedIsTakenOver:         {Left{Refreshes: 2, Faults: 1}, Stuck, 3},
	TakeoverWaits:                 {Left{Refreshes: 2}, SpentTwice, 6},
	AtOnceOnlyWhenGone:            {Left{Refreshes: 2, Faults: 1}, SpentTwice, 7},
	OnlyXsVerdictEnds:             {Left{Refreshes: 2, Faults: 1}, DeadSilently, 4},
	VerdictOnlyAfterReread:        {Left{Refreshes: 2, Faults: 1}, DeadSilently, 11},
	RevokeTakesSlot:               {Left{Refreshes: 1, Disconnects: 1, Faults: 2}, Resurrected, 15},
	DeletePreconditions:           {Left{Refreshes: 1, Deletions: 1, Faults: 1}, LeftBehind, 12},
	RevokeOnlyIfAlone:             {Left{Consents: 1, Callbacks: 1, Disconnects: 1}, WorkingGrantLost, 12},
	DeadlineLeavesTombstone:       {Left{Refreshes: 1, Deletions: 1, Faults: 1}, LeftBehind, 2},
	ClaimNonceOnce:                {Left{Consents: 1, Callbacks: 2}, WorkingGrantLost, 7},
	ClaimUnderVersion:             {Left{Consents: 1, Callbacks: 2}, WorkingGrantLost, 7},
	PromoteUnderVersion:           {Left{Refreshes: 1, Consents: 1, Callbacks: 1, Faults: 1}, Overwritten, 11},
	CandidateBeforeUsersMe:        {Left{Consents: 1, Callbacks: 2}, AnswerLost, 5},
	PromoteOnlyThisEpoch:          {Left{Consents: 1, Callbacks: 1, Disconnects: 1}, Resurrected, 10},
	MismatchRevokesCandidateAlone: {Left{Consents: 1, Callbacks: 2}, WorkingGrantLost, 6},
	ControllerFinishesCandidate:   {Left{Consents: 1, Callbacks: 1, Faults: 1}, Stuck, 6},

	LaterAttemptWins:         {Left{Refreshes: 2, Faults: 1}, AnswerLost, 11},
	ClearOnlyOwnIntent:       {Left{Refreshes: 2, Faults: 1}, SpentTwice, 13},
	EmptyIsNotNewer:          {Left{Refreshes: 1, Disconnects: 1, Faults: 1}, AnswerLost, 13},
	ClaimAndRevokeExclude:    {Left{Consents: 1, Callbacks: 1, Disconnects: 1}, WorkingGrantLost, 11},
	ClaimCarriesAttemptID:    {Left{Consents: 1, Callbacks: 2}, WorkingGrantLost, 7},
	ClaimAnsweredInSameWrite: {Left{Refreshes: 1, Consents: 1, Callbacks: 1, Faults: 1}, Overwritten, 14},
	RejectedBeforeRevoked:    {Left{Consents: 1, Callbacks: 1, Deletions: 1}, Overwritten, 11},
	OneCandidateAtATime:      {Left{Refreshes: 1, Consents: 1, Callbacks: 1, Disconnects: 1, Faults: 1}, LeftBehind, 20},
	EpochMovesFirst:          {Left{Refreshes: 1, Disconnects: 1, Faults: 1}, Resurrected, 12},
	PromotionTakesSerial:     {Left{Refreshes: 1, Consents: 1, Callbacks: 1, Faults: 1}, Overwritten, 11},
	ForgetOnlyInSlot:         {Left{Refreshes: 1, Disconnects: 1, Faults: 4}, Resurrected, 26},
	GuardCoversRevocation:    {Left{Consents: 1, Callbacks: 1, Disconnects: 1, Faults: 1}, WorkingGrantLost, 13},
}

// TestEveryRuleIsNeeded switches off one rule at a time: the search must find a
// breach. With -v it tells the shortest way to each.
func TestEveryRuleIsNeeded(t *testing.T) {
	for rule := range ruleCount {
		t.Run(rule.String(), func(t *testing.T) {
			mutant, ok := mutants[rule]
			if !ok {
				t.Fatal("nothing shows that this rule is needed")
			}
			result := explore(AllRules.Without(rule), mutant.left)
			if result.Breach != mutant.breach || len(result.Trace) != mutant.steps {
				t.Errorf("%q after %d steps, want %q after %d", result.Breach, len(result.Trace), mutant.breach, mutant.steps)
			}
			t.Logf("without %q, %d worlds:\n%s", rule.Sentence(), result.Worlds, result.Story())
		})
	}
}
