// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/outcome"
	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/seal"
	"github.com/agentconnect/x-operator/internal/version"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// operator is what the parts of one process share.
type operator struct {
	Options
	// closed are namespaces that Options name and that this process may not read; they
	// are not in Options.Namespaces any more.
	closed   []string
	mgr      ctrl.Manager
	live     client.Client
	store    *grant.Store
	keeper   *redeem.Keeper
	gate     *redeem.Gate
	x        *xapi.Client
	pacer    *pace.Pacer
	redeemer *redeem.Redeemer
	keyring  *seal.Keyring
	// changed carries the news that X's opinion of some app changed.
	changed chan event.GenericEvent
	// rekeyed carries the news that the keys of links changed.
	rekeyed chan event.GenericEvent
	// late tells each controller that the time of day leapt.
	late []chan<- event.GenericEvent
}

// Main is the binary: it reads the flags, finds the cluster and runs until a
// signal. A second signal ends the process at once.
func Main(args []string, output, diagnostics io.Writer) error {
	options, err := ParseFlags("x-operator", args, diagnostics)
	if err != nil {
		return err
	}
	if options.ShowVersion {
		_, err := fmt.Fprintln(output, "x-operator", version.Get())
		return err
	}
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&options.Zap)))
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("finding the cluster: %w", err)
	}
	options.filled = frugalStart()
	ctx := ctrl.SetupSignalHandler()
	go tidyMemory(ctx)
	return Run(ctx, config, options)
}

// Run runs the operator until ctx ends, and returns once every answer of X that
// it still held is stored: on every path, a lost leadership included, which lets
// the manager drop everything.
func Run(ctx context.Context, config *rest.Config, options Options) error {
	if err := options.complete(); err != nil {
		return fmt.Errorf("the operator can't start: %w", err)
	}
	o := &operator{Options: options, keeper: redeem.NewKeeper()}
	defer o.keeper.Drain()
	stop := context.AfterFunc(ctx, o.keeper.Stop)
	defer stop()

	config = rest.CopyConfig(config)
	// The API server's own priority and fairness holds us back, no client-side limit.
	config.QPS = -1
	// Since 1.37 the API server compresses each event of a watch for whoever lets it:
	// both sides would pay more CPU for it than a cluster's network is worth.
	config.DisableCompression = true
	// Audit logs tell which build asked.
	config.UserAgent = "x-operator/" + version.Get().Version
	steps := []func(context.Context, *rest.Config) error{
		o.connect,
		o.leaveOut,
		o.makeManager,
		o.makeCore,
		o.loadKeys,
		o.addControllers,
		o.addClocks,
		o.addFleet,
		o.addCallback,
		o.addAgent,
		o.addHealth,
		o.addKnocker,
		o.tellFilled,
	}
	for _, step := range steps {
		if err := step(ctx, config); err != nil {
			return err
		}
	}
	if err := o.mgr.Start(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("the operator ended: %w", err)
	}
	return nil
}

func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	return scheme
}

// connect makes the client that reads and writes without a cache.
func (o *operator) connect(_ context.Context, config *rest.Config) error {
	live, err := client.New(config, client.Options{Scheme: newScheme()})
	if err != nil {
		return fmt.Errorf("connecting to the API server: %w", err)
	}
	o.live = live
	return nil
}

// makeCore makes what all components work with.
func (o *operator) makeCore(ctx context.Context, _ *rest.Config) error {
	system := &corev1.Namespace{}
	if err := o.live.Get(ctx, types.NamespacedName{Name: "kube-system"}, system); err != nil {
		return fmt.Errorf("reading the cluster's identity, the uid of the namespace kube-system: %w", err)
	}
	o.store = &grant.Store{
		Client:    o.mgr.GetClient(),
		Live:      o.live,
		Namespace: o.GrantNamespace,
		ClusterID: string(system.UID),
	}
	o.registerMetrics()
	o.changed, o.rekeyed = make(chan event.GenericEvent, 1), make(chan event.GenericEvent, 1)
	o.gate = redeem.NewGate(o.Now)
	o.pacer = pace.New(o.Now)
	o.x = xapi.New(xapi.Options{Endpoints: o.Endpoints, Clock: o.Now, Observer: requested})
	o.redeemer = redeem.New(redeem.Options{
		Store:       o.store,
		X:           o.x,
		Keeper:      o.keeper,
		Gate:        o.gate,
		Self:        self(),
		Now:         o.Now,
		Standing:    o.standing,
		ConsentCode: outcome.ConsentCode,
		Report: reporter{
			log: o.mgr.GetLogger().WithName("redeem"), changed: o.changed, called: atCall(busyStart, o.filled),
		},
	})
	return nil
}

// standing reads live how the owner of a grant stands to it.
func (o *operator) standing(ctx context.Context, owner grant.Owner) (redeem.Standing, error) {
	conn := &v1alpha1.XConnection{}
	err := o.live.Get(ctx, types.NamespacedName{Namespace: owner.Namespace, Name: owner.Name}, conn)
	switch {
	case client.IgnoreNotFound(err) != nil:
		return "", err
	case err != nil, conn.UID != owner.UID, !conn.DeletionTimestamp.IsZero():
		return redeem.Gone, nil
	case conn.Spec.State == v1alpha1.StateDisconnected:
		return redeem.Disconnected, nil
	default:
		return redeem.Connectable, nil
	}
}
