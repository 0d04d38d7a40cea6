// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package playground

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/app"
	"github.com/agentconnect/x-operator/internal/controlplane"
	"github.com/agentconnect/x-operator/internal/envtest"
	"github.com/agentconnect/x-operator/internal/manifests"
	"github.com/agentconnect/x-operator/internal/xapi"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// patience bounds every wait for something that must happen.
const patience = time.Minute

// operator is the operator, whole, on a control plane: its people consent at our
// simulator, and all else that it calls is the playground.
type operator struct {
	*account
	plane     *controlplane.ControlPlane
	x         *xsim.Server
	namespace string
	// pages and door are the addresses of the consent pages and of the agents' door.
	pages, door string
}

// TestOperator: an account is connected, objects publish a post, a reply and a
// thread, and an agent publishes and reads through its door.
func TestOperator(t *testing.T) {
	o := &operator{account: signIn(t), x: xsim.New(xsim.Config{}), pages: envtest.FreeAddress(t), door: envtest.FreeAddress(t)}
	o.start(playground(t))
	o.connects()
	post := o.publishes("post", v1alpha1.XPostSpec{Text: "an object"})
	o.publishes("reply", v1alpha1.XPostSpec{Text: "an answer", ReplyTo: post[0]})
	o.publishes("thread", v1alpha1.XPostSpec{Thread: []string{"one", "two", "three"}})
	o.agentWorks()
}

// start starts a control plane with the shipped manifests, and the operator on it.
func (o *operator) start(apiURL string) {
	o.t.Helper()
	ctrl.SetLogger(logr.Discard())
	ctx, cancel := context.WithCancel(context.Background())
	plane, err := controlplane.Start(ctx, controlplane.Options{Progress: os.Stderr})
	o.must(err)
	_, err = manifests.Install(ctx, plane)
	o.must(err)
	oauth := httptest.NewServer(o.x)
	o.plane = plane
	stopped := make(chan error)
	go func() {
		stopped <- app.Run(ctx, plane.Config(), app.Options{
			CallbackBaseURL:     "http://" + o.pages,
			CallbackBindAddress: o.pages,
			AgentBindAddress:    o.door,
			AgentAudience:       app.DefaultAgentAudience,
			GrantNamespace:      manifests.Namespace,
			Components:          []app.Component{app.ComponentControllers, app.ComponentCallback, app.ComponentAgent},
			Endpoints: xapi.Endpoints{
				AuthorizeURL: oauth.URL + xsim.PathAuthorize,
				TokenURL:     oauth.URL + xsim.PathToken,
				RevokeURL:    oauth.URL + xsim.PathRevoke,
				APIURL:       apiURL,
			},
			MaxConcurrentReconciles: 2,
			MetricsBindAddress:      "0",
			HealthProbeBindAddress:  "0",
		})
	}()
	o.t.Cleanup(func() {
		cancel()
		if err := <-stopped; err != nil && !errors.Is(err, context.Canceled) {
			o.t.Errorf("the operator ended with %v", err)
		}
		oauth.Close()
		o.must(plane.Stop())
	})
}

func (o *operator) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *operator) create(object client.Object) {
	o.t.Helper()
	o.must(o.plane.Client().Create(o.t.Context(), object))
}

// until waits until something holds of an object.
func (o *operator) until(what string, object client.Object, holds func() bool) {
	o.t.Helper()
	err := wait.PollUntilContextTimeout(o.t.Context(), 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		return holds(), o.plane.Client().Get(ctx, client.ObjectKeyFromObject(object), object)
	})
	if err != nil {
		o.t.Fatalf("waiting for %s: %v; the object is %+v", what, err, object)
	}
}

// connects makes an app and a connection, and consents at our simulator. Whose
// account it is, the operator learns from the playground.
func (o *operator) connects() {
	o.t.Helper()
	var err error
	o.namespace, err = o.plane.CreateNamespace(o.t.Context(), "tenant-", nil)
	o.must(err)
	o.x.RegisterApp(xsim.App{ClientID: "id", ClientSecret: "client-secret", RedirectURIs: []string{"http://" + o.pages + "/oauth2/callback"}})
	o.x.RegisterAccount("jane_doe")
	o.create(&corev1.Secret{
		ObjectMeta: o.named("app", map[string]string{v1alpha1.LabelApp: v1alpha1.LabelAppValue}),
		StringData: map[string]string{v1alpha1.AppKeyClientID: "id", v1alpha1.AppKeyClientSecret: "client-secret"},
	})
	conn := &v1alpha1.XConnection{
		ObjectMeta: o.named("agent", nil),
		Spec:       v1alpha1.XConnectionSpec{AuthMethod: v1alpha1.AuthOwn, AppSecretRef: &v1alpha1.SecretReference{Name: "app"}},
	}
	o.create(conn)
	o.until("a link", conn, func() bool { return conn.Status.AuthorizeURL != "" })
	_, err = xsim.Consent(o.t.Context(), nil, conn.Status.AuthorizeURL, xsim.Choice{Account: "jane_doe"})
	o.must(err)
	o.until("the connection", conn, func() bool { return meta.IsStatusConditionTrue(conn.Status.Conditions, v1alpha1.ConditionReady) })
	if conn.Status.Username != o.Username || conn.Status.UserID != o.ID {
		o.t.Errorf("connected to %s (%s), want %s (%s)", conn.Status.Username, conn.Status.UserID, o.Username, o.ID)
	}
}

func (o *operator) named(name string, labels map[string]string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: o.namespace, Name: name, Labels: labels}
}

// publishes makes an XPost and gives the ids, once the playground has each text.
func (o *operator) publishes(name string, spec v1alpha1.XPostSpec) (ids []string) {
	o.t.Helper()
	spec.ConnectionRef = v1alpha1.ConnectionReference{Name: "agent"}
	post := &v1alpha1.XPost{ObjectMeta: o.named(name, nil), Spec: spec}
	o.create(post)
	o.until(name+" to be published", post, func() bool { return meta.IsStatusConditionTrue(post.Status.Conditions, v1alpha1.ConditionReady) })
	var wanted []xapi.Post
	for i, text := range append(spec.Thread, spec.Text)[:len(post.Status.Posts)] {
		ids = append(ids, post.Status.Posts[i].ID)
		wanted = append(wanted, xapi.Post{ID: ids[i], Text: text})
	}
	found, err := o.PostsByIDs(o.t.Context(), o.access, ids)
	o.must(err)
	o.shows(name, found, wanted...)
	return ids
}

// agent is a service account that may publish.
type agent struct{ token string }

// RoundTrip implements http.RoundTripper: it adds the token.
func (a agent) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("Authorization", "Bearer "+a.token)
	return http.DefaultTransport.RoundTrip(request)
}

// session opens the agent's door, once RBAC knows of the role.
func (o *operator) session() *mcp.ClientSession {
	o.t.Helper()
	o.create(&corev1.ServiceAccount{ObjectMeta: o.named("bot", nil)})
	o.create(&rbacv1.RoleBinding{
		ObjectMeta: o.named("bot", nil),
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: o.namespace, Name: "bot"}},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "x-operator-agent-poster"},
	})
	config, err := o.plane.ServiceAccountConfig(o.t.Context(), o.namespace, "bot", app.DefaultAgentAudience)
	o.must(err)
	var session *mcp.ClientSession
	o.until("the agents' door", &corev1.ServiceAccount{ObjectMeta: o.named("bot", nil)}, func() bool {
		session, err = mcp.NewClient(&mcp.Implementation{Name: "agent"}, nil).Connect(o.t.Context(), &mcp.StreamableClientTransport{
			Endpoint: "http://" + o.door + "/connections/" + o.namespace + "/agent/mcp", HTTPClient: &http.Client{Transport: agent{config.BearerToken}},
			MaxRetries: -1, DisableStandaloneSSE: true,
		}, nil)
		return err == nil
	})
	o.t.Cleanup(func() { _ = session.Close() })
	return session
}

// agentWorks walks through the tools. The agent mentions its own account, so that
// there is a mention.
func (o *operator) agentWorks() {
	session := o.session()
	call := func(tool, want string, arguments map[string]any) string {
		o.t.Helper()
		result, err := session.CallTool(o.t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
		o.must(err)
		text := result.Content[0].(*mcp.TextContent).Text
		if result.IsError || !strings.Contains(text, want) {
			o.t.Fatalf("%s says no %q: %s", tool, want, text)
		}
		return text
	}
	word := rand.Text()
	call("whoami", `"username":"`+o.Username+`"`, nil)
	call("publish_post", `"state":"Published"`, map[string]any{"text": "@" + o.Username + " " + word, "requestID": word})
	call("read_mentions", word, nil)
	call("read_timeline", word, nil)
	call("read_timeline", word, map[string]any{"of": "home"})
	page, err := o.UserPosts(o.t.Context(), o.access, o.ID, xapi.PageRequest{StartTime: time.Now().Add(-patience)})
	mention := o.list("own posts", page, err)[0].ID
	call("read_posts", word, map[string]any{"ids": []string{mention}})
	call("reply", `"state":"Published"`, map[string]any{"to": mention, "text": "an answer to " + word, "requestID": "answer-" + word})
	call("delete_post", `"state":"Deleted"`, map[string]any{"id": mention})
}
