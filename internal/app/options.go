// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package app wires the operator together. The binary, the tests, the demo and
// the benchmark all start this same wiring.
package app

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/agentconnect/x-operator/internal/seal"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// Component is a part of the operator that a process may run.
type Component string

// The components. Each process runs one or more.
const (
	// ComponentControllers reconciles.
	ComponentControllers Component = "controllers"
	// ComponentCallback serves the consent door.
	ComponentCallback Component = "callback"
	// ComponentAgent serves the agents' door.
	ComponentAgent Component = "agent"
)

var components = []Component{ComponentControllers, ComponentCallback, ComponentAgent}

// Options are the operator's flags, and what only tests set.
type Options struct {
	CallbackBaseURL         string
	CallbackBindAddress     string
	AgentBindAddress        string
	AgentAudience           string
	AgentTLSCertDir         string
	GrantNamespace          string
	Endpoints               xapi.Endpoints
	Components              []Component
	Namespaces              []string
	Selector                string
	XAppSelector            string
	LeaderElect             bool
	MaxConcurrentReconciles int
	MetricsBindAddress      string
	MetricsSecure           bool
	MetricsTLSCertDir       string
	MetricsPerObject        bool
	HealthProbeBindAddress  string
	Zap                     zap.Options
	// ShowVersion asks for the version, and for nothing else.
	ShowVersion bool

	// Now is the clock; default: the wall clock.
	Now func() time.Time

	// filled is called once the start is over; nil for nobody.
	filled       func()
	address      seal.Address
	selector     labels.Selector
	xappSelector labels.Selector
}

// Default values of flags.
const (
	DefaultAuthorizeURL = "https://x.com/i/oauth2/authorize"
	DefaultTokenURL     = "https://api.x.com/2/oauth2/token"
	DefaultRevokeURL    = "https://api.x.com/2/oauth2/revoke"
	DefaultAPIURL       = "https://api.x.com"

	// DefaultAgentAudience is what a pod projects its token for.
	DefaultAgentAudience = "x.agentconnect.dev"

	defaultWorkers = 16
)

// ParseFlags reads the command line. flag.ErrHelp means that help was asked for
// and printed to output.
func ParseFlags(program string, args []string, output io.Writer) (Options, error) {
	var o Options
	var chosen, namespaces string
	flags := flag.NewFlagSet(program, flag.ContinueOnError)
	flags.SetOutput(output)
	o.bind(flags)
	flags.StringVar(&chosen, "components", "controllers,callback,agent",
		"Comma-separated parts to run in this process: controllers (reconciles), callback (the consent pages) and agent (the agents' door).")
	flags.StringVar(&namespaces, "namespaces", "",
		"Comma-separated namespaces to watch. Empty: all. The operator then needs Roles in these namespaces only.")
	o.Zap.BindFlags(flags)
	// --kubeconfig, as every controller has it.
	config.RegisterFlags(flags)
	if err := flags.Parse(args); err != nil {
		return Options{}, err
	}
	if flags.NArg() > 0 {
		return Options{}, fmt.Errorf("there are no arguments beside flags, but %q was given: see --help", flags.Arg(0))
	}
	o.Namespaces = list(namespaces)
	for _, name := range list(chosen) {
		o.Components = append(o.Components, Component(name))
	}
	return o, nil
}

func (o *Options) bind(flags *flag.FlagSet) {
	flags.StringVar(&o.CallbackBaseURL, "callback-base-url", "",
		"Public https address of the consent pages, such as https://x.example.com. At X, register this address followed by /oauth2/callback. Required, but by the agents' door alone. For development it may be http on a loopback host.")
	flags.StringVar(&o.CallbackBindAddress, "callback-bind-address", ":8082",
		"Address that the consent pages listen on, as plain HTTP: TLS ends at the Ingress or Gateway before them.")
	flags.StringVar(&o.AgentBindAddress, "agent-bind-address", ":8083",
		"Address that the agents' door listens on: MCP and access tokens, for pods of this cluster.")
	flags.StringVar(&o.AgentAudience, "agent-audience", DefaultAgentAudience,
		"Audience that an agent's service account token must be made for to be let in at the agents' door.")
	flags.StringVar(&o.AgentTLSCertDir, "agent-tls-cert-dir", "",
		"Directory with tls.crt and tls.key, taken up anew when they change: the agents' door then serves TLS. Empty: plain HTTP.")
	flags.StringVar(&o.GrantNamespace, "grant-namespace", os.Getenv("POD_NAMESPACE"),
		"The operator's own namespace: it holds grants, keys and the Secrets of XApps. No XConnection may live there. Default: the environment's POD_NAMESPACE.")
	flags.StringVar(&o.Endpoints.AuthorizeURL, "x-authorize-url", DefaultAuthorizeURL, "X's consent page (RFC 6749, section 3.1).")
	flags.StringVar(&o.Endpoints.TokenURL, "x-token-url", DefaultTokenURL, "X's token endpoint (RFC 6749, section 3.2).")
	flags.StringVar(&o.Endpoints.RevokeURL, "x-revoke-url", DefaultRevokeURL, "X's revocation endpoint (RFC 7009).")
	flags.StringVar(&o.Endpoints.APIURL, "x-api-url", DefaultAPIURL, "Base address of X's API v2, without /2.")
	flags.StringVar(&o.Selector, "selector", "",
		"Label selector of the XConnections to reconcile, so that several operators share the work. Empty: all.")
	flags.StringVar(&o.XAppSelector, "xapp-selector", "",
		"Label selector of the XApps that are this installation's own; others do not exist for it. Empty: all.")
	flags.BoolVar(&o.LeaderElect, "leader-elect", false,
		"Elect a leader among replicas: only it reconciles. Every replica serves the consent pages.")
	flags.IntVar(&o.MaxConcurrentReconciles, "max-concurrent-reconciles", defaultWorkers,
		"How many XConnections are reconciled at once. At most half of them wait for X, and a quarter write routine tokens and statuses.")
	flags.StringVar(&o.MetricsBindAddress, "metrics-bind-address", "0",
		"Address of the Prometheus metrics, such as :8443. 0: no metrics server.")
	flags.BoolVar(&o.MetricsSecure, "metrics-secure", true,
		"Serve metrics over TLS, to callers that the API server authenticates and authorizes.")
	flags.StringVar(&o.MetricsTLSCertDir, "metrics-tls-cert-dir", "",
		"Directory with tls.crt and tls.key for the metrics, taken up anew when they change. Empty: a certificate that the process makes and signs itself.")
	flags.BoolVar(&o.MetricsPerObject, "metrics-per-object", false,
		"Give each XConnection series of its own, labelled with namespace and name: three for each.")
	flags.StringVar(&o.HealthProbeBindAddress, "health-probe-bind-address", ":8081",
		"Address of /healthz and /readyz. 0: none.")
	flags.BoolVar(&o.ShowVersion, "version", false, "Print the version and exit.")
}

func parseSelector(flag, text string, before error) (labels.Selector, error) {
	selector, err := labels.Parse(text)
	if err != nil {
		return nil, errors.Join(before, fmt.Errorf("%s: %w", flag, err))
	}
	return selector, before
}

func list(text string) []string {
	var items []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// Runs tells whether a component runs in this process.
func (o *Options) Runs(component Component) bool { return slices.Contains(o.Components, component) }

// consents tells whether this process has to do with people's consent.
func (o *Options) consents() bool {
	return o.Runs(ComponentControllers) || o.Runs(ComponentCallback)
}

// complete checks the options, all of them, and prepares what is derived.
func (o *Options) complete() error {
	var err, addressErr error
	if o.GrantNamespace == "" {
		err = errors.Join(err, errors.New("--grant-namespace is required outside a pod: name the operator's own namespace"))
	}
	switch {
	case o.CallbackBaseURL != "":
		o.address, addressErr = seal.ParseAddress(o.CallbackBaseURL)
	case o.consents():
		addressErr = errors.New("--callback-base-url is required: the public https address of the consent pages")
	}
	err = errors.Join(err, addressErr, o.Endpoints.Validate(), o.checkMetricsCertificate())
	if len(o.Components) == 0 {
		err = errors.Join(err, errors.New("--components names no component: controllers, callback and agent exist"))
	}
	for _, component := range o.Components {
		if !slices.Contains(components, component) {
			err = errors.Join(err, fmt.Errorf("--components: there is no component %q: controllers, callback and agent exist", component))
		}
	}
	if o.Runs(ComponentAgent) && o.AgentAudience == "" {
		err = errors.Join(err, errors.New("--agent-audience must not be empty: without an audience any token of the cluster would do"))
	}
	o.selector, err = parseSelector("--selector", o.Selector, err)
	o.xappSelector, err = parseSelector("--xapp-selector", o.XAppSelector, err)
	if o.MaxConcurrentReconciles < 1 {
		err = errors.Join(err, errors.New("--max-concurrent-reconciles must be at least 1"))
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return err
}
