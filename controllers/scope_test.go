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

	"github.com/agentconnect/x-operator/internal/grant"
)

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
