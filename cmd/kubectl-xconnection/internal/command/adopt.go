// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/printers"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// defaultGrantNamespace is where config/default installs the operator.
const defaultGrantNamespace = "x-operator-system"

// The values of --dry-run, as kubectl's.
const (
	dryRunNone   = "none"
	dryRunClient = "client"
	dryRunServer = "server"
)

var dryRuns = []string{dryRunNone, dryRunServer, dryRunClient}

var (
	adoptLong = templates.LongDesc(`
		Hand the grants of a restored or moved cluster to this one.

		A grant, a Secret in the operator's namespace, holds a connection's refresh token
		and the identity of the cluster that made it. The operator does not touch a grant
		of another cluster: a refresh token is used once, and two clusters that share one
		lose the account. Adopt grants only if the cluster that made them is gone, or its
		operator never runs again.

		This needs an administrator: it reads and annotates Secrets in the operator's
		namespace. It prints what it does with each grant and never what is in it. Where
		the XConnection was made anew, as restore tools do, it takes the grant of its
		name over, unless an account has been connected since.`)

	adoptExample = templates.Examples(`
		# What would be adopted, in all namespaces?
		kubectl xconnection adopt -A --dry-run

		# Adopt the grants of one namespace
		kubectl xconnection adopt -n customer-a`)
)

// adopt hands grants of another cluster to this one.
type adopt struct {
	*factory
	all            bool
	dryRun         string
	grantNamespace string
}

func newAdopt(f *factory) *cobra.Command {
	a := &adopt{factory: f, dryRun: dryRunNone, grantNamespace: defaultGrantNamespace}
	cmd := &cobra.Command{
		Use:                   "adopt [NAME...]",
		DisableFlagsInUseLine: true,
		Short:                 "Adopt the grants of a restored or moved cluster",
		Long:                  adoptLong,
		Example:               adoptExample,
		ValidArgsFunction:     f.completeNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.validate(cmd, args); err != nil {
				return err
			}
			return a.run(cmd.Context(), plainNames(args))
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&a.all, "all-namespaces", "A", a.all, "If true, adopt the grants of XConnections in all namespaces.")
	flags.StringVar(&a.grantNamespace, "grant-namespace", a.grantNamespace, "The operator's own namespace, which holds the grants.")
	flags.StringVar(&a.dryRun, "dry-run", a.dryRun,
		`Must be "none", "server", or "client". If client, only print what would be adopted. If server, also ask the API server whether it would allow it.`)
	flags.Lookup("dry-run").NoOptDefVal = dryRunClient
	completeOneOf(cmd, "dry-run", dryRuns)
	completeFlag(cmd, "grant-namespace", f.completeNamespaces)
	return cmd
}

func (a *adopt) validate(cmd *cobra.Command, args []string) error {
	switch {
	case !slices.Contains(dryRuns, a.dryRun):
		return usageError(cmd, `--dry-run must be "none", "server" or "client", and is %q`, a.dryRun)
	case a.all && len(args) > 0:
		return usageError(cmd, "XConnections can't be named across all namespaces: leave out -A or the names")
	default:
		return nil
	}
}

func (a *adopt) run(ctx context.Context, names []string) error {
	client, namespace, err := a.connections()
	if err != nil {
		return err
	}
	if a.all {
		namespace = ""
	}
	core, err := a.core()
	if err != nil {
		return err
	}
	cluster, err := clusterID(ctx, core)
	if err != nil {
		return err
	}
	grants, all, err := foreignGrants(ctx, core.Secrets(a.grantNamespace), cluster)
	if err != nil {
		return err
	}
	grants, missing := chosen(grants, namespace, names)
	switch {
	case all == 0:
		a.note("There are no grants in the namespace %s: if that is not the operator's, name it with --grant-namespace.", a.grantNamespace)
		return errors.Join(missing...)
	case len(grants) == 0:
		a.note("No grants of other clusters found for XConnections in %s.", where(namespace))
		return errors.Join(missing...)
	}
	a.explain(grants, cluster)
	owners, err := client.list(ctx, namespace, "")
	if err != nil {
		return err
	}
	results, err := a.adoptAll(ctx, core, grants, owners, cluster)
	if printErr := a.showAdoptions(results); printErr != nil {
		return printErr
	}
	return errors.Join(append(missing, err)...)
}

// chosen keeps the grants of a namespace, or of all for "", and of names if there
// are any; missing says which names have no such grant.
func chosen(grants []foreignGrant, namespace string, names []string) (kept []foreignGrant, missing []error) {
	found := map[string]bool{}
	for _, grant := range grants {
		inside := namespace == "" || grant.namespace == namespace
		if inside && (len(names) == 0 || slices.Contains(names, grant.name)) {
			kept = append(kept, grant)
			found[grant.name] = true
		}
	}
	slices.SortFunc(kept, func(a, b foreignGrant) int {
		return strings.Compare(a.namespace+"/"+a.name, b.namespace+"/"+b.name)
	})
	for _, name := range names {
		if !found[name] {
			missing = append(missing, &problem{
				code: ExitError,
				what: fmt.Sprintf("xconnection %s/%s has no grant of another cluster: there is nothing to adopt", namespace, name),
			})
		}
	}
	return kept, missing
}

func where(namespace string) string {
	if namespace == "" {
		return "any namespace"
	}
	return "the namespace " + namespace
}

// explain says what is about to be decided.
func (a *adopt) explain(grants []foreignGrant, cluster string) {
	counts := map[string]int{}
	for _, grant := range grants {
		counts[grant.cluster]++
	}
	for _, maker := range slices.Sorted(maps.Keys(counts)) {
		a.note("%s made by cluster %s; this is cluster %s.", plural(counts[maker]), orNone(maker), cluster)
	}
	a.note("Adopt only what no other cluster uses any more: two clusters that share a refresh token lose the account.")
}

// note tells an administrator something beside the results. What it names may come
// from annotations that anybody wrote.
func (a *adopt) note(format string, arguments ...any) {
	_, _ = fmt.Fprintln(a.ErrOut, printers.EscapeTerminal(fmt.Sprintf(format, arguments...)))
}

func plural(grants int) string {
	if grants == 1 {
		return "1 grant was"
	}
	return fmt.Sprintf("%d grants were", grants)
}

// adoption is what was done with a grant.
type adoption struct {
	foreignGrant
	username string
	result   string
}

// adoptAll adopts what can be adopted. The error joins those of all that can't.
func (a *adopt) adoptAll(
	ctx context.Context, core corev1client.CoreV1Interface,
	grants []foreignGrant, owners []v1alpha1.XConnection, cluster string,
) (results []adoption, err error) {
	var errs []error
	for _, grant := range grants {
		done := adoption{foreignGrant: grant}
		owner := ownerOf(grant, owners)
		if owner != nil {
			done.username = owner.Status.Username
		}
		done.result, err = a.adoptOne(ctx, core.Secrets(a.grantNamespace), grant, owner, cluster)
		if err != nil {
			errs = append(errs, err)
		}
		results = append(results, done)
	}
	return results, errors.Join(errs...)
}

func ownerOf(grant foreignGrant, owners []v1alpha1.XConnection) *v1alpha1.XConnection {
	for i := range owners {
		if owners[i].Namespace == grant.namespace && owners[i].Name == grant.name {
			return &owners[i]
		}
	}
	return nil
}

// adoptOne adopts one grant and says how it went.
func (a *adopt) adoptOne(
	ctx context.Context, secrets corev1client.SecretInterface,
	grant foreignGrant, owner *v1alpha1.XConnection, cluster string,
) (result string, err error) {
	switch {
	case owner == nil:
		return "not adopted: no such XConnection", &problem{
			code: ExitNotReady,
			what: fmt.Sprintf("the grant of xconnection %s/%s can't be adopted: that XConnection does not exist", grant.namespace, grant.name),
			next: fmt.Sprintf("If it is not to come back, revoke the app's access in the account's settings at X, since deleting the Secret does not: kubectl delete secret %s -n %s",
				grant.secret, a.grantNamespace),
		}
	case owner.UID != grant.owner && owner.Status.Rotation > 0:
		return "not adopted: connected anew", &problem{
			code: ExitNotReady,
			what: fmt.Sprintf("the grant of %s can't be adopted: the XConnection was made anew, and has been connected since", title(owner)),
			next: fmt.Sprintf("If it works: kubectl delete secret %s -n %s", grant.secret, a.grantNamespace),
		}
	case grant.adopter == cluster:
		return "adopted already", nil
	case a.dryRun == dryRunClient:
		return "adopted (dry run)", nil
	}
	result, dryRun := "adopted", []string(nil)
	if a.dryRun == dryRunServer {
		result, dryRun = "adopted (server dry run)", []string{metav1.DryRunAll}
	}
	if err := handOver(ctx, secrets, grant, cluster, dryRun); err != nil {
		return "failed", err
	}
	return result, nil
}
