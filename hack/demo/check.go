// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"html"
	"regexp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// eventually waits until a condition holds.
func eventually(ctx context.Context, what string, holds func(context.Context) (bool, error)) error {
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, 90*time.Second, true, holds)
	if err != nil {
		return fmt.Errorf("waiting until %s: %w", what, err)
	}
	return nil
}

// browse opens a connection's link as a person does in a browser, decides at X,
// and says where the browser ends.
func (d *demo) browse(ctx context.Context, connection string, choice xsim.Choice) (*xsim.Page, error) {
	link, err := d.kubectl(ctx, "get", "xconnection", connection, "-o", "jsonpath={.status.authorizeURL}")
	if err != nil {
		return nil, err
	}
	decision := "agrees"
	if choice.Deny {
		decision = "declines"
	}
	d.out.say("A browser opens this link, goes on to X, %s there as @%s, and ends at", decision, choice.Account)
	end, err := xsim.Consent(ctx, nil, link, choice)
	if err != nil {
		return nil, fmt.Errorf("walking the consent of %s: %w", connection, err)
	}
	d.showPage(end)
	return end, nil
}

// words are what a page of the operator tells a person, in short.
var words = regexp.MustCompile(`(?s)id="(?:title|what)">(.*?)</`)

// showPage shows where a browser is. The query of a page of the operator is not
// shown: it holds X's answer.
func (d *demo) showPage(page *xsim.Page) {
	if page.Status == 0 {
		d.out.say("  %s", page.URL)
		return
	}
	d.out.say("  http://%s%s, a page that says:", page.URL.Host, page.URL.Path)
	for _, found := range words.FindAllStringSubmatch(page.Body, -1) {
		d.out.say("  > %s", html.UnescapeString(found[1]))
	}
}

// accessToken is what the agent reads.
func (d *demo) accessToken(ctx context.Context) (string, error) {
	secret := &corev1.Secret{}
	key := types.NamespacedName{Namespace: tenantNamespace, Name: tokenSecret}
	if err := d.plane.Client().Get(ctx, key, secret); err != nil {
		return "", fmt.Errorf("reading the token Secret: %w", err)
	}
	return string(secret.Data[v1alpha1.TokenKeyAccessToken]), nil
}

// noRefreshToken looks for refresh tokens in all Secrets of the tenant.
func (d *demo) noRefreshToken(ctx context.Context) error {
	var list corev1.SecretList
	if err := d.plane.Client().List(ctx, &list, client.InNamespace(tenantNamespace)); err != nil {
		return err
	}
	for _, secret := range list.Items {
		for key, value := range secret.Data {
			if slices.Contains(d.x.leaked(string(value)), "refresh") {
				return fmt.Errorf("the Secret %s holds a refresh token under %s", secret.Name, key)
			}
		}
	}
	return nil
}

// haveEvents tells whether each object has events of all its reasons.
func (d *demo) haveEvents(ctx context.Context, expected map[string][]string) (bool, error) {
	var list corev1.EventList
	if err := d.plane.Client().List(ctx, &list, client.InNamespace(tenantNamespace)); err != nil {
		return false, err
	}
	for object, reasons := range expected {
		for _, reason := range reasons {
			if !slices.ContainsFunc(list.Items, func(event corev1.Event) bool {
				return event.InvolvedObject.Name == object && event.Reason == reason
			}) {
				return false, nil
			}
		}
	}
	return true, nil
}
