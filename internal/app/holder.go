// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"os"

	"github.com/google/uuid"

	"github.com/agentconnect/x-operator/internal/grant"
)

// self names this run of this process, by the pod that the downward API tells of.
// Outside a pod the place is unique to the run: nobody can tell then that it is
// gone, and others wait.
func self() grant.Holder {
	holder := grant.Holder{
		Pod:          os.Getenv("POD_UID"),
		PodName:      os.Getenv("POD_NAME"),
		PodNamespace: os.Getenv("POD_NAMESPACE"),
		Start:        uuid.NewString(),
	}
	if holder.Pod == "" {
		holder.Pod, holder.PodName, holder.PodNamespace = holder.Start, "", ""
	}
	return holder
}
