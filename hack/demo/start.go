// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/agentconnect/x-operator/internal/controlplane"
)

// The service account whose rights the operator has, as config/default grants them.
const controllersAccount = "system:serviceaccount:" + operatorNamespace + ":x-operator-controllers"

// startSteps bring up everything and apply the samples. lost is told when the
// operator ends by itself.
func startSteps(lost context.CancelCauseFunc) []step {
	return []step{
		{"Build the operator from this tree", buildOperator},
		{"Start a Kubernetes control plane", startControlPlane},
		{"Start a simulated X", startX},
		{"Install the operator's manifests", installManifests},
		{"Start the operator", func(ctx context.Context, d *demo) error { return d.startOperator(ctx, lost) }},
		{"An administrator offers an X app to a namespace", offerApp},
		{"The namespace asks for two connections", applyConnections},
	}
}

func buildOperator(ctx context.Context, d *demo) error {
	arguments := []string{"build", "-o", binary, "."}
	d.out.command("go", strings.Join(arguments, " "))
	if output, err := d.command(ctx, "go", arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("building the operator: %w\n%s", err, output)
	}
	d.out.ok("%s is built", binary)
	return nil
}

func startControlPlane(ctx context.Context, d *demo) (err error) {
	d.out.say("etcd, kube-apiserver and kube-controller-manager, on loopback, with this project's CRDs.")
	d.plane, err = controlplane.Start(ctx, controlplane.Options{ControllerManager: true, Progress: os.Stderr})
	if err != nil {
		return err
	}
	_, err = d.kubectl(ctx, "version")
	return err
}

// startX chooses the operator's callback port as well, since the apps at X are
// registered with it.
func startX(ctx context.Context, d *demo) (err error) {
	if d.options.callbackPort == 0 {
		if d.options.callbackPort, err = freePort(ctx); err != nil {
			return err
		}
	}
	callback := "http://" + loopback(d.options.callbackPort) + "/oauth2/callback"
	d.x, err = startSimulator(ctx, d.options.xPort, callback)
	if err != nil {
		return err
	}
	d.out.say("It stands for x.com and api.x.com, hands out one-time refresh tokens, and keeps books on each of them.")
	d.out.ok("it serves %s, with the accounts @%s and @%s, and two X apps whose callback URI is", d.x.url, jane, john)
	d.out.say("    %s", callback)
	return nil
}

func installManifests(ctx context.Context, d *demo) error {
	d.out.say("There are no nodes, so its Deployments start no pods. What counts here are its service account and")
	d.out.say("roles: the binary gets these rights, and no others.")
	_, err := d.call(ctx, call{arguments: []string{"apply", "--server-side", "-k", "config/default"}, most: 6})
	return err
}

func (d *demo) startOperator(ctx context.Context, lost context.CancelCauseFunc) error {
	config, err := d.plane.ConfigFor(controllersAccount, "system:serviceaccounts", "system:serviceaccounts:"+operatorNamespace)
	if err != nil {
		return err
	}
	kubeconfig, err := d.plane.WriteKubeconfig(config)
	if err != nil {
		return err
	}
	o, err := d.newOperator(ctx)
	if err != nil {
		return err
	}
	flags := d.flags(o, kubeconfig)
	d.out.command(strings.Join(append([]string{binary}, flags...), " \\\n    "))
	// It outlives an interrupt's context, so that it can be stopped in order.
	cmd := d.command(context.WithoutCancel(ctx), "./"+binary, flags...)
	cmd.Env = append(cmd.Env, "KUBECONFIG=") // The administrator's is not for the operator.
	if err := o.start(cmd, lost); err != nil {
		return err
	}
	d.operator = o
	for _, url := range []string{"http://" + o.health + "/readyz", o.base + "/healthz"} {
		if err := o.answers(ctx, url); err != nil {
			return err
		}
	}
	d.out.ok("it is ready, and its consent pages are at %s", o.base)
	return nil
}

func offerApp(ctx context.Context, d *demo) error {
	for _, arguments := range [][]string{
		{"create", "namespace", tenantNamespace},
		{"label", "namespace", tenantNamespace, "x-app-acme=allowed"},
	} {
		if _, err := d.kubectl(ctx, arguments...); err != nil {
			return err
		}
	}
	err := d.applySample(ctx, "x_v1alpha1_xapp.yaml",
		"REPLACE-WITH-THE-CLIENT-ID", sharedApp.ClientID, "REPLACE-WITH-THE-CLIENT-SECRET", sharedApp.ClientSecret)
	if err != nil {
		return err
	}
	if err := d.wait(ctx, "xapp/acme", "condition=Ready"); err != nil {
		return err
	}
	if _, err := d.kubectl(ctx, "get", "xapps"); err != nil {
		return err
	}
	registered, err := d.kubectl(ctx, "get", "xapp", "acme", "-o", "jsonpath={.status.callbackURL}")
	if err != nil {
		return err
	}
	if want := d.operator.base + "/oauth2/callback"; registered != want {
		return fmt.Errorf("the XApp's callback URL is %q, want %q", registered, want)
	}
	d.out.ok("this is the callback URI to enter at X")
	return nil
}

func applyConnections(ctx context.Context, d *demo) error {
	d.out.say("One through the shared app, pinned to @%s; one through an X app of its own.", jane)
	if _, err := d.kubectl(ctx, "config", "set-context", "--current", "--namespace="+tenantNamespace); err != nil {
		return err
	}
	if err := d.applySample(ctx, "x_v1alpha1_xconnection.yaml"); err != nil {
		return err
	}
	err := d.applySample(ctx, "x_v1alpha1_xconnection_own.yaml",
		"REPLACE-WITH-YOUR-CLIENT-ID", ownApp.ClientID, "REPLACE-WITH-YOUR-CLIENT-SECRET", ownApp.ClientSecret)
	if err != nil {
		return err
	}
	for _, name := range []string{sharedConnection, ownConnection} {
		if err := d.wait(ctx, "xconnection/"+name, readyFor("ConsentRequired")); err != nil {
			return err
		}
	}
	_, err = d.kubectl(ctx, "get", "xconnections")
	return err
}
