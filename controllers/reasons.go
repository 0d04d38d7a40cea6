// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import "github.com/agentconnect/x-operator/api/v1alpha1"

// reasons are all that conditions can have; a test holds them to the API's.
var reasons = map[string]bool{
	v1alpha1.ReasonAccountMismatch:         true,
	v1alpha1.ReasonAgentNotFound:           true,
	v1alpha1.ReasonAuthorizationDenied:     true,
	v1alpha1.ReasonAvailable:               true,
	v1alpha1.ReasonAwaitingApproval:        true,
	v1alpha1.ReasonConnected:               true,
	v1alpha1.ReasonConsentRequired:         true,
	v1alpha1.ReasonDeleted:                 true,
	v1alpha1.ReasonDisconnected:            true,
	v1alpha1.ReasonDuplicateContent:        true,
	v1alpha1.ReasonInternalError:           true,
	v1alpha1.ReasonInvalidConfig:           true,
	v1alpha1.ReasonInvalidText:             true,
	v1alpha1.ReasonMissingParams:           true,
	v1alpha1.ReasonNotConnected:            true,
	v1alpha1.ReasonNotDeleted:              true,
	v1alpha1.ReasonNotEnrolled:             true,
	v1alpha1.ReasonNotRevoked:              true,
	v1alpha1.ReasonProgressing:             true,
	v1alpha1.ReasonPublished:               true,
	v1alpha1.ReasonPublishing:              true,
	v1alpha1.ReasonRateLimited:             true,
	v1alpha1.ReasonReauthorizationDue:      true,
	v1alpha1.ReasonReauthorizationRequired: true,
	v1alpha1.ReasonRefreshFailed:           true,
	v1alpha1.ReasonRefused:                 true,
	v1alpha1.ReasonRejected:                true,
	v1alpha1.ReasonReplyNotAllowed:         true,
	v1alpha1.ReasonRotationUncertain:       true,
	v1alpha1.ReasonScheduled:               true,
	v1alpha1.ReasonSessionExpired:          true,
	v1alpha1.ReasonSuspended:               true,
	v1alpha1.ReasonTokenExchangeFailed:     true,
	v1alpha1.ReasonTokenSecretConflict:     true,
	v1alpha1.ReasonTooLong:                 true,
	v1alpha1.ReasonUnknown:                 true,
	v1alpha1.ReasonUsageCapExceeded:        true,
	v1alpha1.ReasonXUnavailable:            true,
}
