// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package life

import (
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/app"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// agentPod is what a pod of an agent has: its service account's token, and the
// addresses of the door's replicas, one after the other as a Service gives them.
type agentPod struct {
	*tenant
	token string
	calls atomic.Int32
}

// agentPod makes a service account with one of the shipped roles, or none, and gives
// its token for an audience; empty is the API server's own.
func (tn *tenant) agentPod(name, role, audience string) *agentPod {
	tn.t.Helper()
	tn.create(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: tn.namespace, Name: name}})
	if role != "" {
		tn.create(&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: tn.namespace, Name: name},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: tn.namespace, Name: name}},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		})
	}
	var audiences []string
	if audience != "" {
		audiences = []string{audience}
	}
	config, err := tn.plane.ServiceAccountConfig(tn.t.Context(), tn.namespace, name, audiences...)
	if err != nil {
		tn.t.Fatal(err)
	}
	pod := &agentPod{tenant: tn, token: config.BearerToken}
	tn.t.Cleanup(func() {
		if strings.Contains(tn.logs.String(), pod.token) {
			tn.t.Error("the logs show a service account's token")
		}
	})
	return pod
}

// RoundTrip implements http.RoundTripper: it adds the token, and chooses a replica.
func (p *agentPod) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("Authorization", "Bearer "+p.token)
	request.URL.Host = p.doors[int(p.calls.Add(1))%len(p.doors)]
	return http.DefaultTransport.RoundTrip(request)
}

func (p *agentPod) address(what string) string {
	return "http://x-operator-agent/connections/" + p.namespace + "/agent/" + what
}

// get asks for something, and gives the status and the body.
func (p *agentPod) get(what string) (int, string) {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.address(what), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	answer, err := (&http.Client{Transport: p}).Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// session connects to the tools, once RBAC knows of the role.
func (p *agentPod) session() *mcp.ClientSession {
	p.t.Helper()
	var session *mcp.ClientSession
	p.waitFor("the door to let the agent in", func() (opened bool) {
		var err error
		session, err = mcp.NewClient(&mcp.Implementation{Name: "agent"}, nil).Connect(p.t.Context(), &mcp.StreamableClientTransport{
			Endpoint: p.address("mcp"), HTTPClient: &http.Client{Transport: p}, MaxRetries: -1, DisableStandaloneSSE: true,
		}, nil)
		return err == nil
	})
	p.t.Cleanup(func() { _ = session.Close() })
	return session
}

// call gives a tool's result, and its text.
func (p *agentPod) call(session *mcp.ClientSession, tool string, arguments map[string]any) (map[string]any, string) {
	p.t.Helper()
	result, err := session.CallTool(p.t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		p.t.Fatalf("%s: %v", tool, err)
	}
	text := result.Content[0].(*mcp.TextContent).Text
	structured, _ := result.StructuredContent.(map[string]any)
	if result.IsError != (structured == nil) {
		p.t.Errorf("%s: error %t, and %v", tool, result.IsError, structured)
	}
	return structured, text
}

// publishes calls a tool that must publish, and gives the ids.
func (p *agentPod) publishes(session *mcp.ClientSession, tool string, arguments map[string]any) []string {
	p.t.Helper()
	result, text := p.call(session, tool, arguments)
	if result["state"] != "Published" {
		p.t.Fatalf("%s: %s", tool, text)
	}
	var ids []string
	for _, post := range result["posts"].([]any) {
		ids = append(ids, post.(map[string]any)["id"].(string))
	}
	return ids
}

// TestAgentPublishes: an agent posts, is answered by either replica, repeats a call
// without posting twice, replies to a stranger and takes a thread back.
func TestAgentPublishes(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	account := tn.publisher()
	bot := tn.agentPod("bot", "x-operator-agent-poster", app.DefaultAgentAudience)
	session := bot.session()
	hello := map[string]any{"text": "hello from a pod", "requestID": "1"}
	first := bot.publishes(session, "publish_post", hello)
	for range 3 {
		if again := bot.publishes(session, "publish_post", hello); !reflect.DeepEqual(again, first) {
			t.Errorf("the same request gave %q, then %q", first, again)
		}
	}
	fan := tn.handle("fan")
	tn.x.RegisterAccount(fan)
	if _, err := tn.x.Publish(fan, "What do you think, @"+account+"?", "", ""); err != nil {
		t.Fatal(err)
	}
	mentions, text := bot.call(session, "read_mentions", nil)
	list, _ := mentions["posts"].([]any)
	if len(list) != 1 {
		t.Fatalf("the mentions are %s", text)
	}
	asked := list[0].(map[string]any)
	bot.publishes(session, "reply", map[string]any{"to": asked["id"], "text": "I think so", "requestID": "2"})
	thread := bot.publishes(session, "publish_thread", map[string]any{"texts": []string{"one", "two"}, "requestID": "3"})
	if result, text := bot.call(session, "delete_post", map[string]any{"id": thread[0], "wholeThread": true}); result["state"] != "Deleted" {
		t.Errorf("the deletion: %s", text)
	}
	tn.wallIs(account, "hello from a pod", "I think so > What do you think, @"+account+"?", "one (deleted)", "two > one (deleted)")

	var posts v1alpha1.XPostList
	if err := tn.plane.Client().List(t.Context(), &posts); err != nil {
		t.Fatal(err)
	}
	for _, post := range posts.Items {
		author := "system:serviceaccount:" + tn.namespace + ":bot"
		if post.Namespace == tn.namespace && post.Annotations[v1alpha1.AnnotationAuthor] != author {
			t.Errorf("the author of %s is %q", post.Name, post.Annotations[v1alpha1.AnnotationAuthor])
		}
	}
}

// TestAgentsAreToldApart: a service account without the right, a token for another
// audience, and a reader that would publish are refused.
func TestAgentsAreToldApart(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	account := tn.publisher()
	for name, test := range map[string]struct {
		role, audience string
		want           int
		says           string
	}{
		"stranger": {"", app.DefaultAgentAudience, http.StatusForbidden, "can't get or create or delete the resource xconnections/skill"},
		"confused": {"x-operator-agent-poster", "", http.StatusUnauthorized, "not valid for this audience"},
		"other":    {"x-operator-agent-poster", "https://other.example", http.StatusUnauthorized, "not valid for this audience"},
	} {
		pod := tn.agentPod(name, test.role, test.audience)
		if status, body := pod.get("mcp"); status != test.want || !strings.Contains(body, test.says) {
			t.Errorf("%s: HTTP %d: %s", name, status, body)
		}
	}
	reader := tn.agentPod("reader", "x-operator-agent-reader", app.DefaultAgentAudience)
	session := reader.session()
	if who, text := reader.call(session, "whoami", nil); who["username"] != account || who["usable"] != true || who["mayPublish"] != false {
		t.Errorf("whoami: %s", text)
	}
	if _, text := reader.call(session, "publish_post", map[string]any{"text": "no", "requestID": "1"}); !strings.HasPrefix(text, "Forbidden: ") {
		t.Errorf("publish_post: %s", text)
	}
	if status, body := reader.get("token"); status != http.StatusForbidden {
		t.Errorf("the token: HTTP %d: %s", status, body)
	}
	elsewhere := newTenant(t)
	elsewhere.publisher()
	intruder := &agentPod{tenant: elsewhere, token: reader.token}
	if status, body := intruder.get("mcp"); status != http.StatusForbidden {
		t.Errorf("another namespace: HTTP %d: %s", status, body)
	}
	tn.wallIs(account)
}

// TestAgentOutlivesRotations: a session goes on while the token is rotated, and the
// token that the door gives is always the current one.
func TestAgentOutlivesRotations(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.publisher()
	conn := &v1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{Namespace: tn.namespace, Name: "agent"}}
	bot := tn.agentPod("bot", "x-operator-agent-poster", app.DefaultAgentAudience)
	client := tn.agentPod("client", "x-operator-agent-token", app.DefaultAgentAudience)
	session := bot.session()
	var seen []string
	for _, request := range []string{"", "please"} {
		if request != "" {
			tn.refreshNow(conn, request)
		}
		for range 2 {
			if _, text := bot.call(session, "read_timeline", nil); !strings.HasPrefix(text, `{"notice"`) {
				t.Errorf("after %d rotations: %s", len(seen), text)
			}
		}
		var given map[string]string
		tn.waitFor("the token", func() bool {
			status, body := client.get("token")
			return status == http.StatusOK && json.Unmarshal([]byte(body), &given) == nil &&
				!strings.Contains(strings.Join(seen, " "), given["access_token"])
		})
		tn.eventually("waiting for the status", conn, func(conn *v1alpha1.XConnection) bool { return conn.Status.Rotation == int64(len(seen)+1) })
		if given["access_token"] != tn.checkToken(conn) {
			t.Error("the door gives another token than the token Secret holds")
		}
		seen = append(seen, given["access_token"])
	}
	tn.x.Inject(xsim.Fault{Kind: xsim.FaultStatus, Status: 401, Endpoint: xsim.EndpointMentions, ClientID: tn.clientID})
	if _, text := bot.call(session, "read_mentions", nil); !strings.HasPrefix(text, "NotConnected: X does not accept the access token") {
		t.Errorf("a token that X refuses: %s", text)
	}
}

// TestAgentAwaitsApproval: where a second person must approve, the agent is told so,
// and learns the outcome by the same request, be it a yes or a no.
func TestAgentAwaitsApproval(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	account := tn.publisher()
	namespace := &corev1.Namespace{}
	if err := tn.plane.Client().Get(t.Context(), types.NamespacedName{Name: tn.namespace}, namespace); err != nil {
		t.Fatal(err)
	}
	namespace.Labels[v1alpha1.LabelPostApproval] = string(v1alpha1.ApprovalRequired)
	tn.update(namespace)
	bot := tn.agentPod("bot", "x-operator-agent-poster", app.DefaultAgentAudience)
	session := bot.session()
	request := map[string]any{"text": "may I?", "requestID": "1"}
	result, text := bot.call(session, "publish_post", request)
	if result["state"] != "Pending" || result["reason"] != v1alpha1.ReasonAwaitingApproval {
		t.Fatalf("before the approval: %s", text)
	}
	tn.wallIs(account)
	object, _ := result["object"].(string)
	post := &v1alpha1.XPost{ObjectMeta: metav1.ObjectMeta{Namespace: tn.namespace, Name: object}}
	tn.postReaches(post, v1alpha1.ReasonAwaitingApproval, whenWaiting...)
	tn.approve(post, 1)
	tn.published(post)
	bot.publishes(session, "publish_post", request)
	request = map[string]any{"text": "and this?", "requestID": "2"}
	result, _ = bot.call(session, "publish_post", request)
	object, _ = result["object"].(string)
	post = &v1alpha1.XPost{ObjectMeta: metav1.ObjectMeta{Namespace: tn.namespace, Name: object}}
	tn.postReaches(post, v1alpha1.ReasonAwaitingApproval, whenWaiting...)
	tn.annotatePost(post, v1alpha1.AnnotationRejectedGeneration, "1")
	tn.postReaches(post, v1alpha1.ReasonRejected, whenRefused...)
	if _, text := bot.call(session, "publish_post", request); !strings.HasPrefix(text, "Rejected: ") || !strings.Contains(text, "do not publish it again") {
		t.Errorf("after the rejection: %s", text)
	}
	tn.wallIs(account, "may I?")
}
