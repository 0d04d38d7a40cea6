// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/outcome"
	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/xapi"
)

var errAway = errors.New("the API server is away")

// desk is a reconciler of XPosts with everything around it played: the API server,
// X and the clock.
type desk struct {
	t     *testing.T
	r     *XPostReconciler
	post  *v1alpha1.XPost
	event *events.FakeRecorder

	mu  sync.Mutex
	now time.Time
	// texts are what X was sent; onPost is called before X answers, and may answer in
	// its place.
	texts  []string
	onPost func(http.ResponseWriter) bool
	// reads are how often X was asked for the account's posts, deleted the ids that it
	// was told to delete; onGet and onDelete answer, if set.
	reads           int
	deleted         []string
	onGet, onDelete http.HandlerFunc
	// onStatus, if set, is asked before each write of a status; apply writes it.
	onStatus func(apply func() error) error
}

// newDesk has one post to publish, changed as wanted.
func newDesk(t *testing.T, changes ...func(*postScope)) *desk {
	d := &desk{t: t, now: someTime, event: events.NewFakeRecorder(100)}
	server := httptest.NewServer(http.HandlerFunc(d.answer))
	t.Cleanup(server.Close)
	s := connectedScope()
	s.conn.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue}}
	ready := readyPostScope()
	ready.post.Spec.Text, ready.post.Spec.Thread = "Hello", nil
	for _, change := range changes {
		change(ready)
	}
	d.post = ready.post
	c := d.cluster(s.conn, d.post)
	store := &grant.Store{Client: c, Live: c, Namespace: "operator", ClusterID: "cluster"}
	s.grant.ClusterID = "cluster"
	if _, err := store.Create(t.Context(), s.grant); err != nil {
		t.Fatal(err)
	}
	d.r = &XPostReconciler{
		Client: c, Live: c, Store: store, Keeper: redeem.NewKeeper(), Pacer: pace.New(d.clock),
		X:        xapi.New(xapi.Options{Endpoints: xapi.Endpoints{APIURL: server.URL}, Clock: d.clock}),
		Self:     grant.Holder{Pod: "pod", Start: "start"},
		Recorder: d.event, Now: d.clock,
	}
	return d
}

// cluster plays the API server.
func (d *desk) cluster(objects ...client.Object) client.Client {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			d.t.Fatal(err)
		}
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "customer"}}
	builder := fake.NewClientBuilder().WithScheme(scheme).
		WithObjects(append(objects, namespace)...).
		WithStatusSubresource(&v1alpha1.XPost{}).
		WithInterceptorFuncs(interceptor.Funcs{SubResourcePatch: d.patchStatus})
	for name, values := range postIndexes {
		builder.WithIndex(&v1alpha1.XPost{}, name, func(object client.Object) []string { return values(object.(*v1alpha1.XPost)) })
	}
	return builder.Build()
}

func (d *desk) patchStatus(ctx context.Context, c client.Client, sub string, object client.Object, patch client.Patch, options ...client.SubResourcePatchOption) error {
	apply := func() error { return c.SubResource(sub).Patch(ctx, object, patch, options...) }
	d.mu.Lock()
	hook := d.onStatus
	d.mu.Unlock()
	if hook == nil {
		return apply()
	}
	return hook(apply)
}

func (d *desk) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *desk) advance(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

func (d *desk) note(what func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	what()
}

// answer plays X.
func (d *desk) answer(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
		d.note(func() { d.reads++ })
		orElse(d.onGet, `{"meta":{"result_count":0}}`)(w, r)
		return
	case http.MethodDelete:
		d.note(func() { d.deleted = append(d.deleted, path.Base(r.URL.Path)) })
		orElse(d.onDelete, `{"data":{"deleted":true}}`)(w, r)
		return
	}
	var body struct{ Text string }
	if json.NewDecoder(r.Body).Decode(&body) != nil {
		// A call that its guard stopped ends before its body.
		return
	}
	d.mu.Lock()
	d.texts = append(d.texts, body.Text)
	id, hook := 40+len(d.texts), d.onPost
	d.mu.Unlock()
	if hook != nil && hook(w) {
		return
	}
	w.WriteHeader(http.StatusCreated)
	_, _ = fmt.Fprintf(w, `{"data":{"id":"%d","text":"Hello"}}`, id)
}

// orElse is a handler, or what answers with a text if there is none.
func orElse(handler http.HandlerFunc, text string) http.HandlerFunc {
	if handler != nil {
		return handler
	}
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

// answering answers with a status and a text.
func answering(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

// events gives those that were made until now.
func (d *desk) events() []string {
	var made []string
	for range len(d.event.Events) {
		made = append(made, <-d.event.Events)
	}
	return made
}

// reconcile makes one pass, and gives the object afterwards.
func (d *desk) reconcile(ctx context.Context) (*v1alpha1.XPost, ctrl.Result) {
	d.t.Helper()
	result, err := d.r.Reconcile(ctx, requestOf(d.post))
	if err != nil {
		d.t.Fatal(err)
	}
	return d.stored(), result
}

func (d *desk) stored() *v1alpha1.XPost {
	d.t.Helper()
	post := &v1alpha1.XPost{}
	if err := d.r.Live.Get(d.t.Context(), client.ObjectKeyFromObject(d.post), post); err != nil {
		d.t.Fatal(err)
	}
	return post
}

// once checks that the post is published, and that X was sent it once.
func (d *desk) once(post *v1alpha1.XPost) {
	d.t.Helper()
	if got := sayings(post); got != "Published Published Ready" || len(post.Status.Posts) != 1 || post.Status.Attempt != nil {
		d.t.Errorf("the conditions are %q, the status %+v", got, post.Status)
	}
	d.sent("Hello")
}

func (d *desk) sent(want ...string) {
	d.t.Helper()
	if !slices.Equal(d.texts, want) {
		d.t.Errorf("X was sent %q, want %q", d.texts, want)
	}
}

// statusHook calls the hook at the n-th write of a status, from 1.
func (d *desk) statusHook(n int, hook func(apply func() error) error) {
	writes := 0
	d.onStatus = func(apply func() error) error {
		if writes++; writes == n {
			return hook(apply)
		}
		return apply()
	}
}

func TestAttempt(t *testing.T) {
	d := newDesk(t)
	post, result := d.reconcile(t.Context())
	d.once(post)
	if (result != ctrl.Result{}) {
		t.Errorf("there is nothing left to do, and the result is %+v", result)
	}
	post, _ = d.reconcile(t.Context())
	d.once(post)
}

// The attempt is in the object before X is called.
func TestAttemptIsRecordedFirst(t *testing.T) {
	d := newDesk(t)
	d.onPost = func(http.ResponseWriter) bool {
		post := d.stored()
		if got := sayings(post); post.Status.Attempt == nil || got != saysPublishing {
			t.Errorf("while X is called the conditions are %q, the attempt %+v", got, post.Status.Attempt)
		}
		return false
	}
	post, _ := d.reconcile(t.Context())
	d.once(post)
}

// A write that was applied, and whose answer was lost, is found by reading.
func TestAttemptWithAnAmbiguousRecord(t *testing.T) {
	d := newDesk(t)
	d.statusHook(1, func(apply func() error) error {
		if err := apply(); err != nil {
			t.Error(err)
		}
		return errAway
	})
	post, _ := d.reconcile(t.Context())
	d.once(post)
}

// A write that was not applied when it was read again, and is later: nothing was
// sent, and the attempt is taken back and made anew.
func TestAttemptWithALateRecord(t *testing.T) {
	d := newDesk(t)
	var late func() error
	d.statusHook(1, func(apply func() error) error {
		late = apply
		return errAway
	})
	if _, err := d.r.Reconcile(t.Context(), requestOf(d.post)); !errors.Is(err, errAway) {
		t.Fatalf("the pass ended with %v", err)
	}
	d.sent()
	if err := late(); err != nil {
		t.Fatal(err)
	}
	if d.stored().Status.Attempt == nil {
		t.Fatal("the late write did not come")
	}
	post, _ := d.reconcile(t.Context())
	d.once(post)
	if len(d.r.unsent.ids) > 0 {
		t.Errorf("%v is remembered for ever", d.r.unsent.ids)
	}
}

// An answer is stored whoever writes to the object meanwhile, and however often the
// API server fails.
func TestAnswerIsKept(t *testing.T) {
	d := newDesk(t)
	d.onPost = func(http.ResponseWriter) bool {
		meanwhile := d.stored()
		metav1.SetMetaDataAnnotation(&meanwhile.ObjectMeta, "somebody", "else")
		if err := d.r.Update(t.Context(), meanwhile); err != nil {
			t.Error(err)
		}
		return false
	}
	failures := 0
	d.onStatus = func(apply func() error) error {
		if len(d.texts) > 0 && failures < 3 {
			failures++
			return errAway
		}
		return apply()
	}
	post, _ := d.reconcile(t.Context())
	d.once(post)
	if post.Annotations["somebody"] != "else" || failures != 3 {
		t.Errorf("the annotations are %v after %d failures", post.Annotations, failures)
	}
}

// An attempt that began ends well although its pass was told to stop.
func TestAnswerOutlivesItsPass(t *testing.T) {
	d := newDesk(t)
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	d.onPost = func(http.ResponseWriter) bool {
		cancel()
		<-release
		return false
	}
	d.reconcile(ctx)
	close(release)
	d.r.Keeper.Drain()
	d.once(d.stored())
	if _, err := d.r.Reconcile(t.Context(), requestOf(d.post)); err != nil {
		t.Fatal(err)
	}
	d.once(d.stored())
}

// An operator that is stopping begins nothing.
func TestNoAttemptWhileStopping(t *testing.T) {
	d := newDesk(t)
	d.r.Keeper.Stop()
	d.reconcile(t.Context())
	d.sent()
}

// A process that was paused between the record and the call must not publish.
func TestAttemptIsNotSentLate(t *testing.T) {
	d := newDesk(t)
	d.statusHook(1, func(apply func() error) error {
		d.advance(6 * time.Second)
		return apply()
	})
	post, result := d.reconcile(t.Context())
	d.sent()
	if got := sayings(post); got != "XUnavailable Reconciling" || post.Status.Attempt != nil || result.RequeueAfter == 0 {
		t.Errorf("the conditions are %q, the attempt %+v, the result %+v", got, post.Status.Attempt, result)
	}
	if got, want := post.Status.Conditions[0].Message, outcome.OfKind(xapi.KindAborted).Advice; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	d.advance(time.Minute)
	post, _ = d.reconcile(t.Context())
	d.once(post)
}

// Another process's attempt is left alone, for a minute.
func TestAttemptOfAnother(t *testing.T) {
	d := newDesk(t)
	post := d.stored()
	post.Status.Attempt = &v1alpha1.PostAttempt{ID: "other", StartedAt: metav1.NowMicro(), Holder: v1alpha1.AttemptHolder{Pod: "other", Process: "other"}}
	if err := d.r.Status().Update(t.Context(), post); err != nil {
		t.Fatal(err)
	}
	post, result := d.reconcile(t.Context())
	if got := sayings(post); got != saysPublishing || result.RequeueAfter != time.Minute {
		t.Errorf("the conditions are %q, the result %+v", got, result)
	}
	d.advance(time.Minute)
	post, _ = d.reconcile(t.Context())
	if got := sayings(post); got != saysLooking {
		t.Errorf("after a minute the conditions are %q", got)
	}
	for range len(nextLooks) + 1 {
		d.advance(time.Minute)
		post, _ = d.reconcile(t.Context())
	}
	if got := sayings(post); got != saysAskPerson {
		t.Errorf("after all looks the conditions are %q", got)
	}
	d.sent()
}

// The XPost is deleted while its post is sent: what became of it is not lost
// without a word.
func TestDeletedWhileSending(t *testing.T) {
	d := newDesk(t)
	d.onPost = func(http.ResponseWriter) bool {
		if err := d.r.Delete(t.Context(), d.stored()); err != nil {
			t.Error(err)
		}
		return false
	}
	if _, err := d.r.Reconcile(t.Context(), requestOf(d.post)); err != nil {
		t.Fatal(err)
	}
	want := "Warning Published The XPost was deleted while its post was sent: it is published as https://x.com/jane/status/41"
	if got := <-d.event.Events; got != want {
		t.Errorf("the event is %q, want %q", got, want)
	}
}

// X refuses the token: the grant is told, which has it refreshed, and the post waits
// for that.
func TestRefusedAccessIsToldToTheGrant(t *testing.T) {
	d := newDesk(t)
	d.onPost = func(w http.ResponseWriter) bool {
		w.WriteHeader(http.StatusUnauthorized)
		return true
	}
	post, _ := d.reconcile(t.Context())
	d.sent("Hello")
	if got := sayings(post); got != "NotConnected" || post.Status.Attempt != nil {
		t.Errorf("the conditions are %q, the attempt %+v", got, post.Status.Attempt)
	}
	g, err := d.r.Store.GetLive(t.Context(), halfAnHourAgo)
	if err != nil || !g.AccessRefused() {
		t.Errorf("the grant does not know of the refusal: %+v, %v", g, err)
	}
	d.advance(time.Minute)
	d.reconcile(t.Context())
	d.sent("Hello")
}
