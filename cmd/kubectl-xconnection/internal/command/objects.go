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

// fieldManager owns, in managedFields, what the plugin writes. It must not begin with
// "kubectl": Flux takes back what managers of such names wrote to objects that it applies,
// requests by annotation too.
const fieldManager = "xconnection-cli"

// scheme knows the operator's own kinds alone.
var scheme = newScheme()

func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	return scheme
}

// objects reads, changes and follows the objects of one kind.
type objects[T subject] struct {
	client     rest.Interface
	parameters runtime.ParameterCodec
	resource   string
	// empty makes an object to read into.
	empty func() T
}

// newObjects needs no discovery: it knows where our kinds are served.
func newObjects[T subject](config *rest.Config, resource string, empty func() T) (*objects[T], error) {
	config = rest.CopyConfig(config)
	config.APIPath = "/apis"
	config.GroupVersion = &v1alpha1.GroupVersion
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	client, err := rest.RESTClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	return &objects[T]{client: client, parameters: runtime.NewParameterCodec(scheme), resource: resource, empty: empty}, nil
}

func (c *objects[T]) get(ctx context.Context, namespace, name string) (T, error) {
	object := c.empty()
	err := c.client.Get().Namespace(namespace).Resource(c.resource).Name(name).Do(ctx).Into(object)
	if apierrors.IsNotFound(err) && !unserved(err) {
		err = fmt.Errorf("%w in the namespace %s", err, namespace)
	}
	return object, err
}

// patch merges a change into exactly the object that was read: one of the same name
// that was made since is left alone.
func (c *objects[T]) patch(ctx context.Context, object T, change map[string]any) (T, error) {
	metadata, ok := change["metadata"].(map[string]any)
	if !ok {
		metadata = map[string]any{}
		change["metadata"] = metadata
	}
	metadata["uid"] = object.GetUID()
	body, err := json.Marshal(change)
	if err != nil {
		return object, fmt.Errorf("encoding a change: %w", err)
	}
	changed := c.empty()
	err = c.client.Patch(types.MergePatchType).Namespace(object.GetNamespace()).Resource(c.resource).Name(object.GetName()).
		VersionedParams(&metav1.PatchOptions{FieldManager: fieldManager}, c.parameters).
		Body(body).Do(ctx).Into(changed)
	return changed, err
}

// annotate asks for something by an annotation.
func (c *objects[T]) annotate(ctx context.Context, object T, key, value string) (T, error) {
	return c.patch(ctx, object, map[string]any{
		"metadata": map[string]any{"annotations": map[string]string{key: value}},
	})
}

// errAgain means that a watch ended for a reason that reading anew mends.
var errAgain = errors.New("the watch ended")

// follow gives an object and each later version of it to step, until that says that
// it is done. It fails if the object goes, and with the context's error.
func (c *objects[T]) follow(ctx context.Context, object T, step func(T) (bool, error)) error {
	for current := object; ; {
		done, err := step(current)
		if err != nil || done {
			return err
		}
		if err := c.watch(ctx, current, step); !errors.Is(err, errAgain) {
			return err
		}
		if current, err = c.get(ctx, object.GetNamespace(), object.GetName()); err != nil {
			return err
		}
		if current.GetUID() != object.GetUID() {
			return gone(object)
		}
	}
}

// watch gives each later version to step.
func (c *objects[T]) watch(ctx context.Context, object T, step func(T) (bool, error)) error {
	watcher := &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			options.Watch = true
			options.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, object.GetName()).String()
			return c.client.Get().Namespace(object.GetNamespace()).Resource(c.resource).VersionedParams(&options, c.parameters).Watch(ctx)
		},
	}
	_, err := watchtools.Until(ctx, object.GetResourceVersion(), watcher, func(event watch.Event) (bool, error) {
		version, ok := event.Object.(T)
		switch {
		case !ok:
			return false, watchError(event, title(object))
		case event.Type == watch.Deleted, version.GetUID() != object.GetUID():
			return false, gone(object)
		default:
			return step(version)
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
func watchError(event watch.Event, watched string) error {
	err := apierrors.FromObject(event.Object)
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return errAgain
	}
	return fmt.Errorf("watching the %s: %w", watched, err)
}

func gone(object subject) error {
	return &problem{code: ExitError, what: title(object) + " was deleted while it was waited for"}
}
