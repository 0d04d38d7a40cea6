// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

// Rule is a sentence of the protocol that can be switched off.
type Rule uint8

// The rules, in the order of protocols.md.
const (
	IntentBeforeCall Rule = iota
	IntentUnderVersion
	AmbiguousSettledByAttemptID
	NoResend
	CallOutlivesShutdown
	GuardBeforeWrite
	KeepUntilStored
	DrainOnEveryExit
	PersistUnderVersion
	CompareContentOnConflict
	WriteMineOverAnyIntent
	DropMineIfNewer
	CreateWhenMissing
	RevokeMineWhenDeleted
	IntentClearedInSameWrite
	PublishNeverGoesBack
	UnfinishedIsTakenOver
	TakeoverWaits
	AtOnceOnlyWhenGone
	OnlyXsVerdictEnds
	VerdictOnlyAfterReread
	RevokeTakesSlot
	DeletePreconditions
	RevokeOnlyIfAlone
	DeadlineLeavesTombstone
	ClaimNonceOnce
	ClaimUnderVersion
	PromoteUnderVersion
	CandidateBeforeUsersMe
	PromoteOnlyThisEpoch
	MismatchRevokesCandidateAlone
	ControllerFinishesCandidate

	// The rest was found by walking the interleavings here. Each comment says how
	// the protocol breaks without it; the test prints the way in full.

	// LaterAttemptWins: A is paused with its answer in hand, B takes over and, as X
	// has a grace period, gets a later answer to the same token. A wakes and stores
	// first. B must not take what it then finds for newer, since X honours B's.
	LaterAttemptWins
	// ClearOnlyOwnIntent: in the same case A must not clear B's intent: B is in the
	// middle of a call, and the next attempt would spend A's token under it.
	ClearOnlyOwnIntent
	// EmptyIsNotNewer: A is paused with its answer in hand, and a Disconnected
	// connection is revoked meanwhile. The grant is there and has no token: that is
	// not a newer grant, and to drop the answer would leave it alive at X.
	EmptyIsNotNewer
	// ClaimAndRevokeExclude: a revocation is on its way when the person consents
	// again. An X that revokes by account ends the new login, which no grant shows
	// yet, so that no look at the grants can tell.
	ClaimAndRevokeExclude
	// ClaimCarriesAttemptID: a claim that was written without an answer can't be
	// told from one that another door made of the same nonce.
	ClaimCarriesAttemptID
	// ClaimAnsweredInSameWrite: a candidate is written without an answer, promoted
	// and refreshed by the controller. The door reads, finds its token nowhere,
	// writes it again, and the spent token is promoted over the living one.
	ClaimAnsweredInSameWrite
	// RejectedBeforeRevoked: the controller revokes a candidate while its door is
	// about to promote it.
	RejectedBeforeRevoked
	// OneCandidateAtATime: one candidate written over another leaves the other alive
	// at X and known to nobody.
	OneCandidateAtATime
	// EpochMovesFirst: a Disconnected connection is revoked, and connected again
	// before the epoch moved. What was decided before comes back.
	EpochMovesFirst
	// PromotionTakesSerial: an attempt from before a promotion would pass for later.
	PromotionTakesSerial
	// ForgetOnlyInSlot: A has revoked and is paused, its slot is taken over and given
	// back, and B begins to refresh. A wakes up and takes the token out under B.
	ForgetOnlyInSlot
	// GuardCoversRevocation: a process is paused before it revokes. It must not wake
	// up and revoke when the person has consented again.
	GuardCoversRevocation

	ruleCount
)

var ruleTexts = [ruleCount][2]string{
	IntentBeforeCall:              {"IntentBeforeCall", "an intent is written before X is called"},
	IntentUnderVersion:            {"IntentUnderVersion", "the intent is written under the resourceVersion"},
	AmbiguousSettledByAttemptID:   {"AmbiguousSettledByAttemptID", "an ambiguous intent is settled by reading the attempt id"},
	NoResend:                      {"NoResend", "the transport never sends a request a second time"},
	CallOutlivesShutdown:          {"CallOutlivesShutdown", "the call is detached from reconcile and shutdown"},
	GuardBeforeWrite:              {"GuardBeforeWrite", "a holder that is late after its intent aborts before it writes the request"},
	KeepUntilStored:               {"KeepUntilStored", "the write is retried until it is done"},
	DrainOnEveryExit:              {"DrainOnEveryExit", "a process exits only after its keeper has drained"},
	PersistUnderVersion:           {"PersistUnderVersion", "the answer is written under the resourceVersion"},
	CompareContentOnConflict:      {"CompareContentOnConflict", "after a conflict content is compared, not versions"},
	WriteMineOverAnyIntent:        {"WriteMineOverAnyIntent", "where the token I redeemed is stored, my answer is written, over any intent"},
	DropMineIfNewer:               {"DropMineIfNewer", "where a newer grant is stored, my answer is dropped"},
	CreateWhenMissing:             {"CreateWhenMissing", "the grant is not found and the object lives: it is created"},
	RevokeMineWhenDeleted:         {"RevokeMineWhenDeleted", "the grant is not found and the object is deleted: my answer is revoked"},
	IntentClearedInSameWrite:      {"IntentClearedInSameWrite", "the intent is cleared in the write that stores the answer"},
	PublishNeverGoesBack:          {"PublishNeverGoesBack", "the token Secret never goes back to a lower rotation"},
	UnfinishedIsTakenOver:         {"UnfinishedIsTakenOver", "an unfinished intent is taken over"},
	TakeoverWaits:                 {"TakeoverWaits", "a takeover waits"},
	AtOnceOnlyWhenGone:            {"AtOnceOnlyWhenGone", "a takeover is immediate only when the holder is provably gone; stopping is not gone, and neither is missing"},
	OnlyXsVerdictEnds:             {"OnlyXsVerdictEnds", "only X's verdict ends a grant"},
	VerdictOnlyAfterReread:        {"VerdictOnlyAfterReread", "a verdict counts after re-reading that the token is still the one sent"},
	RevokeTakesSlot:               {"RevokeTakesSlot", "a revocation takes the journal's slot and waits for a live intent"},
	DeletePreconditions:           {"DeletePreconditions", "deletes carry preconditions"},
	RevokeOnlyIfAlone:             {"RevokeOnlyIfAlone", "X is asked to revoke only when no other live grant has the same client and user"},
	DeadlineLeavesTombstone:       {"DeadlineLeavesTombstone", "past the deadline the grant stays as a tombstone"},
	ClaimNonceOnce:                {"ClaimNonceOnce", "a nonce is claimed once"},
	CandidateBeforeUsersMe:        {"CandidateBeforeUsersMe", "the answer is a stored candidate before users/me is asked"},
	PromoteOnlyThisEpoch:          {"PromoteOnlyThisEpoch", "a candidate of an earlier epoch is not promoted"},
	MismatchRevokesCandidateAlone: {"MismatchRevokesCandidateAlone", "a mismatch revokes the candidate alone"},
	ControllerFinishesCandidate:   {"ControllerFinishesCandidate", "the controller finishes a candidate that the door left"},
	LaterAttemptWins:              {"LaterAttemptWins", "of two answers the later attempt's stays: attempts are numbered, and a token remembers its attempt"},
	ClearOnlyOwnIntent:            {"ClearOnlyOwnIntent", "a late answer that is stored leaves another's intent in place"},
	EmptyIsNotNewer:               {"EmptyIsNotNewer", "a grant that is found without a token is not a newer grant"},
	ClaimAndRevokeExclude:         {"ClaimAndRevokeExclude", "a claim and a revocation wait for each other"},
	ClaimCarriesAttemptID:         {"ClaimCarriesAttemptID", "a claim says who made it"},
	ClaimAnsweredInSameWrite:      {"ClaimAnsweredInSameWrite", "a candidate is stored once: the claim is answered in the same write"},
	RejectedBeforeRevoked:         {"RejectedBeforeRevoked", "a candidate is marked as rejected before X is asked to revoke it"},
	OneCandidateAtATime:           {"OneCandidateAtATime", "a candidate is never written over another one"},
	EpochMovesFirst:               {"EpochMovesFirst", "the epoch moves before a Disconnected connection's tokens are revoked"},
	PromotionTakesSerial:          {"PromotionTakesSerial", "a promotion is numbered as an attempt is"},
	ForgetOnlyInSlot:              {"ForgetOnlyInSlot", "a revoked token is taken out of the grant only by the one that has the slot"},
	GuardCoversRevocation:         {"GuardCoversRevocation", "the guard covers a revocation as well"},
	ClaimUnderVersion:             {"ClaimUnderVersion", "the nonce is claimed under the resourceVersion"},
	PromoteUnderVersion:           {"PromoteUnderVersion", "a candidate is promoted under the resourceVersion"},
}

// String gives the rule's name, Sentence what it says.
func (r Rule) String() string { return ruleTexts[r][0] }

// Sentence says what the rule asks for.
func (r Rule) Sentence() string { return ruleTexts[r][1] }

// Rules is a set of rules in force.
type Rules uint64

// AllRules is the protocol.
const AllRules Rules = 1<<ruleCount - 1

// Has tells whether the rule is in force.
func (r Rules) Has(rule Rule) bool { return r&(1<<rule) != 0 }

// Without switches one rule off.
func (r Rules) Without(rule Rule) Rules { return r &^ (1 << rule) }
