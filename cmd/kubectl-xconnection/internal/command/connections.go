// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

const (
	resourceName = "xconnections"
	// chunk is how many objects are listed at once.
	chunk = 500
)

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
	options := metav1.ListOptions{LabelSelector: selector, Limit: chunk}
	var found []v1alpha1.XConnection
	for {
		list := &v1alpha1.XConnectionList{}
		err := c.client.Get().Namespace(namespace).Resource(resourceName).VersionedParams(&options, c.parameters).Do(ctx).Into(list)
		if err != nil {
			return nil, err
		}
		found = append(found, list.Items...)
		if list.Continue == "" {
			return found, nil
		}
		options.Continue = list.Continue
	}
}
