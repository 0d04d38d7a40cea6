// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

const resourceName = "xconnections"

// connections reads and changes XConnections.
type connections struct {
	*objects[*v1alpha1.XConnection]
}

func newConnections(config *rest.Config) (*connections, error) {
	c, err := newObjects(config, resourceName, func() *v1alpha1.XConnection { return &v1alpha1.XConnection{} })
	return &connections{objects: c}, err
}

// list gives the XConnections of a namespace, or of all for "", that a label
// selector selects.
func (c *connections) list(ctx context.Context, namespace, selector string) ([]v1alpha1.XConnection, error) {
	page := func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		list := &v1alpha1.XConnectionList{}
		return list, c.client.Get().Namespace(namespace).Resource(resourceName).VersionedParams(&options, c.parameters).Do(ctx).Into(list)
	}
	var found []v1alpha1.XConnection
	err := listAll(ctx, selector, page, func(conn *v1alpha1.XConnection) { found = append(found, *conn) })
	return found, err
}
