// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"

	"github.com/agentconnect/x-operator/internal/controlplane"
)

// The service accounts of the two processes, as config/default makes them.
const (
	controllersAccount = "x-operator-controllers"
	doorAccount        = "x-operator-agent"
)

// startSteps bring up everything and apply the samples. lost is told when the
// operator ends by itself.
func startSteps(lost context.CancelCauseFunc) []step {
	return []step{
		{"Build the operator and its kubectl plugin from this tree", buildOperator},
		{"Start a Kubernetes control plane", startControlPlane},
		{"Start a simulated X", startX},
		{"Install the operator's manifests", installManifests},
		{"Start the operator", func(ctx context.Context, d *demo) error { return d.startOperator(ctx, lost) }},
		{"Start the agents' door", func(ctx context.Context, d *demo) error { return d.startDoor(ctx, lost) }},
		{"An administrator offers an X app to a namespace", offerApp},
		{"The namespace asks for two connections", applyConnections},
	}
}

func buildOperator(ctx context.Context, d *demo) error {
	arguments := []string{"build", "-o", "bin/", ".", "./cmd/kubectl-xconnection"}
	d.out.command(append([]string{"go"}, arguments...)...)
	if output, err := d.command(ctx, "go", arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("building the operator: %w\n%s", err, output)
	}
	d.out.ok("%s and %s are built", binary, plugin)
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
	d.out.say("There are no nodes, so its Deployments start no pods. What counts here are its service accounts and")
	d.out.say("roles: the binary gets these rights, and no others.")
	_, err := d.call(ctx, call{arguments: []string{"apply", "--server-side", "-k", "config/default"}, most: 6})
	return err
}

func (d *demo) startOperator(ctx context.Context, lost context.CancelCauseFunc) error {
	o, err := d.newOperator(ctx, "controllers", d.options.callbackPort)
	if err != nil {
		return err
	}
	d.operator = o
	if err := d.run(ctx, o, controllersAccount, lost,
		"--components=controllers,callback",
		"--callback-base-url="+o.base,
		"--callback-bind-address="+loopback(d.options.callbackPort),
		"--x-authorize-url="+d.x.url+"/i/oauth2/authorize",
		"--x-token-url="+d.x.url+"/2/oauth2/token",
		"--x-revoke-url="+d.x.url+"/2/oauth2/revoke",
		"--x-api-url="+d.x.url,
	); err != nil {
		return err
	}
	if err := o.answers(ctx, o.base+"/healthz"); err != nil {
		return err
	}
	d.out.ok("it is ready, and its consent pages are at %s", o.base)
	return nil
}

// startDoor starts the process that agents talk to, as a Deployment of its own would.
func (d *demo) startDoor(ctx context.Context, lost context.CancelCauseFunc) error {
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	o, err := d.newOperator(ctx, "door", port)
	if err != nil {
		return err
	}
	d.door = o
	if err := d.run(ctx, o, doorAccount, lost,
		"--components=agent", "--agent-bind-address="+loopback(port), "--x-api-url="+d.x.url,
	); err != nil {
		return err
	}
	d.out.ok("agents post and read at %s/connections/NAMESPACE/NAME/mcp", o.base)
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
