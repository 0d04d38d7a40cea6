// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

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
	OneOf      []schema          `json:"oneOf"`
}

// content is a body by its media type.
type content map[string]struct {
	Schema schema `json:"schema"`
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
		Content content `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Content content `json:"content"`
	} `json:"responses"`
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

// calls are all calls to the API, as the description names them, each with every
// form of request that we send.
func calls(ctx context.Context, client *xapi.Client) map[string][]func() error {
	ids := slices.Repeat([]string{"1346889436626259968"}, 100)
	return map[string][]func() error{
		"Me get /2/users/me":               {func() error { _, err := client.Me(ctx, access); return err }},
		"DeletePost delete /2/tweets/{id}": {func() error { return client.DeletePost(ctx, access, "1") }},
		"PostsByIDs get /2/tweets": {
			func() error { _, err := client.PostsByIDs(ctx, access, ids); return err },
			func() error { _, err := client.PostsByIDs(ctx, access, ids[:1]); return err },
		},
		"CreatePost post /2/tweets": posts(ctx, client),
		"Mentions get /2/users/{id}/mentions": pages(func(page xapi.PageRequest) error {
			_, err := client.Mentions(ctx, access, "1", page)
			return err
		}),
		"UserPosts get /2/users/{id}/tweets": pages(func(page xapi.PageRequest) error {
			_, err := client.UserPosts(ctx, access, "1", page)
			return err
		}),
		"HomeTimeline get /2/users/{id}/timelines/reverse_chronological": pages(func(page xapi.PageRequest) error {
			_, err := client.HomeTimeline(ctx, access, "1", page)
			return err
		}),
	}
}

// posts are the bodies: a post, each setting of who may reply, and the later post of a
// thread or a reply, which are one to X.
func posts(ctx context.Context, client *xapi.Client) []func() error {
	requests := []xapi.PostRequest{
		{Text: "a"},
		{Text: "a", InReplyTo: "1346889436626259968"},
		{Text: "a", InReplyTo: "1", ReplySettings: "verified", MadeWithAI: true},
	}
	for _, setting := range []string{"following", "mentionedUsers", "subscribers", "verified"} {
		requests = append(requests, xapi.PostRequest{Text: "a", ReplySettings: setting})
	}
	var all []func() error
	for _, request := range requests {
		all = append(all, func() error { _, err := client.CreatePost(ctx, access, request); return err })
	}
	return all
}

// pages are the forms of a list: X's own choice, every bound, and more and fewer
// posts than X gives.
func pages(list func(xapi.PageRequest) error) []func() error {
	full := xapi.PageRequest{PageToken: "n", SinceID: "1", StartTime: now}
	few, many := full, full
	few.MaxResults, many.MaxResults = 1, 1000
	return []func() error{
		func() error { return list(xapi.PageRequest{}) },
		func() error { return list(full) },
		func() error { return list(few) },
		func() error { return list(many) },
	}
}

// TestContract holds everything that we send against X's description.
func TestContract(t *testing.T) {
	api := describedAPI(t)
	transport := &canned{status: 500}
	for name, forms := range calls(t.Context(), clientOn("https://x.test", transport)) {
		_, path, _ := strings.Cut(name, " ")
		method, template, _ := strings.Cut(path, " ")
		described, ok := api.Paths[template][method]
		if !ok {
			t.Errorf("%s is not described", path)
		}
		for i, call := range forms {
			transport.request, transport.sent = nil, ""
			if got := xapi.KindOf(call()); got != xapi.KindUnknown || transport.request == nil {
				t.Fatalf("%s, form %d: the request was not sent: %s", name, i, got)
			}
			if !strings.EqualFold(method, transport.request.Method) || !fits(template, transport.request.URL.Path) {
				t.Errorf("%s, form %d: sent %s %s", name, i, transport.request.Method, transport.request.URL.Path)
			}
			for _, fault := range api.faults(described, transport.request, transport.sent) {
				t.Errorf("%s, form %d: %s", name, i, fault)
			}
		}
	}
}

// TestContractIsWhole: a method of Client is either held against the description, or
// calls nothing that X describes: OAuth is RFC 6749's and RFC 7009's.
func TestContractIsWhole(t *testing.T) {
	held := []string{"Exchange", "Refresh", "Revoke", "AuthorizeURL", "Telling"}
	for name := range calls(t.Context(), clientOn("https://x.test", &canned{})) {
		method, _, _ := strings.Cut(name, " ")
		held = append(held, method)
	}
	for method := range reflect.TypeFor[*xapi.Client]().Methods() {
		if !slices.Contains(held, method.Name) {
			t.Errorf("Client.%s is not held against X's description", method.Name)
		}
	}
}

// TestContractOfAnswers holds every member that we read against what X describes of
// that very answer.
func TestContractOfAnswers(t *testing.T) {
	api := describedAPI(t)
	post := strings.Fields(`data.id data.text data.author_id data.created_at data.conversation_id data.in_reply_to_user_id
		data.referenced_posts.type data.referenced_posts.id includes.users.id includes.users.username`)
	problems := strings.Fields("errors.type errors.title errors.detail")
	list := slices.Concat(post, problems, []string{"meta.next_token"})
	for answer, members := range map[string][]string{
		"get /2/users/me 200":                                   slices.Concat(strings.Fields("data.id data.username data.name"), problems),
		"post /2/tweets 201":                                    slices.Concat(strings.Fields("data.id data.text"), problems),
		"delete /2/tweets/{id} 200":                             slices.Concat(strings.Fields("data.deleted"), problems),
		"get /2/tweets 200":                                     slices.Concat(post, problems),
		"get /2/users/{id}/mentions 200":                        list,
		"get /2/users/{id}/tweets 200":                          list,
		"get /2/users/{id}/timelines/reverse_chronological 200": list,
	} {
		part := strings.Fields(answer)
		described := api.Paths[part[1]][part[0]].Responses[part[2]].Content["application/json"].Schema
		for _, member := range members {
			if !api.has(described, strings.Split(member, ".")) {
				t.Errorf("the answer %s has no %s", answer, member)
			}
		}
	}
}

// has tells whether a value of a schema may have a member, by its path: lists are
// looked into, and of alternatives each must have it.
func (a openAPI) has(s schema, path []string) bool {
	s = a.resolve(s)
	if s.Items != nil {
		s = a.resolve(*s.Items)
	}
	if len(s.OneOf) > 0 {
		return !slices.ContainsFunc(s.OneOf, func(one schema) bool { return !a.has(one, path) })
	}
	member, ok := s.Properties[path[0]]
	return ok && (len(path) == 1 || a.has(member, path[1:]))
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
