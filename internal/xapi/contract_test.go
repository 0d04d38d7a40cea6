// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/xapi"
)

// description is where X's own description of its API is kept beside the
// repository, if it is: it is not ours to keep.
const description = "../../../shared/data/x-api-openapi-2.167.json"

// schema is as much of OpenAPI's schema as X uses for what we send.
type schema struct {
	Ref        string            `json:"$ref"`
	Type       string            `json:"type"`
	Pattern    string            `json:"pattern"`
	Enum       []any             `json:"enum"`
	Minimum    *float64          `json:"minimum"`
	Maximum    *float64          `json:"maximum"`
	MinItems   *int              `json:"minItems"`
	MaxItems   *int              `json:"maxItems"`
	Items      *schema           `json:"items"`
	Required   []string          `json:"required"`
	Properties map[string]schema `json:"properties"`
}

type parameter struct {
	Ref      string `json:"$ref"`
	Name     string `json:"name"`
	In       string `json:"in"`
	Required bool   `json:"required"`
	Schema   schema `json:"schema"`
}

type operation struct {
	Parameters  []parameter `json:"parameters"`
	RequestBody struct {
		Content map[string]struct {
			Schema schema `json:"schema"`
		} `json:"content"`
	} `json:"requestBody"`
}

type openAPI struct {
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas    map[string]schema    `json:"schemas"`
		Parameters map[string]parameter `json:"parameters"`
	} `json:"components"`
}

func describedAPI(t *testing.T) openAPI {
	t.Helper()
	raw, err := os.ReadFile(description)
	if os.IsNotExist(err) {
		t.Skip("X's description of its API is not here")
	}
	if err != nil {
		t.Fatal(err)
	}
	var api openAPI
	if err := json.Unmarshal(raw, &api); err != nil {
		t.Fatal(err)
	}
	return api
}

// TestContract holds what we send against X's description.
func TestContract(t *testing.T) {
	api := describedAPI(t)
	transport := &canned{status: 500}
	client := clientOn("https://x.test", transport)
	page := xapi.PageRequest{MaxResults: 3, PageToken: "n", SinceID: "1", UntilID: "9", StartTime: now, EndTime: now.Add(time.Hour)}
	ids := slices.Repeat([]string{"1346889436626259968"}, 100)
	for path, call := range map[string]func() error{
		"get /2/users/me": func() error { _, err := client.Me(t.Context(), access); return err },
		"get /2/tweets":   func() error { _, err := client.PostsByIDs(t.Context(), access, ids); return err },
		"post /2/tweets": func() error {
			_, err := client.CreatePost(t.Context(), access, xapi.PostRequest{
				Text: "a", InReplyTo: "1", MediaIDs: []string{"1", "2", "3", "4"}, ReplySettings: "mentionedUsers", MadeWithAI: true,
			})
			return err
		},
		"delete /2/tweets/{id}": func() error { return client.DeletePost(t.Context(), access, "1") },
		"get /2/users/{id}/mentions": func() error {
			_, err := client.Mentions(t.Context(), access, "1", page)
			return err
		},
		"get /2/users/{id}/tweets": func() error {
			_, err := client.UserPosts(t.Context(), access, "1", page)
			return err
		},
		"get /2/users/{id}/timelines/reverse_chronological": func() error {
			_, err := client.HomeTimeline(t.Context(), access, "1", page)
			return err
		},
	} {
		transport.request, transport.sent = nil, ""
		if got := xapi.KindOf(call()); got != xapi.KindUnknown || transport.request == nil {
			t.Fatalf("%s: the request was not sent: %s", path, got)
		}
		method, template, _ := strings.Cut(path, " ")
		described, ok := api.Paths[template][method]
		if !ok {
			t.Errorf("%s is not described", path)
		}
		if !strings.EqualFold(method, transport.request.Method) || !fits(template, transport.request.URL.Path) {
			t.Errorf("%s: sent %s %s", path, transport.request.Method, transport.request.URL.Path)
		}
		for _, fault := range api.faults(described, transport.request, transport.sent) {
			t.Errorf("%s: %s", path, fault)
		}
	}
}

// TestContractOfAnswers holds the names that we read against X's description.
func TestContractOfAnswers(t *testing.T) {
	api := describedAPI(t)
	for name, members := range map[string][]string{
		"Post": {
			"id", "text", "author_id", "created_at", "conversation_id", "in_reply_to_user_id", "referenced_posts",
		},
		"User":                    {"id", "username", "name"},
		"Expansions":              {"users"},
		"CreatePostsResponseData": {"id", "text"},
		"DeletePostsResponseData": {"deleted"},
		"ResourceNotFoundProblem": {"type", "title", "detail"},
	} {
		for _, member := range members {
			if _, ok := api.Components.Schemas[name].Properties[member]; !ok {
				t.Errorf("%s has no %s", name, member)
			}
		}
	}
}

// fits tells whether a path is one of a template's.
func fits(template, path string) bool {
	pattern := regexp.MustCompile(`\{[a-z_]+\}`).ReplaceAllString(template, `[0-9]+`)
	return regexp.MustCompile("^" + pattern + "$").MatchString(path)
}

// faults are what a request does that its description does not allow.
func (a openAPI) faults(described operation, request *http.Request, body string) []string {
	faults := a.queryFaults(described, request.URL.Query())
	content, wanted := described.RequestBody.Content["application/json"]
	if wanted != (body != "") {
		return append(faults, "a body where none belongs, or none where one does")
	}
	if !wanted {
		return faults
	}
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		return append(faults, err.Error())
	}
	return append(faults, a.valueFaults("body", content.Schema, value)...)
}

func (a openAPI) queryFaults(described operation, query url.Values) []string {
	var faults []string
	for _, parameter := range described.Parameters {
		if parameter.Ref != "" {
			parameter = a.Components.Parameters[strings.TrimPrefix(parameter.Ref, "#/components/parameters/")]
		}
		if parameter.In != "query" {
			continue
		}
		text := query.Get(parameter.Name)
		query.Del(parameter.Name)
		switch {
		case text == "" && parameter.Required:
			faults = append(faults, "no parameter "+parameter.Name)
		case text != "":
			faults = append(faults, a.valueFaults(parameter.Name, parameter.Schema, fromText(a.resolve(parameter.Schema), text))...)
		}
	}
	for name := range query {
		faults = append(faults, "an unknown parameter "+name)
	}
	return faults
}

// fromText is a parameter's value: X's lists are parted by commas.
func fromText(s schema, text string) any {
	var number float64
	switch s.Type {
	case "array":
		var items []any
		for _, item := range strings.Split(text, ",") {
			items = append(items, item)
		}
		return items
	case "integer":
		if _, err := fmt.Sscan(text, &number); err == nil {
			return number
		}
	}
	return text
}

func (a openAPI) resolve(s schema) schema {
	for s.Ref != "" {
		s = a.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	return s
}

// valueFaults holds a value against a schema.
func (a openAPI) valueFaults(at string, s schema, value any) []string {
	s = a.resolve(s)
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, value) {
		return []string{fmt.Sprintf("%s: %v is none of %v", at, value, s.Enum)}
	}
	var faults []string
	switch value := value.(type) {
	case string:
		if s.Type != "string" || s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(value) {
			faults = append(faults, fmt.Sprintf("%s: %q is no %s %s", at, value, s.Type, s.Pattern))
		}
	case float64:
		if s.Type != "integer" || s.Minimum != nil && value < *s.Minimum || s.Maximum != nil && value > *s.Maximum {
			faults = append(faults, fmt.Sprintf("%s: %v is no such %s", at, value, s.Type))
		}
	case bool:
		if s.Type != "boolean" {
			faults = append(faults, at+": a boolean is no "+s.Type)
		}
	case []any:
		faults = a.listFaults(at, s, value)
	case map[string]any:
		faults = a.objectFaults(at, s, value)
	}
	return faults
}

func (a openAPI) listFaults(at string, s schema, items []any) []string {
	if s.Type != "array" || s.MinItems != nil && len(items) < *s.MinItems || s.MaxItems != nil && len(items) > *s.MaxItems {
		return []string{fmt.Sprintf("%s: %d items are no such %s", at, len(items), s.Type)}
	}
	var faults []string
	for _, item := range items {
		faults = append(faults, a.valueFaults(at, *s.Items, item)...)
	}
	return faults
}

func (a openAPI) objectFaults(at string, s schema, members map[string]any) []string {
	var faults []string
	for _, name := range s.Required {
		if _, ok := members[name]; !ok {
			faults = append(faults, at+": no "+name)
		}
	}
	for name, value := range members {
		member, ok := s.Properties[name]
		if !ok {
			faults = append(faults, at+": an unknown "+name)
			continue
		}
		faults = append(faults, a.valueFaults(at+"."+name, member, value)...)
	}
	return faults
}
