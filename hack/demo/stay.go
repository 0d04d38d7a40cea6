// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"path/filepath"

	"k8s.io/apimachinery/pkg/types"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// stay is what happens with --stay once the connections are applied.
var stay = []step{{"Your turn", stayUp}}

// stayUp tells what there is, and waits for an interrupt or the operator's end.
func stayUp(ctx context.Context, d *demo) error {
	own, err := d.link(ctx, ownConnection)
	if err != nil {
		return err
	}
	shared, err := d.link(ctx, sharedConnection)
	if err != nil {
		return err
	}
	d.out.say(guide,
		filepath.Dir(d.plane.Binary("kubectl")), d.plane.Kubeconfig(), own, shared, jane, d.operator.log, d.x.url,
		filepath.Join(d.root, "bin"), d.door.base)
	<-ctx.Done()
	if d.operator.gone() || d.door.gone() {
		return context.Cause(ctx)
	}
	d.out.say("\nStopping what was started.")
	return nil
}

const guide = `Everything runs on this machine until Ctrl-C. In another terminal:

  export PATH="%[1]s:%[8]s:$PATH"   # this cluster's kubectl, and the operator's plugin
  export KUBECONFIG=%[2]s
  kubectl get xconnections --watch

Open a link in a browser on this machine, and consent as a person would:

  %[3]s
     social-manager-own: any account; it ends on a page of the operator
  %[4]s
     social-manager: as @%[5]s, who is pinned; it ends on the sample's redirectURL at app.example.com, where
     nobody answers: look at the address

Then try:

  kubectl describe xconnection social-manager-own
  kubectl describe secret social-manager-own-x-token
  kubectl annotate xconnection social-manager-own --overwrite x.agentconnect.dev/refresh-requested-at="$(date)"
  kubectl delete secret social-manager-own-x-token     # it comes back, and no refresh token is spent
  kubectl xconnection post social-manager-own --text "Hello from $(hostname)"
  kubectl delete xconnection social-manager-own        # its tokens are revoked
  kubectl events

  tail -f %[6]s
  # Agents: the door is at %[9]s; docs/agents.md shows what to ask there.
  curl -s %[7]s/_sim/state                     # what X has counted
  curl -X POST %[7]s/_sim/faults -d '{"kind":"reset","after":true,"endpoint":"refresh"}'
                                               # its next answer to a refresh is lost: the worst that can happen`

// link is where a person consents.
func (d *demo) link(ctx context.Context, connection string) (string, error) {
	conn := &v1alpha1.XConnection{}
	key := types.NamespacedName{Namespace: tenantNamespace, Name: connection}
	err := d.plane.Client().Get(ctx, key, conn)
	return conn.Status.AuthorizeURL, err
}
