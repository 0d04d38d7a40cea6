// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"fmt"
	"os"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// ConfigFor makes credentials for a user of that name and groups. RBAC alone says
// what the user may do.
func (c *ControlPlane) ConfigFor(user string, groups ...string) (*rest.Config, error) {
	made, err := c.env.AddUser(envtest.User{Name: user, Groups: groups}, nil)
	if err != nil {
		return nil, fmt.Errorf("making credentials for the user %s: %w", user, err)
	}
	return unlimited(made.Config()), nil
}

// ServiceAccountConfig makes credentials for an existing service account: a token
// of one hour, for the API server or the given audiences.
func (c *ControlPlane) ServiceAccountConfig(ctx context.Context, namespace, name string, audiences ...string) (*rest.Config, error) {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: audiences}}
	if err := c.client.SubResource("token").Create(ctx, account, request); err != nil {
		return nil, fmt.Errorf("asking for a token of the service account %s/%s: %w", namespace, name, err)
	}
	config := rest.AnonymousClientConfig(c.config)
	config.BearerToken = request.Status.Token
	return config, nil
}

// WriteKubeconfig writes a kubeconfig file with these credentials, readable by its
// owner alone, and returns its path. The file goes with Stop.
func (c *ControlPlane) WriteKubeconfig(config *rest.Config) (string, error) {
	content, err := clientcmd.Write(kubeconfigOf(config))
	if err != nil {
		return "", fmt.Errorf("encoding a kubeconfig: %w", err)
	}
	file, err := os.CreateTemp(c.dir, "*.kubeconfig")
	if err != nil {
		return "", fmt.Errorf("making a kubeconfig file: %w", err)
	}
	if err := os.WriteFile(file.Name(), content, 0o600); err != nil {
		return "", fmt.Errorf("writing a kubeconfig file: %w", err)
	}
	return file.Name(), file.Close()
}

func kubeconfigOf(config *rest.Config) clientcmdapi.Config {
	const name = "x-operator"
	kubeconfig := clientcmdapi.NewConfig()
	kubeconfig.Clusters[name] = &clientcmdapi.Cluster{
		Server:                   config.Host,
		CertificateAuthorityData: config.CAData,
	}
	kubeconfig.AuthInfos[name] = &clientcmdapi.AuthInfo{
		ClientCertificateData: config.CertData,
		ClientKeyData:         config.KeyData,
		Token:                 config.BearerToken,
	}
	kubeconfig.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	kubeconfig.CurrentContext = name
	return *kubeconfig
}
