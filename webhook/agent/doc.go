// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package agent is the agents' door: an in-cluster address at which an agent posts
// and reads as the X account of an XConnection, over MCP (streamable HTTP,
// stateless, so that any replica answers any call).
//
// # Addresses
//
//	POST /connections/{namespace}/{name}/mcp    the tools, over MCP
//	GET  /connections/{namespace}/{name}/token  the current access token, for clients that call X themselves
//
// The Service is x-operator-agent in the operator's namespace, so by default
// http://x-operator-agent.x-operator-system.svc/connections/customer-a/social-manager/mcp.
//
// # Who may call
//
// The caller sends "Authorization: Bearer" and the projected token of its pod's
// service account, made for the door's audience: --agent-audience, by default
// x.agentconnect.dev. The API server reviews the token (TokenReview), and then
// RBAC is asked about that one XConnection (SubjectAccessReview, in the group
// x.agentconnect.dev):
//
//	get    xconnections/skill  read_mentions, read_timeline, read_posts, whoami
//	create xconnections/skill  publish_post, publish_thread, reply
//	delete xconnections/skill  delete_post
//	get    xconnections/token  GET .../token
//
// Three ClusterRoles grant these, for a tenant's RoleBinding:
// x-operator-agent-reader (get on skill), x-operator-agent-poster (get, create and
// delete on skill) and x-operator-agent-token (get on token). The last is the
// strongest: who holds the token calls X without an XPost, and without the approval
// that one may need.
//
// # What happens
//
// A tool that publishes makes an XPost beside the XConnection and waits for its
// outcome; whatever an agent publishes is an object with an author, events and a
// history. The author, the caller's user name, stands in the annotation
// x.agentconnect.dev/author. The XPost's name is made of the caller, the connection
// and the caller's requestID, so that a call that is repeated finds the XPost that is
// there, at any replica and for as long as the XPost exists. delete_post deletes such
// an XPost together with its posts, and none that the door did not make.
//
// A tool that reads calls X with the access token that is current at that moment, so
// a rotation never breaks a running agent. What others wrote comes with a warning.
//
// # Flags
//
// --components=agent runs the door; --agent-bind-address (:8083), --agent-audience
// (x.agentconnect.dev) and --agent-tls-cert-dir (empty: plain HTTP) belong to it.
package agent
