// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"github.com/spf13/cobra"

	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/door"
)

// projectedToken is where the samples mount a service-account token for the door.
const projectedToken = "/var/run/secrets/x.agentconnect.dev/token" //nolint:gosec // A path.

// doorFlags say where the agents' door is, and who calls.
type doorFlags struct{ address, tokenFile, caFile string }

func (d *doorFlags) addFlags(cmd *cobra.Command, address string) {
	cmd.Flags().StringVar(&d.address, "door", address, "The address of the operator's agents' door, such as http://x-operator-agent.x-operator-system.svc.")
	cmd.Flags().StringVar(&d.tokenFile, "token-file", projectedToken, "For the door: a file with a service account's token for the door's audience.")
	cmd.Flags().StringVar(&d.caFile, "door-ca-file", "", "For a door at an https address: the certificates to check its own against. Default: the system's.")
}

func (d *doorFlags) door(namespace, name string) (door.Door, error) {
	found := door.Door{Base: d.address, Namespace: namespace, Name: name, TokenFile: d.tokenFile, CAFile: d.caFile}
	return found, found.Check()
}
