// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/internal/written"
)

// How a grant Secret is told and found.
const (
	// SecretType is the Secret's type.
	SecretType corev1.SecretType = "x.agentconnect.dev/grant"
	// LabelGrant marks grant Secrets, with the value "true".
	LabelGrant = "x.agentconnect.dev/grant"
	// AnnotationNamespace, AnnotationName and AnnotationUID name the owner.
	AnnotationNamespace = "x.agentconnect.dev/connection-namespace"
	AnnotationName      = "x.agentconnect.dev/connection-name"
	AnnotationUID       = "x.agentconnect.dev/connection-uid"
	// AnnotationAdopt on a quarantined grant, with the uid of the present cluster's
	// kube-system namespace as its value, hands it to this cluster.
	AnnotationAdopt = "x.agentconnect.dev/adopt"
)

// Store keeps grants as Secrets. Every write is made under the resourceVersion of
// the grant it is given, and gives back what is stored then.
type Store struct {
	// Client reads from the cache, if it has one, and writes.
	Client client.Client
	// Live reads from the API server.
	Live client.Reader
	// Namespace is the grants' own.
	Namespace string
	// ClusterID is the uid of this cluster's kube-system namespace.
	ClusterID string

	own written.Memory[*corev1.Secret]
}

const secretPrefix = "grant-"

// SecretName is the name of the grant of an XConnection.
func SecretName(owner types.UID) string { return secretPrefix + string(owner) }

// Get reads a grant from the cache; a write of this process is seen at once, even
// if the cache lags. Errors: ErrNotFound, or that it can't be read or decoded.
func (s *Store) Get(ctx context.Context, owner types.UID) (*Grant, error) {
	stored, err := s.read(ctx, s.Client, owner)
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, classify(err)
	}
	if newer, found := s.own.Newer(s.Key(owner), stored.ResourceVersion); found {
		return FromSecret(newer)
	}
	if err != nil {
		return nil, classify(err)
	}
	return FromSecret(stored)
}

// GetLive reads a grant from the API server. Errors as Get.
func (s *Store) GetLive(ctx context.Context, owner types.UID) (*Grant, error) {
	stored, err := s.read(ctx, s.Live, owner)
	if err != nil {
		return nil, classify(err)
	}
	return FromSecret(stored)
}

// read gives an empty Secret with an error.
func (s *Store) read(ctx context.Context, reader client.Reader, owner types.UID) (*corev1.Secret, error) {
	stored := &corev1.Secret{}
	// Nobody alters what a grant was read from.
	err := reader.Get(ctx, s.Key(owner), stored, client.UnsafeDisableDeepCopy)
	return stored, err
}

// Key names the Secret of an XConnection's grant.
func (s *Store) Key(owner types.UID) types.NamespacedName {
	return types.NamespacedName{Namespace: s.Namespace, Name: SecretName(owner)}
}

// Shows tells the store what the cache shows of a grant: what was written up to there
// need not be remembered any longer.
func (s *Store) Shows(stored *corev1.Secret) {
	s.own.Shows(client.ObjectKeyFromObject(stored), stored.ResourceVersion)
}

// List reads every grant from the cache. One that can't be decoded is left out:
// Get reports it.
func (s *Store) List(ctx context.Context) ([]*Grant, error) {
	var list corev1.SecretList
	err := s.Client.List(ctx, &list, client.InNamespace(s.Namespace), client.MatchingLabels{LabelGrant: "true"})
	if err != nil {
		return nil, classify(err)
	}
	grants := make([]*Grant, 0, len(list.Items))
	for i := range list.Items {
		if g, err := FromSecret(&list.Items[i]); err == nil {
			grants = append(grants, g)
		}
	}
	return grants, nil
}

// Create stores a new grant. ErrConflict means that there is one already.
func (s *Store) Create(ctx context.Context, g *Grant) (*Grant, error) {
	data, err := encode(g)
	if err != nil {
		return nil, err
	}
	stored := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.Namespace,
			Name:      SecretName(g.Owner.UID),
			Labels:    map[string]string{LabelGrant: "true", "app.kubernetes.io/managed-by": "x-operator"},
			Annotations: map[string]string{
				AnnotationNamespace: g.Owner.Namespace,
				AnnotationName:      g.Owner.Name,
				AnnotationUID:       string(g.Owner.UID),
			},
		},
		Type: SecretType,
		Data: data,
	}
	err = s.write(g.Owner.UID, stored, func() error { return s.Client.Create(ctx, stored) })
	if apierrors.IsAlreadyExists(err) {
		return nil, fmt.Errorf("%w: %w", ErrConflict, err)
	}
	if err != nil {
		return nil, classify(err)
	}
	return FromSecret(stored)
}

// Update patches what change alters, under the resourceVersion of g, and gives
// back what is stored then; nothing is written if nothing is altered. g itself is
// not altered. Errors: ErrConflict, ErrAmbiguous, ErrNotFound, ErrRefused,
// ErrNewerSchema.
func (s *Store) Update(ctx context.Context, g *Grant, change func(*Grant)) (*Grant, error) {
	if g.ReadOnly() {
		return nil, ErrNewerSchema
	}
	altered := g.Copy()
	change(altered)
	diff, err := changes(g, altered, g.stored.Data)
	if err != nil {
		return nil, err
	}
	if len(diff) == 0 {
		return altered, nil
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": g.stored.ResourceVersion, "uid": g.stored.UID},
		"data":     diff,
	})
	if err != nil {
		return nil, fmt.Errorf("encoding the grant's patch: %w", err)
	}
	stored := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: g.stored.Namespace, Name: g.stored.Name}}
	err = s.write(g.Owner.UID, stored, func() error {
		return s.Client.Patch(ctx, stored, client.RawPatch(types.MergePatchType, patch))
	})
	if err != nil {
		return nil, classify(err)
	}
	return g.follow(stored)
}

// write remembers what is written.
func (s *Store) write(owner types.UID, stored *corev1.Secret, do func() error) error {
	_, err := s.own.Write(s.Key(owner), func() (string, *corev1.Secret, error) {
		err := do()
		return stored.ResourceVersion, stored, err
	})
	return err
}

// Delete removes exactly the grant that was read: another version of it, or
// another Secret of its name, gives ErrConflict. One that is gone is no error.
func (s *Store) Delete(ctx context.Context, g *Grant) error {
	err := s.Client.Delete(ctx, g.stored.DeepCopy(), client.Preconditions{
		UID:             &g.stored.UID,
		ResourceVersion: &g.stored.ResourceVersion,
	})
	if err != nil && !apierrors.IsNotFound(err) {
		return classify(err)
	}
	s.own.Forget(s.Key(g.Owner.UID))
	return nil
}

// Foreign tells whether another cluster made the grant: after a restore or a
// move. Such a grant is neither redeemed nor revoked until it is adopted.
func (s *Store) Foreign(g *Grant) bool { return g.ClusterID != s.ClusterID }

// HeldBy are the finalizers that keep the grant's Secret although it was deleted. Nobody
// of the operator sets one.
func (g *Grant) HeldBy() []string {
	if g.stored.DeletionTimestamp.IsZero() {
		return nil
	}
	return g.stored.Finalizers
}

// Version is the resourceVersion that the grant was read at.
func (g *Grant) Version() string { return g.stored.ResourceVersion }

// AdoptedBy is the cluster that an administrator hands the grant to, if any.
func (g *Grant) AdoptedBy() string { return g.stored.Annotations[AnnotationAdopt] }

// ReadOnly tells whether a newer version of the operator wrote the grant.
func (g *Grant) ReadOnly() bool { return schemaOf(g.stored) > Schema }

// IsTombstone tells whether a grant Secret is a tombstone, without decoding it.
func IsTombstone(stored *corev1.Secret) bool { return has(stored, keyTombstone) }
