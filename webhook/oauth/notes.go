// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"net/http"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/redeem"
)

// about says on a page which connection it is about, and where to start again. It
// is empty until it is verified that the reader may know.
type about struct {
	Name      string
	Namespace string
	Restart   string
}

// about gives someone who holds an invitation of that epoch the way back to the
// start page, while there is one.
func (d *door) about(found invitation, epoch int64) about {
	connection := found.connection
	subject := about{Name: connection.Name, Namespace: connection.Namespace}
	if found.standing(epoch) == standingOpen {
		capability := d.Keyring.Capability(string(connection.UID), epoch)
		subject.Restart = d.Address.Connect(connection.Namespace, connection.Name, capability)
	}
	return subject
}

// ended tells how a flow ended that had no redirect URL.
func ended(result redeem.ConsentResult, subject about) reply {
	if result.Code != redeem.CodeConnected {
		return explain(&refusal{code: v1alpha1.ErrorCode(result.Code), detail: result.Message}, subject)
	}
	subject.Restart = ""
	account := "The account"
	if result.Username != "" {
		account = "@" + result.Username
	}
	return reply{result: result.Code, status: http.StatusOK, page: note{
		about: subject,
		Tone:  toneGood,
		Label: "Connected",
		Title: account + " is connected",
		What:  "Access is kept fresh from now on. You don’t have to come back.",
		Next:  "You can close this page. To take access back, open the settings of your account at X, and there the connected apps.",
	}}
}

// finishing tells that the same answer came twice, as by a reload, while the first
// is still being worked on. It does not reload itself: a person may be reading.
func finishing(subject about) reply {
	return reply{result: resultFinishing, status: http.StatusAccepted, page: note{
		about: subject,
		Tone:  toneCalm,
		Label: "One moment",
		Title: "Still finishing",
		What:  "Your answer has arrived, and X is being asked for access with it.",
		Next:  "Reload this page in a few seconds to see how it ended.",
	}}
}

// foreignForm refuses a form that is not the start page's.
func foreignForm() reply {
	return reply{result: resultForeignForm, status: http.StatusForbidden, page: note{
		Tone:  toneBad,
		Label: "Stopped",
		Title: "This did not come from our page",
		What:  "Another site tried to begin this for you, or your browser hides where a form comes from. Nothing was done.",
		Next:  "If you meant to connect an account, open the link that you were given and continue from there.",
	}}
}

// closed tells why a link that is good leads to no question.
func closed(found invitation, why standing) reply {
	subject := about{Name: found.connection.Name, Namespace: found.connection.Namespace}
	switch why {
	case standingReplaced:
		return explain(&refusal{code: v1alpha1.ErrorSessionExpired, detail: "A newer link has been made since."}, subject)
	case standingConnected:
		return reply{result: resultAlreadyConnected, status: http.StatusOK, page: note{
			about: subject,
			Tone:  toneGood,
			Label: "Connected",
			Title: "This is already connected",
			What:  "The link has done its work: an account is connected and its access is kept fresh.",
			Next:  "You can close this page. Whoever sent you the link can ask for a new connection if another account is wanted.",
		}}
	case standingDisconnected:
		return waiting(subject, resultDisconnected, "This connection is switched off",
			"Its owner has switched it off, so no account is wanted.")
	case standingSuspended:
		return waiting(subject, resultSuspended, "This connection is paused",
			"Its owner has paused it. Until it goes on, X is not asked for anything.")
	}
	ready := meta.FindStatusCondition(found.connection.Status.Conditions, v1alpha1.ConditionReady)
	if ready != nil && ready.Reason == v1alpha1.ReasonInvalidConfig {
		return explain(&refusal{code: v1alpha1.ErrorInvalidConfig}, subject)
	}
	return waiting(subject, resultNotWanted, "Nothing is asked of you now",
		"This connection is not waiting for anybody: it is still being set up, or its settings need its owner.")
}

func waiting(subject about, result, title, what string) reply {
	return reply{result: result, status: http.StatusConflict, page: note{
		about: subject,
		Tone:  toneCalm,
		Label: "Not now",
		Title: title,
		What:  what,
		Next:  "Ask whoever sent you the link, and open it again once they say so.",
	}}
}
