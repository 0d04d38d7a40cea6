// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/agentconnect/x-operator/internal/seal"
)

// KeysSecret holds the keys that links, states and verifiers are sealed with. It is
// made once and shared by all replicas; a key that is added is taken up while they
// run.
const KeysSecret = "x-operator-keys"

// keysPoll is how often a process that may not make the keys looks for them.
const keysPoll = time.Second

// loadKeys reads the keys, makes them if there are none, and follows their
// changes.
func (o *operator) loadKeys(ctx context.Context, _ *rest.Config) error {
	if !o.consents() {
		return nil
	}
	data, err := o.keyData(ctx)
	if err != nil {
		return fmt.Errorf("reading the keys in the Secret %s/%s: %w", o.GrantNamespace, KeysSecret, err)
	}
	o.keyring, err = seal.NewKeyring(o.Now, data)
	if err != nil {
		return fmt.Errorf("the keys in the Secret %s/%s can't be used: %w", o.GrantNamespace, KeysSecret, err)
	}
	return o.followKeys(ctx)
}

// keyData makes the keys if it may: a process with the consent door alone has not
// the right to, and waits for one that has.
func (o *operator) keyData(ctx context.Context) (map[string][]byte, error) {
	stored := &corev1.Secret{}
	key := types.NamespacedName{Namespace: o.GrantNamespace, Name: KeysSecret}
	err := wait.PollUntilContextCancel(ctx, keysPoll, true, func(ctx context.Context) (bool, error) {
		err := o.live.Get(ctx, key, stored)
		if !apierrors.IsNotFound(err) {
			return err == nil, err
		}
		if !o.Runs(ComponentControllers) {
			o.mgr.GetLogger().Info("Waiting for the controllers to make the keys", "namespace", key.Namespace, "secret", key.Name)
			return false, nil
		}
		*stored = corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name},
			Data:       seal.NewKeyData(o.Now()),
		}
		err = o.live.Create(ctx, stored)
		if apierrors.IsAlreadyExists(err) {
			return false, nil
		}
		return err == nil, err
	})
	return stored.Data, err
}

// followKeys takes up changes of the keys. Keys that can't be used are left out,
// and said so: those in use stay.
func (o *operator) followKeys(ctx context.Context) error {
	informer, err := o.mgr.GetCache().GetInformer(ctx, &corev1.Secret{})
	if err != nil {
		return fmt.Errorf("watching the keys: %w", err)
	}
	take := func(object any) {
		stored, ok := object.(*corev1.Secret)
		if !ok || stored.Name != KeysSecret || stored.Namespace != o.GrantNamespace {
			return
		}
		defer tell(o.rekeyed)
		if err := o.keyring.Replace(stored.Data); err != nil {
			o.mgr.GetLogger().Error(err, "The changed keys can't be used; the earlier ones stay in use",
				"namespace", stored.Namespace, "secret", stored.Name)
		}
	}
	_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    take,
		UpdateFunc: func(_, object any) { take(object) },
	})
	if err != nil {
		return fmt.Errorf("watching the keys: %w", err)
	}
	return nil
}
