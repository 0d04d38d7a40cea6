// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
)

// RawLoop refreshes tokens with the same call and the same four safe writes as the
// operator, with client-go and nothing else: no cache, no watch, no queue, no
// decision. It is what the operator is measured against.
type RawLoop struct {
	Kubeconfig string
	// Home is the namespace of the grants.
	Home string
	// TokenURL is X's; ClientID and ClientSecret are the app's.
	TokenURL, ClientID, ClientSecret string
	// Due is when to begin. The connections are those that were reset to be due
	// then.
	Due time.Time
	// Workers is how many refreshes are made at once.
	Workers int

	secrets     kubernetes.Interface
	connections rest.Interface
	http        *http.Client
}

// job is one connection as it was listed: what a cache would hold.
type job struct {
	grant, token *corev1.Secret
}

// Run lists the connections, prints a line, waits until they are due, refreshes
// them, and stays until ctx ends, so that its CPU time can be read.
func (l *RawLoop) Run(ctx context.Context, out io.Writer) error {
	if err := l.connect(); err != nil {
		return err
	}
	jobs, err := l.list(ctx)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, len(jobs), "connections are due"); err != nil {
		return err
	}
	if err := pause(ctx, time.Until(l.Due)); err != nil {
		return err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(l.Workers)
	for _, job := range jobs {
		group.Go(func() error { return l.refresh(groupCtx, job) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func (l *RawLoop) connect() error {
	config, err := clientcmd.BuildConfigFromFlags("", l.Kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	custom := rest.CopyConfig(config)
	custom.GroupVersion, custom.APIPath = &v1alpha1.GroupVersion, "/apis"
	custom.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	if l.connections, err = rest.RESTClientFor(custom); err != nil {
		return err
	}
	config.ContentType = runtime.ContentTypeProtobuf
	if l.secrets, err = kubernetes.NewForConfig(config); err != nil {
		return err
	}
	l.http = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: l.Workers}, Timeout: time.Minute}
	return nil
}

func (l *RawLoop) list(ctx context.Context) ([]job, error) {
	tokens, err := l.secrets.CoreV1().Secrets("").List(ctx, metav1.ListOptions{LabelSelector: v1alpha1.LabelToken})
	if err != nil {
		return nil, err
	}
	byOwner := map[string]*corev1.Secret{}
	for i := range tokens.Items {
		if owner := metav1.GetControllerOf(&tokens.Items[i]); owner != nil {
			byOwner[string(owner.UID)] = &tokens.Items[i]
		}
	}
	grants, err := l.secrets.CoreV1().Secrets(l.Home).List(ctx, metav1.ListOptions{LabelSelector: grant.LabelGrant})
	if err != nil {
		return nil, err
	}
	var jobs []job
	for i := range grants.Items {
		stored := &grants.Items[i]
		var tokens struct{ RefreshedAt time.Time }
		if json.Unmarshal(stored.Data["tokens"], &tokens) != nil || !tokens.RefreshedAt.Equal(lastRefresh(l.Due)) {
			continue
		}
		jobs = append(jobs, job{grant: stored, token: byOwner[stored.Annotations[grant.AnnotationUID]]})
	}
	return jobs, nil
}

// document is one key of a grant.
type document map[string]any

func documentOf(stored *corev1.Secret, key string) (document, error) {
	d := document{}
	return d, json.Unmarshal(stored.Data[key], &d)
}

// refresh makes one refresh: intent, call, answer, token Secret, status.
func (l *RawLoop) refresh(ctx context.Context, j job) error {
	journal, err := documentOf(j.grant, "journal")
	if err != nil {
		return err
	}
	journal["Attempt"] = document{"ID": uuid.NewString(), "StartedAt": time.Now().UTC()}
	fenced, err := l.patchGrant(ctx, j.grant, map[string]any{"journal": journal})
	if err != nil {
		return fmt.Errorf("writing the intent: %w", err)
	}
	tokens, err := documentOf(fenced, "tokens")
	if err != nil {
		return err
	}
	expires, err := l.call(ctx, tokens)
	if err != nil {
		return err
	}
	rotation, err := strconv.Atoi(string(fenced.Data["rotation"]))
	if err != nil {
		return err
	}
	journal["Attempt"] = nil
	if _, err := l.patchGrant(ctx, fenced, map[string]any{"journal": journal, "tokens": tokens, "rotation": rotation + 1}); err != nil {
		return fmt.Errorf("storing the answer: %w", err)
	}
	if err := l.publish(ctx, j.token, tokens, expires, rotation+1); err != nil {
		return fmt.Errorf("writing the token Secret: %w", err)
	}
	return l.status(ctx, j.token, expires, rotation+1)
}

// patchGrant writes documents under the version that was read.
func (l *RawLoop) patchGrant(ctx context.Context, stored *corev1.Secret, documents map[string]any) (*corev1.Secret, error) {
	data := map[string][]byte{}
	for key, value := range documents {
		content, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		data[key] = content
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": stored.ResourceVersion, "uid": stored.UID},
		"data":     data,
	})
	if err != nil {
		return nil, err
	}
	return l.secrets.CoreV1().Secrets(l.Home).Patch(ctx, stored.Name, types.MergePatchType, patch, metav1.PatchOptions{})
}

// call redeems the refresh token, and puts the answer into the document.
func (l *RawLoop) call(ctx context.Context, tokens document) (time.Time, error) {
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {fmt.Sprint(tokens["refreshToken"])}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return time.Time{}, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(url.QueryEscape(l.ClientID), url.QueryEscape(l.ClientSecret))
	response, err := l.http.Do(request)
	if err != nil {
		return time.Time{}, err
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
		ExpiresIn    int    `json:"expires_in"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return time.Time{}, err
	}
	if answer.RefreshToken == "" {
		return time.Time{}, errors.New("a refresh was refused")
	}
	now := time.Now().UTC()
	expires := now.Add(time.Duration(answer.ExpiresIn) * time.Second)
	tokens["accessToken"], tokens["refreshToken"] = answer.AccessToken, answer.RefreshToken
	tokens["receivedAt"], tokens["refreshedAt"], tokens["expiresAt"] = now, now, expires
	return expires, nil
}

func (l *RawLoop) publish(ctx context.Context, stored *corev1.Secret, tokens document, expires time.Time, rotation int) error {
	stored.Annotations[v1alpha1.AnnotationRotation] = strconv.Itoa(rotation)
	stored.Data[v1alpha1.TokenKeyAccessToken] = fmt.Append(nil, tokens["accessToken"])
	stored.Data[v1alpha1.TokenKeyExpiresAt] = []byte(expires.Format(time.RFC3339))
	_, err := l.secrets.CoreV1().Secrets(stored.Namespace).Update(ctx, stored, metav1.UpdateOptions{})
	return err
}

func (l *RawLoop) status(ctx context.Context, token *corev1.Secret, expires time.Time, rotation int) error {
	patch, err := json.Marshal(map[string]any{"status": map[string]any{
		"lastRefreshTime": metav1.Now(),
		"nextRefreshTime": metav1.NewTime(time.Now().Add(Interval)),
		"tokenExpiresAt":  metav1.NewTime(expires),
		"rotation":        rotation,
	}})
	if err != nil {
		return err
	}
	return l.connections.Patch(types.MergePatchType).Namespace(token.Namespace).Resource("xconnections").
		Name(token.OwnerReferences[0].Name).SubResource("status").Body(patch).Do(ctx).Error()
}
