// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/internal/controlplane"
)

func TestAPIServerGoesAndComesBack(t *testing.T) {
	cluster, err := controlplane.Start(t.Context(), controlplane.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	}()
	namespace, err := cluster.CreateNamespace(t.Context(), "outage", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]func() error{"stopped": cluster.StopAPIServer, "killed": cluster.KillAPIServer} {
		if err := end(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		// The client of before is as good as new: address and certificates stay.
		key := client.ObjectKey{Name: namespace}
		if err := cluster.Client().Get(t.Context(), key, &corev1.Namespace{}); err == nil {
			t.Errorf("%s: it still answers", name)
		}
		if err := cluster.StartAPIServer(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := cluster.Client().Get(t.Context(), key, &corev1.Namespace{}); err != nil {
			t.Errorf("%s and started again: %v", name, err)
		}
	}
}
