// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

const (
	// statusVersion is the version of what status prints for programs. Nothing is
	// served under it: it says only how to read the output.
	statusVersion = "cli.x.agentconnect.dev/v1alpha1"
	statusKind    = "XStatus"
)

// xStatus is what status prints for programs: how an account is connected, and
// whether the connection can be used. A field that is not known is left out,
// connected and ready never are. The link to consent is not part of it: whoever has
// it can connect an account, and connect --wait=false prints it.
type xStatus struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   nameOnly `json:"metadata"`

	Connected             bool         `json:"connected"`
	Username              string       `json:"username,omitempty"`
	ConnectedAt           *metav1.Time `json:"connectedAt,omitempty"`
	TokenExpiresAt        *metav1.Time `json:"tokenExpiresAt,omitempty"`
	RefreshTokenExpiresAt *metav1.Time `json:"refreshTokenExpiresAt,omitempty"`

	Ready   bool   `json:"ready"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

type nameOnly struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

func xStatusOf(conn *v1alpha1.XConnection) *xStatus {
	condition := ready(conn)
	return &xStatus{
		APIVersion:            statusVersion,
		Kind:                  statusKind,
		Metadata:              nameOnly{Name: conn.Name, Namespace: conn.Namespace},
		Connected:             conn.Status.Connected,
		Username:              conn.Status.Username,
		ConnectedAt:           conn.Status.ConnectedAt,
		TokenExpiresAt:        conn.Status.TokenExpiresAt,
		RefreshTokenExpiresAt: conn.Status.RefreshTokenExpiresAt,
		Ready:                 isReady(conn),
		Reason:                condition.Reason,
		Message:               condition.Message,
	}
}

// statusObject makes what printers print: one XStatus, or a list of them.
func statusObject(conns []v1alpha1.XConnection, single bool) (runtime.Object, error) {
	list := &unstructured.UnstructuredList{}
	list.SetAPIVersion(statusVersion)
	list.SetKind(statusKind + "List")
	for i := range conns {
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(xStatusOf(&conns[i]))
		if err != nil {
			return nil, fmt.Errorf("encoding the status of %s: %w", title(&conns[i]), err)
		}
		list.Items = append(list.Items, unstructured.Unstructured{Object: content})
	}
	if single && len(list.Items) == 1 {
		return &list.Items[0], nil
	}
	return list, nil
}
