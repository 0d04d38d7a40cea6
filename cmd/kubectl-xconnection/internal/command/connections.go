// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

const (
	resourceName = "xconnections"
	// fieldManager owns, in managedFields, what the plugin writes.
	fieldManager = "kubectl-xconnection"
	// chunk is how many objects are listed at once.
	chunk = 500
)

// scheme knows the operator's own kinds alone.
var scheme = newScheme()

func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	return scheme
}

// connections reads and changes XConnections.
type connections struct {
	client     rest.Interface
	parameters runtime.ParameterCodec
}

// newConnections needs no discovery: it knows where XConnections are served.
func newConnections(config *rest.Config) (*connections, error) {
	config = rest.CopyConfig(config)
	config.APIPath = "/apis"
	config.GroupVersion = &v1alpha1.GroupVersion
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	client, err := rest.RESTClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	return &connections{client: client, parameters: runtime.NewParameterCodec(scheme)}, nil
}

func (c *connections) get(ctx context.Context, namespace, name string) (*v1alpha1.XConnection, error) {
	conn := &v1alpha1.XConnection{}
	err := c.client.Get().Namespace(namespace).Resource(resourceName).Name(name).Do(ctx).Into(conn)
	if apierrors.IsNotFound(err) && !unserved(err) {
		return nil, fmt.Errorf("%w in the namespace %s", err, namespace)
	}
	if err != nil {
		return nil, err
	}
	return conn, nil
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

// patch merges a change into exactly the object that was read: one of the same name
// that was made since is left alone.
func (c *connections) patch(ctx context.Context, conn *v1alpha1.XConnection, change map[string]any) (*v1alpha1.XConnection, error) {
	metadata, ok := change["metadata"].(map[string]any)
	if !ok {
		metadata = map[string]any{}
		change["metadata"] = metadata
	}
	metadata["uid"] = conn.UID
	body, err := json.Marshal(change)
	if err != nil {
		return nil, fmt.Errorf("encoding a change: %w", err)
	}
	changed := &v1alpha1.XConnection{}
	err = c.client.Patch(types.MergePatchType).Namespace(conn.Namespace).Resource(resourceName).Name(conn.Name).
		VersionedParams(&metav1.PatchOptions{FieldManager: fieldManager}, c.parameters).
		Body(body).Do(ctx).Into(changed)
	if err != nil {
		return nil, err
	}
	return changed, nil
}

// annotate asks for something by an annotation.
func (c *connections) annotate(ctx context.Context, conn *v1alpha1.XConnection, key, value string) (*v1alpha1.XConnection, error) {
	return c.patch(ctx, conn, map[string]any{
		"metadata": map[string]any{"annotations": map[string]string{key: value}},
	})
}

// errAgain means that a watch ended for a reason that reading anew mends.
var errAgain = errors.New("the watch ended")

// follow gives an object and each later version of it to step, until that says that
// it is done. It fails if the object goes, and with the context's error.
func (c *connections) follow(ctx context.Context, conn *v1alpha1.XConnection, step func(*v1alpha1.XConnection) (bool, error)) error {
	for current := conn; ; {
		done, err := step(current)
		if err != nil || done {
			return err
		}
		if err := c.watch(ctx, current, step); !errors.Is(err, errAgain) {
			return err
		}
		if current, err = c.get(ctx, conn.Namespace, conn.Name); err != nil {
			return err
		}
		if current.UID != conn.UID {
			return gone(conn)
		}
	}
}

// watch gives each later version to step.
func (c *connections) watch(ctx context.Context, conn *v1alpha1.XConnection, step func(*v1alpha1.XConnection) (bool, error)) error {
	watcher := &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			options.Watch = true
			options.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, conn.Name).String()
			return c.client.Get().Namespace(conn.Namespace).Resource(resourceName).VersionedParams(&options, c.parameters).Watch(ctx)
		},
	}
	_, err := watchtools.Until(ctx, conn.ResourceVersion, watcher, func(event watch.Event) (bool, error) {
		switch object := event.Object.(type) {
		case *v1alpha1.XConnection:
			if event.Type == watch.Deleted || object.UID != conn.UID {
				return false, gone(conn)
			}
			return step(object)
		default:
			return false, watchError(event)
		}
	})
	closed := errors.Is(err, watchtools.ErrWatchClosed)
	switch {
	case ctx.Err() != nil && (closed || wait.Interrupted(err)):
		return ctx.Err()
	case closed:
		return errAgain
	default:
		return err
	}
}

// watchError is what a watch's error event says: an event that is too old to go on
// from only means to read anew.
func watchError(event watch.Event) error {
	err := apierrors.FromObject(event.Object)
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return errAgain
	}
	return fmt.Errorf("watching the XConnection: %w", err)
}

func gone(conn *v1alpha1.XConnection) error {
	return &problem{code: ExitError, what: title(conn) + " was deleted while it was waited for"}
}
