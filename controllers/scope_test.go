// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
)

// What status knows of and the cache does not show is looked up, and nothing else.
func TestReadGrantOfALateCache(t *testing.T) {
	cache, late := grantsAmong(t)
	live, store := grantsAmong(t)
	for rotation, in := range map[int64]*grant.Store{4: late, 5: store} {
		_, err := in.Create(t.Context(), &grant.Grant{Owner: grant.Owner{Namespace: "team", Name: "agent", UID: "1"}, ClusterID: "cluster", Rotation: rotation})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		uid    types.UID
		status v1alpha1.XConnectionStatus
		cached client.Client
		want   int64
		lost   bool
	}{
		"as status knows it":            {"1", v1alpha1.XConnectionStatus{Connected: true, Rotation: 4}, cache, 4, false},
		"older than status knows":       {"1", v1alpha1.XConnectionStatus{Connected: true, Rotation: 5}, cache, 5, false},
		"none, though status has one":   {"1", v1alpha1.XConnectionStatus{Connected: true}, fake.NewClientBuilder().Build(), 5, false},
		"none, and status knows none":   {"1", v1alpha1.XConnectionStatus{}, fake.NewClientBuilder().Build(), 0, false},
		"none anywhere, as it was lost": {"2", v1alpha1.XConnectionStatus{Connected: true}, cache, 0, true},
	} {
		conn := &v1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "agent", UID: test.uid}, Status: test.status}
		r := &XConnectionReconciler{Store: &grant.Store{Client: test.cached, Live: live, Namespace: "operator", ClusterID: "cluster"}}
		s := &scope{now: someTime, conn: conn, before: conn.DeepCopy()}
		if err := r.readGrant(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got int64
		if s.grant != nil {
			got = s.grant.Rotation
		}
		if got != test.want || s.lost != test.lost {
			t.Errorf("%s: rotation %d, lost %t; want %d, %t", name, got, s.lost, test.want, test.lost)
		}
	}
}

// TestPodEnd: only a kubelet's word proves that the holder of an attempt ended. A pod
// that the API server lacks may have been deleted by force, and live on for its call.
func TestPodEnd(t *testing.T) {
	ended := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}
	still := corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	for name, test := range map[string]struct {
		pod           *corev1.Pod
		gone, missing bool
	}{
		"running":                         {holderPod("1", corev1.PodRunning, still), false, false},
		"between two runs":                {holderPod("1", corev1.PodRunning, ended), false, false},
		"failed":                          {holderPod("1", corev1.PodFailed, ended), true, true},
		"succeeded":                       {holderPod("1", corev1.PodSucceeded, ended), true, true},
		"given up on a node that is lost": {holderPod("1", corev1.PodFailed, still), false, true},
		"another of its name":             {holderPod("2", corev1.PodRunning, still), false, true},
		"another of its name, failed":     {holderPod("2", corev1.PodFailed, ended), false, true},
		"not found":                       {nil, false, true},
	} {
		builder := fake.NewClientBuilder()
		if test.pod != nil {
			builder.WithObjects(test.pod)
		}
		checkPodEnd(t, name, builder.Build(), grant.Holder{Pod: "1", PodName: "operator", PodNamespace: "home"}, test.gone, test.missing)
	}
	checkPodEnd(t, "outside of a pod", fake.NewClientBuilder().Build(), grant.Holder{Pod: "host"}, false, false)
	away := interceptor.NewClient(fake.NewClientBuilder().Build(), interceptor.Funcs{
		Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
			return errors.New("no answer")
		},
	})
	checkPodEnd(t, "nobody answers", away, grant.Holder{Pod: "1", PodName: "operator", PodNamespace: "home"}, false, false)
}

func holderPod(uid types.UID, phase corev1.PodPhase, state corev1.ContainerState) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "home", Name: "operator", UID: uid},
		Status:     corev1.PodStatus{Phase: phase, ContainerStatuses: []corev1.ContainerStatus{{State: state}}},
	}
}

func checkPodEnd(t *testing.T, name string, live client.Reader, holder grant.Holder, gone, missing bool) {
	t.Helper()
	isGone, isMissing := podEnd(t.Context(), live, holder)
	if isGone != gone || isMissing != missing {
		t.Errorf("%s: gone %t, missing %t; want %t, %t", name, isGone, isMissing, gone, missing)
	}
	if posts := podGone(t.Context(), live, holder); posts != gone {
		t.Errorf("%s: for a post it is gone: %t, want %t", name, posts, gone)
	}
}
