// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package weight_test

import (
	"os"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/agentconnect/x-operator/internal/xapi/weight"
)

// vectors is where X's own test vectors are kept beside the repository, if they
// are: they are not ours to keep.
const vectors = "../../../../shared/data/twitter-text/validate.yml"

type vector struct {
	Description string `json:"description"`
	Text        string `json:"text"`
	Expected    struct {
		WeightedLength int  `json:"weightedLength"`
		Valid          bool `json:"valid"`
	} `json:"expected"`
}

// TestConformance weighs X's vectors. WeightedTweetsCounterTest is for an older
// configuration in which emoji weigh by their characters, and is left out.
func TestConformance(t *testing.T) {
	raw, err := os.ReadFile(vectors)
	if os.IsNotExist(err) {
		t.Skip("X's test vectors are not here")
	}
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Tests struct {
			Discounted  []vector `json:"WeightedTweetsWithDiscountedEmojiCounterTest"`
			Directional []vector `json:"UnicodeDirectionalMarkerCounterTest"`
		} `json:"tests"`
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	all := append(file.Tests.Discounted, file.Tests.Directional...)
	if len(all) < 20 {
		t.Fatalf("only %d vectors were read", len(all))
	}
	for _, v := range all {
		got, valid := weight.Weigh(v.Text)
		if got != v.Expected.WeightedLength || valid != v.Expected.Valid {
			t.Errorf("%s: %d, %v; want %d, %v", v.Description, got, valid, v.Expected.WeightedLength, v.Expected.Valid)
		}
	}
}
