// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"sigs.k8s.io/yaml"
)

// readFacts decodes one of X's own files, which are not part of this project.
func readFacts(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", filepath.FromSlash(name)))
	if os.IsNotExist(err) {
		t.Skip("X's own files are not here")
	}
	if err == nil {
		err = yaml.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// description is the part of X's API description that is compared.
type description struct {
	Paths map[string]map[string]struct {
		Parameters []struct {
			Name   string
			Schema struct {
				Minimum, Maximum int
				Items            struct{ Enum []string }
			}
		}
	}
	Components struct {
		Schemas map[string]struct {
			Properties map[string]json.RawMessage
		}
		SecuritySchemes map[string]struct {
			Flows struct {
				AuthorizationCode struct{ Scopes map[string]string }
			}
		}
	}
}

const descriptionFile = "x-api-openapi-2.167.json"

func TestPostBodyKnowsTheFieldsOfTheDescription(t *testing.T) {
	var api description
	readFacts(t, descriptionFile, &api)
	for name, part := range map[string]any{
		"CreatePostsRequest": postBody{}, "CreatePostsReply": postReply{}, "CreatePostsMedia": postMedia{}, "CreatePostsPoll": postPoll{},
	} {
		var got, want []string
		for _, field := range reflect.VisibleFields(reflect.TypeOf(part)) {
			got = append(got, field.Tag.Get("json"))
		}
		for property := range api.Components.Schemas[name].Properties {
			want = append(want, property)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

func TestScopesAreThoseOfTheDescription(t *testing.T) {
	var api description
	readFacts(t, descriptionFile, &api)
	var want []string
	for scope := range api.Components.SecuritySchemes["OAuth2UserToken"].Flows.AuthorizationCode.Scopes {
		want = append(want, scope)
	}
	slices.Sort(want)
	if got := slices.Sorted(slices.Values(scopesOfX)); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTimelinesTakeTheParametersOfTheDescription(t *testing.T) {
	var api description
	readFacts(t, descriptionFile, &api)
	samples := map[string]string{
		"max_results": "7", "since_id": "1", "until_id": "1", "pagination_token": nextToken("1"),
		"start_time": "2026-08-01T12:00:00Z", "end_time": "2026-08-01T12:00:00Z", "exclude": "replies,retweets",
	}
	for path, least := range map[string]int{
		"/2/users/{id}/mentions": 5, "/2/users/{id}/tweets": 5, "/2/users/{id}/timelines/reverse_chronological": 1,
	} {
		for _, parameter := range api.Paths[path]["get"].Parameters {
			values := parameter.Schema.Items.Enum
			if sample, ok := samples[parameter.Name]; ok {
				values = []string{sample}
			}
			for _, value := range values {
				var q timelineQuery
				if complaint := q.set(parameter.Name, value, least); complaint != "" && parameter.Name != "id" {
					t.Errorf("%s: %s", path, complaint)
				}
			}
			if parameter.Name == "max_results" && (parameter.Schema.Minimum != least || parameter.Schema.Maximum != 100) {
				t.Errorf("%s: max_results is %d to %d", path, parameter.Schema.Minimum, parameter.Schema.Maximum)
			}
		}
	}
}

func TestLookupTakesTheParametersOfTheDescription(t *testing.T) {
	var api description
	readFacts(t, descriptionFile, &api)
	parameters := api.Paths["/2/tweets"]["get"].Parameters
	if len(parameters) == 0 {
		t.Fatal("the description has no lookup of posts")
	}
	for _, parameter := range parameters {
		for _, value := range parameter.Schema.Items.Enum {
			if _, _, complaint := readLookupQuery(url.Values{"ids": {"1"}, parameter.Name: {value}}); complaint != "" {
				t.Errorf("%s: %s", parameter.Name, complaint)
			}
		}
	}
}

func TestLeastLengthIsALowerBoundOnXsExamples(t *testing.T) {
	var file struct {
		Tests map[string]json.RawMessage
	}
	readFacts(t, "twitter-text/validate.yml", &file)
	checked := 0
	for _, name := range []string{
		"WeightedTweetsCounterTest", "WeightedTweetsWithDiscountedEmojiCounterTest", "UnicodeDirectionalMarkerCounterTest",
	} {
		var examples []struct {
			Description, Text string
			Expected          struct{ WeightedLength int }
		}
		if err := json.Unmarshal(file.Tests[name], &examples); err != nil {
			t.Fatal(err)
		}
		for _, example := range examples {
			checked++
			if got := leastLength(example.Text); got > example.Expected.WeightedLength {
				t.Errorf("%s: %d is more than %d", example.Description, got, example.Expected.WeightedLength)
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d examples were found", checked)
	}
}
