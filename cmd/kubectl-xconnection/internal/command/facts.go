// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// subject is an object of ours that conditions speak of.
type subject interface {
	runtime.Object
	metav1.Object
}

// conditionsOf gives the conditions of an object, and its kind as kubectl writes it.
func conditionsOf(object subject) (conditions []metav1.Condition, kind string) {
	switch object := object.(type) {
	case *v1alpha1.XConnection:
		return object.Status.Conditions, "xconnection"
	case *v1alpha1.XPost:
		return object.Status.Conditions, "xpost"
	default:
		return nil, "object"
	}
}

// title names an object in sentences.
func title(object subject) string {
	_, kind := conditionsOf(object)
	return kind + " " + object.GetNamespace() + "/" + object.GetName()
}

// ready is the condition Ready; before the operator wrote one it is Unknown.
func ready(object subject) metav1.Condition {
	conditions, _ := conditionsOf(object)
	if condition := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady); condition != nil {
		return *condition
	}
	return metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionUnknown, Reason: "NotSeenYet",
		Message: "The operator has not looked at it yet",
	}
}

func isReady(object subject) bool { return ready(object).Status == metav1.ConditionTrue }

// observed tells whether the status is about the present spec.
func observed(object subject) bool {
	return ready(object).ObservedGeneration == object.GetGeneration()
}

func isTrue(object subject, condition string) bool {
	conditions, _ := conditionsOf(object)
	return meta.IsStatusConditionTrue(conditions, condition)
}

// because gives the operator's own words for how an object stands.
func because(object subject) string {
	condition := ready(object)
	return condition.Reason + ": " + condition.Message
}

// account is the connected account as people write it.
func account(conn *v1alpha1.XConnection) string {
	if conn.Status.Username == "" {
		return "an account whose name X has not told"
	}
	return "@" + conn.Status.Username
}

// notReady says why an XConnection is not ready, and what to do.
func notReady(conn *v1alpha1.XConnection) error {
	return &problem{
		code: ExitNotReady,
		what: fmt.Sprintf("%s is not ready: %s", title(conn), because(conn)),
		next: nextStep(conn),
	}
}

// nextStep says what a person can do about an XConnection that is not ready.
func nextStep(conn *v1alpha1.XConnection) string {
	switch {
	case conn.Spec.Suspend:
		return fmt.Sprintf(`To resume it: kubectl patch xconnection %s -n %s --type=merge -p '{"spec":{"suspend":false}}'`, conn.Name, conn.Namespace)
	case conn.Spec.State == v1alpha1.StateDisconnected, conn.Status.AuthorizeURL != "":
		return "To connect it: " + call("connect", conn)
	default:
		return fmt.Sprintf("For more: kubectl describe xconnection %s -n %s", conn.Name, conn.Namespace)
	}
}

// call is how to call one of these commands for an XConnection.
func call(command string, conn *v1alpha1.XConnection) string {
	return fmt.Sprintf("%s %s %s -n %s", invocation, command, conn.Name, conn.Namespace)
}

// checkUsable refuses what nothing can be asked of X for.
func checkUsable(conn *v1alpha1.XConnection) error {
	switch {
	case !conn.DeletionTimestamp.IsZero():
		return &problem{code: ExitError, what: title(conn) + " is being deleted: make a new one once it is gone"}
	case conn.Spec.State == v1alpha1.StateDisconnected:
		return &problem{
			code: ExitNotReady,
			what: title(conn) + " is disconnected: its tokens are given up (spec.state)",
			next: nextStep(conn),
		}
	case conn.Spec.Suspend:
		return &problem{
			code: ExitNotReady,
			what: title(conn) + " is suspended: nothing is asked of X for it (spec.suspend)",
			next: nextStep(conn),
		}
	default:
		return nil
	}
}
