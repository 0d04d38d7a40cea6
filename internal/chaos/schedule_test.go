// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"testing"
)

func draw(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func TestScheduleIsAFunctionOfTheSeed(t *testing.T) {
	for _, setting := range settings {
		one := schedule(draw(7), setting.mix, 200, Steps)
		if again := schedule(draw(7), setting.mix, 200, Steps); !reflect.DeepEqual(one, again) {
			t.Errorf("%s: the same seed gives two schedules", setting.name)
		}
		if other := schedule(draw(8), setting.mix, 200, Steps); reflect.DeepEqual(one, other) {
			t.Errorf("%s: two seeds give the same schedule", setting.name)
		}
	}
}

func TestScheduleMeetsEveryStepAndKind(t *testing.T) {
	s := &suite{options: Options{Seed: 7, Faults: 1000, Outages: 12}}
	kinds, steps, total := map[Kind]int{KindOutage: 12}, map[string]int{}, 0
	for i := range settings {
		for _, f := range s.faultsOf(settings, i, draw(uint64(i))) {
			total++
			kinds[f.kind]++
			if f.kind == KindStep {
				steps[f.step]++
			}
		}
	}
	if total != 1000-12 {
		t.Errorf("%d faults are planned, want 988", total)
	}
	for _, kind := range Kinds {
		if kinds[kind] == 0 {
			t.Errorf("there is no %s", kind)
		}
	}
	for _, step := range Steps {
		if steps[step] < 10 {
			t.Errorf("the step %s is met %d times", step, steps[step])
		}
	}
}

func TestShortMeetsEveryStepOnce(t *testing.T) {
	o := Short(Options{Seed: 7})
	s := &suite{options: o}
	chosen := slices.DeleteFunc(slices.Clone(settings), func(setting setting) bool { return !slices.Contains(o.Worlds, setting.name) })
	var met []string
	for i := range chosen {
		for _, f := range s.faultsOf(chosen, i, draw(uint64(i))) {
			if f.kind == KindStep {
				met = append(met, f.step)
			}
		}
	}
	slices.Sort(met)
	if want := slices.Sorted(slices.Values(Steps)); !slices.Equal(met, want) {
		t.Errorf("met are %q, want %q", met, want)
	}
}

// TestStepsAreThoseOfTheOperator holds the list to the source: a failpoint that is
// not in it would never be met.
func TestStepsAreThoseOfTheOperator(t *testing.T) {
	hit := regexp.MustCompile(`failpoint\.Hit\("([^"]+)"\)`)
	found := map[string]bool{}
	for _, room := range []string{"../../controllers", "../redeem", "../grant", "../app", "../../webhook/oauth"} {
		files, err := filepath.Glob(filepath.Join(room, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", room, len(files), err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range hit.FindAllSubmatch(source, -1) {
				found[string(match[1])] = true
			}
		}
	}
	want := slices.Sorted(slices.Values(Steps))
	if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, want) {
		t.Errorf("the operator has the failpoints %q, the suite knows %q", got, want)
	}
	for _, step := range stopSteps {
		if !found[step] {
			t.Errorf("there is no step %s to stop at", step)
		}
	}
}

func TestOrdersComeBackFirst(t *testing.T) {
	o := newOrders([]fault{{kind: KindStep, step: "a"}, {kind: KindX}, {kind: KindStop, step: "b"}})
	first := o.take()
	o.giveBack(first)
	o.done()
	got := []*fault{o.take(), o.take(), o.take()}
	if got[0] != first || got[1].step != "b" || got[2] != nil || o.count() != 1 {
		t.Errorf("got %v, %d done", got, o.count())
	}
}
