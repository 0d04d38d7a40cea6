// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/agentconnect/x-operator/internal/chaos/judge"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// Report is what a run came to.
type Report struct {
	Seed uint64
	Took time.Duration
	// Injected counts the faults by kind.
	Injected map[Kind]int
	// Connections are all that were made, Deleted those of them that were deleted.
	Connections, Deleted int
	// X are the simulators' counters, added up.
	X xsim.Counters
	// Ended counts the families of tokens by why X ended them.
	Ended map[xsim.End]int
	// Kills counts the kills by step, and Losses the answers that went with them.
	Kills, Losses map[string]int
	// Replays counts presentations of spent tokens that were in order, by why.
	Replays    map[string]int
	Superseded int
	// Owed counts refresh tokens that are still to be revoked, GivenUp those that were
	// given up with a word, LeftToTwin those left alive for another connection's sake.
	Owed, GivenUp, LeftToTwin int
	// XPosts is how many were made, Posts what became of the posts in them.
	// FoundByPeople and SentAgain count what people answered to XPosts that asked.
	XPosts                   int
	Posts                    judge.PostCount
	FoundByPeople, SentAgain int
	// Left counts processes that ended by themselves, as one does that lost its lease
	// or found no API server at its start.
	Left     int
	Breaches []judge.Breach
}

func (s *suite) newReport() *Report {
	return &Report{
		Seed:     s.options.Seed,
		Injected: maps.Clone(s.counts),
		Ended:    map[xsim.End]int{},
		Kills:    map[string]int{},
		Losses:   map[string]int{},
		Replays:  map[string]int{},
	}
}

// anyTime is the step of a kill at none.
const anyTime = "at any time"

func (r *Report) add(e judge.Evidence, v judge.Verdict) {
	for _, conn := range e.Connections {
		r.Connections++
		if !conn.Wanted {
			r.Deleted++
		}
	}
	for _, run := range e.Runs {
		switch run.End {
		case judge.Killed, judge.Exhausted:
			r.Kills[stepOf(run)]++
		case judge.Left:
			r.Left++
		}
	}
	for _, loss := range v.Losses {
		r.Losses[stepOf(loss.Run)]++
	}
	for why, count := range v.Replays {
		r.Replays[why] += count
	}
	for _, grant := range e.Books.Grants {
		if grant.EndedWhy != "" {
			r.Ended[grant.EndedWhy]++
		}
	}
	r.X.Exchanges += e.Books.Counters.Exchanges
	r.X.Refreshes += e.Books.Counters.Refreshes
	r.X.Replays += e.Books.Counters.Replays
	r.X.GraceAnswers += e.Books.Counters.GraceAnswers
	r.X.CodeReplays += e.Books.Counters.CodeReplays
	r.X.Revocations += e.Books.Counters.Revocations
	r.X.Posts += e.Books.Counters.Posts
	r.Superseded += v.Superseded
	r.Owed += v.Owed
	r.GivenUp += v.GivenUp
	r.LeftToTwin += v.LeftToTwin
	r.XPosts += len(e.Posts)
	r.Posts.Wanted += v.Posts.Wanted
	r.Posts.Published += v.Posts.Published
	r.Posts.Unknown += v.Posts.Unknown
	r.Posts.UnknownAtX += v.Posts.UnknownAtX
	r.Posts.Overlooked += v.Posts.Overlooked
	r.Posts.Waiting += v.Posts.Waiting
	r.Breaches = append(r.Breaches, v.Breaches...)
}

func stepOf(run judge.Run) string {
	if run.End == judge.Exhausted {
		return string(judge.Exhausted)
	}
	return cmp.Or(run.Step, anyTime)
}

// Broken tells whether anything happened that must not.
func (r *Report) Broken() bool { return len(r.Breaches) > 0 }

// Faults is how many faults were injected.
func (r *Report) Faults() int {
	sum := 0
	for _, count := range r.Injected {
		sum += count
	}
	return sum
}

// Print writes the report for people.
func (r *Report) Print(out io.Writer) {
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	line("\nseed %d: %d faults injected into %d connections (%d of them deleted on the way) in %s",
		r.Seed, r.Faults(), r.Connections, r.Deleted, r.Took.Round(time.Second))
	for _, kind := range Kinds {
		line("%6d  %s", r.Injected[kind], kind)
	}
	line("\nby X's books: %d consents, %d refreshes, %d revocations; families that X ended: %v",
		r.X.Exchanges, r.X.Refreshes, r.X.Revocations, r.Ended)
	line("spent tokens presented again: %d, of which a grace period honoured %d; codes: %d", r.X.Replays, r.X.GraceAnswers, r.X.CodeReplays)
	for _, why := range slices.Sorted(maps.Keys(r.Replays)) {
		line("%6d  %s", r.Replays[why], why)
	}
	line("answers dropped for a newer grant: %d; processes that left by themselves: %d", r.Superseded, r.Left)
	line("refresh tokens of deletions and refusals that are stored, still to be revoked: %d", r.Owed)
	line("refresh tokens given up with a word, since X does not tell any more whose they are: %d", r.GivenUp)
	line("refresh tokens of deletions left alive for the sake of another connection of the account: %d", r.LeftToTwin)
	r.printPosts(line)
	line("\nkills  answers lost with them, by the step of the kill")
	for _, step := range append(slices.Clone(Steps), anyTime, string(judge.Exhausted)) {
		line("%5d  %5d  %s", r.Kills[step], r.Losses[step], step)
	}
	line("")
	for _, rule := range judge.Rules {
		count := 0
		for _, breach := range r.Breaches {
			if breach.Rule == rule {
				count++
			}
		}
		line("%6d  %s", count, rule)
	}
	for _, breach := range r.Breaches {
		line("BREACH  %s: %s", breach.Rule, breach.What)
	}
}

func (r *Report) printPosts(line func(string, ...any)) {
	line("\n%d XPosts with %d posts; X took %d", r.XPosts, r.Posts.Wanted, r.X.Posts)
	line("%6d  at X, and recorded under their id", r.Posts.Published)
	line("%6d  said to be Unknown, of which %d are at X, %d of these with a connection that works",
		r.Posts.Unknown, r.Posts.UnknownAtX, r.Posts.Overlooked)
	line("%6d  not sent, for want of a connection or of the post before", r.Posts.Waiting)
	line("people were asked about %d: %d were at X, %d were sent again", r.FoundByPeople+r.SentAgain, r.FoundByPeople, r.SentAgain)
}
