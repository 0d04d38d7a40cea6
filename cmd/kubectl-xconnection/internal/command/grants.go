// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
)

// How the operator's grants are told, and handed over. These names are the
// operator's own (internal/grant); a test holds them together.
const (
	labelGrant          = "x.agentconnect.dev/grant"
	annotationNamespace = "x.agentconnect.dev/connection-namespace"
	annotationName      = "x.agentconnect.dev/connection-name"
	annotationUID       = "x.agentconnect.dev/connection-uid"
	annotationAdopt     = "x.agentconnect.dev/adopt"
	keyCluster          = "cluster"
)

// foreignGrant is a grant that another cluster made: the operator does not touch it
// until it is adopted. Of the Secret's content it holds that cluster's identity and
// nothing else.
type foreignGrant struct {
	secret  string
	uid     types.UID
	version string
	// namespace, name and owner are the XConnection that it was made for.
	namespace, name string
	owner           types.UID
	// cluster made it; adopter is the cluster that it was handed to, if any.
	cluster, adopter string
}

// clusterID is a cluster's identity: the uid of its namespace kube-system.
func clusterID(ctx context.Context, core corev1client.CoreV1Interface) (string, error) {
	system, err := core.Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("reading this cluster's identity, the uid of the namespace kube-system: %w", err)
	}
	return string(system.UID), nil
}

// foreignGrants lists the grants that were not made by the given cluster; all is how
// many grants there are.
func foreignGrants(ctx context.Context, secrets corev1client.SecretInterface, cluster string) (found []foreignGrant, all int, err error) {
	page := func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		return secrets.List(ctx, options)
	}
	err = listAll(ctx, labelGrant+"=true", page, func(stored *corev1.Secret) {
		all++
		if grant := readGrant(stored); grant.cluster != cluster {
			found = append(found, grant)
		}
	})
	if err != nil {
		return nil, 0, fmt.Errorf("listing the operator's grants: %w", err)
	}
	return found, all, nil
}

func readGrant(stored *corev1.Secret) foreignGrant {
	return foreignGrant{
		secret:    stored.Name,
		uid:       stored.UID,
		version:   stored.ResourceVersion,
		namespace: stored.Annotations[annotationNamespace],
		name:      stored.Annotations[annotationName],
		owner:     types.UID(stored.Annotations[annotationUID]),
		cluster:   string(stored.Data[keyCluster]),
		adopter:   stored.Annotations[annotationAdopt],
	}
}

// handOver hands exactly the grant that was read to a cluster.
func handOver(ctx context.Context, secrets corev1client.SecretInterface, grant foreignGrant, cluster string, dryRun []string) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid":             grant.uid,
		"resourceVersion": grant.version,
		"annotations":     map[string]string{annotationAdopt: cluster},
	}})
	if err != nil {
		return fmt.Errorf("encoding a change: %w", err)
	}
	options := metav1.PatchOptions{FieldManager: fieldManager, DryRun: dryRun}
	if _, err := secrets.Patch(ctx, grant.secret, types.MergePatchType, patch, options); err != nil {
		return fmt.Errorf("adopting the grant of xconnection %s/%s: %w", grant.namespace, grant.name, err)
	}
	return nil
}
