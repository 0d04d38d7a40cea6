// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
)

// helloText is what the sample x_v1alpha1_xpost.yaml publishes.
const helloText = "Hello from Kubernetes! https://kubernetes.io"

// publish publishes as people and pipelines do: an XPost of a manifest, and the
// plugin, which makes one and waits for it.
func publish(ctx context.Context, d *demo) error {
	if err := d.applySample(ctx, "x_v1alpha1_xpost.yaml"); err != nil {
		return err
	}
	if err := d.wait(ctx, "xpost/hello", "condition=Published"); err != nil {
		return err
	}
	thread := []string{"What is new, in two posts:", "It waits for nothing that it need not wait for."}
	if _, err := d.kubectl(ctx, "xconnection", "post", sharedConnection, "--request-id=news-1", "--text="+thread[0], "--text="+thread[1]); err != nil {
		return err
	}
	d.out.say("Somebody asks the account something. Asking twice for the same reply publishes it once.")
	question, err := d.x.Publish(john, "@"+jane+" is it open source?", "", "")
	if err != nil {
		return err
	}
	found, err := d.kubectl(ctx, "xconnection", "mentions", sharedConnection, "--x-api-url="+d.x.url)
	if err != nil {
		return err
	}
	if !strings.Contains(found, question.ID) || !strings.Contains(found, question.Text) {
		return fmt.Errorf("the mentions do not show the post %s", question.ID)
	}
	const reply = "It is, under the Apache License."
	for range 2 {
		_, err := d.kubectl(ctx, "xconnection", "post", sharedConnection, "--request-id=reply-to-"+question.ID, "--reply-to="+question.ID, "--text="+reply)
		if err != nil {
			return err
		}
	}
	d.posted = append(d.posted, helloText, thread[0], thread[1], reply)
	_, err = d.kubectl(ctx, "get", "xposts")
	return err
}

// countPosts compares what the account has at X with what was asked for.
func countPosts(_ context.Context, d *demo) error {
	count := map[string]int{}
	for _, post := range d.x.Books().Posts {
		if post.Username == jane && post.DeletedAt == nil {
			count[post.Text]++
		}
	}
	for _, text := range d.posted {
		d.out.say("%d times: %s", count[text], text)
		if count[text] != 1 {
			return fmt.Errorf("the text %q is %d times at X, want once", text, count[text])
		}
	}
	if len(count) != len(d.posted) {
		return fmt.Errorf("%d texts of @%s are at X, want %d: %v", len(count), jane, len(d.posted), count)
	}
	d.out.ok("each of the %d posts is at X exactly once, and no other", len(d.posted))
	return nil
}
