// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// fewestAtX is the smallest page of mentions that X gives.
const fewestAtX = 5

// readerAtX asks X with the access token that is in the token Secret now.
func (m *mentions) readerAtX(ctx context.Context, name string) (pageReader, error) {
	endpoints := xapi.Endpoints{APIURL: m.apiURL}
	if err := endpoints.ValidateAPI(); err != nil {
		return nil, &problem{code: ExitError, what: "--x-api-url: " + err.Error()}
	}
	_, conn, err := m.connection(ctx, name)
	if err != nil {
		return nil, err
	}
	stored, err := m.tokenSecret(ctx, conn)
	if err != nil {
		return nil, err
	}
	x := xapi.New(xapi.Options{Endpoints: endpoints, Clock: m.Clock.Now, UserAgent: program})
	access, userID := secret.New(string(stored.Data[v1alpha1.TokenKeyAccessToken])), string(stored.Data[v1alpha1.TokenKeyUserID])
	return func(ctx context.Context, token string, most int) (mentionPage, error) {
		got, err := x.Mentions(ctx, access, userID, xapi.PageRequest{MaxResults: most, PageToken: token, SinceID: m.sinceID})
		if err != nil {
			return mentionPage{}, m.refusedByX(conn, err)
		}
		page := mentionPage{NextPageToken: got.NextToken}
		for _, post := range got.Posts {
			page.Posts = append(page.Posts, mentionOf(post))
		}
		return page, nil
	}, nil
}

// tokenSecret reads the connection's token Secret, and refuses what can't be used.
func (m *mentions) tokenSecret(ctx context.Context, conn *v1alpha1.XConnection) (*corev1.Secret, error) {
	if conn.Status.TokenSecretRef == nil || !conn.Status.Connected {
		return nil, notReady(conn)
	}
	core, err := m.core()
	if err != nil {
		return nil, err
	}
	stored, err := core.Secrets(conn.Namespace).Get(ctx, conn.Status.TokenSecretRef.Name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading the token of %s: %w", title(conn), err)
	}
	if stored.Type != v1alpha1.SecretTypeToken || !metav1.IsControlledBy(stored, conn) {
		return nil, &problem{code: ExitError, what: fmt.Sprintf("the Secret %s/%s is not the token Secret of %s", stored.Namespace, stored.Name, title(conn))}
	}
	ends, err := time.Parse(time.RFC3339, string(stored.Data[v1alpha1.TokenKeyExpiresAt]))
	if err == nil && !m.Clock.Now().Before(ends) {
		return nil, &problem{
			code: ExitNotReady,
			what: fmt.Sprintf("the token of %s ended at %s, and there is no newer one: %s", title(conn), ends.Format(time.RFC3339), because(conn)),
			next: nextStep(conn),
		}
	}
	return stored, nil
}

// refusedByX words X's refusal, with who acts.
func (m *mentions) refusedByX(conn *v1alpha1.XConnection, err error) error {
	what := fmt.Sprintf("X does not give the mentions of %s: %v", title(conn), err)
	switch xapi.KindOf(err) {
	case xapi.KindUnauthorized:
		return &problem{code: ExitNotReady, what: what, next: "If it stays so, a person must consent again: " + call("reconnect", conn)}
	case xapi.KindUsageCap, xapi.KindNotEnrolled:
		return &problem{code: ExitNotReady, what: what, next: "The owner of the X app must act at developer.x.com."}
	case xapi.KindRateLimited:
		return &problem{code: ExitError, what: what, next: "Try again later: X counts these calls for 15 minutes."}
	default:
		return &problem{code: ExitError, what: what}
	}
}

func mentionOf(post xapi.Post) mention {
	found := mention{
		ID: post.ID, URL: xapi.PostURL(post.AuthorUsername, post.ID), Text: post.Text,
		AuthorID: post.AuthorID, AuthorUsername: post.AuthorUsername,
		ConversationID: post.ConversationID, InReplyTo: post.InReplyTo,
	}
	if !post.CreatedAt.IsZero() {
		found.CreatedAt = &metav1.Time{Time: post.CreatedAt}
	}
	return found
}
