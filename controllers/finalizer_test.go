// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
)

// An object goes once there is no grant, of which a cache that is behind knows nothing;
// and not without a word if its grant was lost.
func TestRemoveFinalizer(t *testing.T) {
	for name, test := range map[string]struct {
		stored, lost bool
		goes         bool
		told         string
	}{
		"no grant":                       {goes: true},
		"a grant that is not cached yet": {stored: true},
		"a grant that was lost":          {lost: true, goes: true, told: "Warning NotRevoked"},
	} {
		t.Run(name, func(t *testing.T) {
			now := metav1.NewTime(someTime)
			api, store := grantsAmong(t, &v1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{
				Namespace: "team", Name: "agent", UID: "1", DeletionTimestamp: &now, Finalizers: []string{v1alpha1.FinalizerRevoke},
			}})
			if test.stored {
				if _, err := store.Create(t.Context(), &grant.Grant{Owner: grant.Owner{Namespace: "team", Name: "agent", UID: "1"}, ClusterID: "cluster"}); err != nil {
					t.Fatal(err)
				}
			}
			conn := &v1alpha1.XConnection{}
			if err := api.Get(t.Context(), client.ObjectKey{Namespace: "team", Name: "agent"}, conn); err != nil {
				t.Fatal(err)
			}
			recorder := events.NewFakeRecorder(1)
			r := &XConnectionReconciler{Client: api, Store: store, Recorder: recorder}
			err := r.removeFinalizer(t.Context(), &scope{now: someTime, conn: conn, before: conn.DeepCopy(), lost: test.lost})
			if test.goes && err != nil || !test.goes && !isRace(err) {
				t.Errorf("the error is %v", err)
			}
			gone := client.IgnoreNotFound(api.Get(t.Context(), client.ObjectKeyFromObject(conn), conn)) == nil && len(conn.Finalizers) == 0
			if gone != test.goes {
				t.Errorf("the object goes: %t, want %t", gone, test.goes)
			}
			close(recorder.Events)
			if told := <-recorder.Events; !strings.HasPrefix(told, test.told) || test.told == "" && told != "" {
				t.Errorf("the event is %q, want %q", told, test.told)
			}
		})
	}
}
