// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/xapi"
	"github.com/agentconnect/x-operator/webhook/places"
)

// Options are what the door works with. All are required but Namespaces and Called.
type Options struct {
	// Cached reads XConnections and XPosts from the manager's cache.
	Cached client.Reader
	// Live asks the API server about callers, and makes and deletes XPosts.
	Live client.Client
	// Grants has the access tokens.
	Grants Grants
	// X is asked for what is read.
	X *xapi.Client
	// Pacer holds calls back while X limits them.
	Pacer *pace.Pacer
	// Audience is what a caller's token must be made for.
	Audience string
	// Namespaces are those of the XConnections that are served; empty for all.
	Namespaces []string
	// Called is told of each call once it is over: what was called (a tool's name,
	// "token", or "mcp" for what came to no tool) and its result ("ok" or a reason).
	Called func(what, result string)
	Now    func() time.Time
	Log    logr.Logger
}

// Grants reads grants, and writes none: grant.Store, of which the door needs no more.
type Grants interface {
	// Get reads from the cache, GetLive from the API server.
	Get(ctx context.Context, owner types.UID) (*grant.Grant, error)
	GetLive(ctx context.Context, owner types.UID) (*grant.Grant, error)
}

// Door is the agents' door, an http.Handler. It keeps nothing that another replica
// would miss.
type Door struct {
	Options

	callers *authenticator
	rights  *authorizer
	writes  *turnstile
	busy    *places.Places[string]
	handler http.Handler
}

// New makes the door.
func New(options Options) *Door {
	if options.Called == nil {
		options.Called = func(string, string) {}
	}
	now := clock(options.Now)
	d := &Door{
		Options: options,
		callers: newAuthenticator(options.Live, options.Audience, now),
		rights:  newAuthorizer(options.Live, now),
		writes:  newTurnstile(now, writeShare),
		busy:    places.New[string](maxPerNamespace),
	}
	server := d.tools()
	tools := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{
		Stateless:    true,
		JSONResponse: true,
		// It is there for servers that know a caller by where it is. This one wants a
		// token, which no browser has; and a sidecar's calls do come from localhost.
		DisableLocalhostProtection: true,
		// An agent that hangs up reads nothing more. What it publishes is an XPost, and
		// goes on.
		PropagateRequestCancellation: true,
	})
	mux := http.NewServeMux()
	mux.Handle("/connections/{namespace}/{name}/mcp", d.guarded("mcp", single(tools), mayRead, mayPost, mayDelete))
	mux.Handle("GET /connections/{namespace}/{name}/token", d.guarded(tokenCall, http.HandlerFunc(d.giveToken), mayToken))
	// Pages of other origins have no business here, whatever they got hold of.
	d.handler = http.NewCrossOriginProtection().Handler(mux)
	return d
}

// ServeHTTP implements http.Handler.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	d.handler.ServeHTTP(w, r)
}

// Unproxied implements webhook.Unproxied: pods call the door at its Service, so that
// one that floods it is told apart by its address.
func (d *Door) Unproxied() {}

// guarded lets a request through whose caller is known and has at least one of the
// rights. Nothing of the request's body, and nothing about the connection, is read
// before that.
func (d *Door) guarded(what string, next http.Handler, wanted ...right) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := call{connection: types.NamespacedName{Namespace: r.PathValue("namespace"), Name: r.PathValue("name")}}
		if !isName(c.connection) {
			http.NotFound(w, r)
			return
		}
		var err error
		if c.user, err = d.callers.caller(r.Context(), r); err == nil {
			err = d.anyOf(r.Context(), c, wanted)
		}
		if err != nil {
			d.refuse(w, what, c, err)
			return
		}
		if !d.busy.Enter(c.connection.Namespace) {
			d.refuse(w, what, c, &fault{reasonBusy, "Too many calls are under way for connections of this namespace.", d.Now().Add(time.Second)})
			return
		}
		defer d.busy.Leave(c.connection.Namespace)
		ctx, cancel := context.WithTimeout(withCall(r.Context(), c), requestTimeout)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// isName keeps out what no XConnection can be called.
func isName(key types.NamespacedName) bool {
	return len(validation.ValidateNamespaceName(key.Namespace, false)) == 0 &&
		len(validation.NameIsDNSSubdomain(key.Name, false)) == 0
}

// anyOf fails unless the caller has one of the rights.
func (d *Door) anyOf(ctx context.Context, c call, wanted []right) error {
	for _, one := range wanted {
		allowed, err := d.rights.allows(ctx, c, one)
		if allowed || err != nil {
			return err
		}
	}
	return forbidden(c, wanted...)
}

// toldOf is what a caller is told of an error. One that is no fault is ours: it is
// logged, and its text stays here.
func (d *Door) toldOf(c call, err error) *fault {
	var told *fault
	if errors.As(err, &told) {
		return told
	}
	if errors.Is(err, context.Canceled) {
		// The caller hung up, and nobody reads this.
		return &fault{reasonCanceled, "The call was given up.", time.Time{}}
	}
	d.Log.Error(err, "An agent's call failed", "namespace", c.connection.Namespace, "name", c.connection.Name, "user", c.user.Username)
	return &fault{reasonInternal, "The operator failed; its logs say more.", d.Now().Add(unavailableFor)}
}

type callKey struct{}

func withCall(ctx context.Context, c call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// callOf gives the call that guarded let in.
func callOf(ctx context.Context) call {
	c, _ := ctx.Value(callKey{}).(call)
	return c
}
