// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"fmt"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// factory gives the commands what they work with, once the flags are parsed.
type factory struct {
	Options
	flags *genericclioptions.ConfigFlags
}

func newFactory(options Options) *factory {
	return &factory{Options: options, flags: genericclioptions.NewConfigFlags(true)}
}

// namespace is the one that was asked for, or else the kubeconfig's.
func (f *factory) namespace() (string, error) {
	namespace, _, err := f.flags.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return "", fmt.Errorf("finding the namespace: %w", err)
	}
	return namespace, nil
}

func (f *factory) config() (*rest.Config, error) {
	config, err := f.flags.ToRESTConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: %w", err)
	}
	// The API server's own priority and fairness holds us back, no client-side limit.
	config.QPS = -1
	config.WarningHandler = rest.NewWarningWriter(f.ErrOut, rest.WarningWriterOptions{
		Deduplicate: true, Color: f.Screen.ErrColours,
	})
	return config, nil
}

// place is the cluster, and the namespace to look in.
func (f *factory) place() (*rest.Config, string, error) {
	namespace, err := f.namespace()
	if err != nil {
		return nil, "", err
	}
	config, err := f.config()
	return config, namespace, err
}

// connections gives the client for XConnections, and the namespace to look in.
func (f *factory) connections() (*connections, string, error) {
	config, namespace, err := f.place()
	if err != nil {
		return nil, "", err
	}
	c, err := newConnections(config)
	return c, namespace, err
}

// connection reads one XConnection, and gives the client to go on with.
func (f *factory) connection(ctx context.Context, name string) (*connections, *v1alpha1.XConnection, error) {
	client, namespace, err := f.connections()
	if err != nil {
		return nil, nil, err
	}
	conn, err := client.get(ctx, namespace, name)
	return client, conn, err
}

// posts gives the client for XPosts, and the namespace to look in.
func (f *factory) posts() (*posts, string, error) {
	config, namespace, err := f.place()
	if err != nil {
		return nil, "", err
	}
	c, err := newPosts(config)
	return c, namespace, err
}

// post reads one XPost, and gives the client to go on with.
func (f *factory) post(ctx context.Context, name string) (*posts, *v1alpha1.XPost, error) {
	client, namespace, err := f.posts()
	if err != nil {
		return nil, nil, err
	}
	post, err := client.get(ctx, namespace, name)
	return client, post, err
}

// core gives the client for Secrets and namespaces.
func (f *factory) core() (corev1client.CoreV1Interface, error) {
	config, err := f.config()
	if err != nil {
		return nil, err
	}
	core, err := corev1client.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	return core, nil
}
