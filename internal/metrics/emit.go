// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// fleetDescriptions are all of those below.
var fleetDescriptions []*prometheus.Desc

func describe(name, help string, labels ...string) *prometheus.Desc {
	description := prometheus.NewDesc("xoperator_"+name, help, labels, nil)
	fleetDescriptions = append(fleetDescriptions, description)
	return description
}

var (
	leader = describe("leader",
		"Whether this process holds its lease and reconciles: 1, or 0 while it waits. Only the leader has what is counted of objects.", "lease")
	connections = describe("connections",
		"XConnections by the status of Ready and Connected and by the reason of Ready.", "ready", "connected", "reason")
	undelivered = describe("tokens_not_delivered",
		"XConnections whose agents do not get the tokens that there are, by the reason of Ready.", "reason")
	accessTokenExpiry = describe("access_token_expiry_seconds",
		"Seconds until the access tokens end of the connections that are to be refreshed, as they stand at the scrape.")
	accessTokenSoonest = describe("access_token_soonest_expiry_seconds",
		"Seconds until the first of the access tokens ends whose connections are to be refreshed; negative once it ended.")
	refreshTokenExpiry = describe("refresh_token_expiry_seconds",
		"Seconds until refresh tokens count as too old, 180 days after the last consent, as they stand at the scrape.")
	refreshTokenSoonest = describe("refresh_token_soonest_expiry_seconds",
		"Seconds until the first of the refresh tokens counts as too old; negative once it does.")
	refreshOverdue = describe("refresh_overdue_seconds",
		"How long the oldest overdue refresh has been due; 0 if none is.")
	posts = describe("posts",
		"XPosts by the status and the reason of Ready.", "ready", "reason")
	appConnections = describe("app_connections",
		"Connected XConnections of an XApp.", "app")
	appLimit = describe("app_limit",
		"Calls that X allows an XApp at an endpoint in its window of 24 hours, as X last said.", "app", "endpoint")
	appLimitRemaining = describe("app_limit_remaining",
		"Calls that are left to an XApp at an endpoint in its window of 24 hours, as X last said.", "app", "endpoint")
	appLimitReset = describe("app_limit_reset_timestamp_seconds",
		"When an XApp's window of 24 hours at an endpoint begins anew, as X last said.", "app", "endpoint")
	appHeld = describe("app_held",
		"Whether calls of an XApp (tokens or posts) are held back, for this reason: 1 or 0.", "app", "calls", "reason")
	connectionInfo = describe("connection_info",
		"One XConnection with the status and the reason of Ready. Always 1. Only with --metrics-per-object.",
		"namespace", "name", "ready", "reason")
	connectionAccessToken = describe("connection_access_token_expiry_timestamp_seconds",
		"When the access token of an XConnection ends. Only with --metrics-per-object.", "namespace", "name")
	connectionRefreshToken = describe("connection_refresh_token_expiry_timestamp_seconds",
		"When the refresh token of an XConnection counts as too old. Only with --metrics-per-object.", "namespace", "name")
)

func gauge(description *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(description, prometheus.GaugeValue, value, labels...)
}

func (f *Fleet) emit(metrics chan<- prometheus.Metric) {
	leads := false
	for lease, held := range f.leases {
		metrics <- gauge(leader, number(held), lease)
		leads = leads || held
	}
	if !leads {
		return
	}
	for key, count := range f.connections {
		metrics <- gauge(connections, float64(count), key.ready, key.connected, key.reason)
	}
	for reason, count := range f.undelivered {
		metrics <- gauge(undelivered, float64(count), reason)
	}
	f.accessTokens.emit(metrics, accessTokenExpiry, accessTokenSoonest)
	f.refreshTokens.emit(metrics, refreshTokenExpiry, refreshTokenSoonest)
	metrics <- gauge(refreshOverdue, f.overdue.Seconds())
	for key, count := range f.posts {
		metrics <- gauge(posts, float64(count), key.ready, key.reason)
	}
	f.emitApps(metrics)
	for _, object := range f.objects {
		emitObject(metrics, object)
	}
}

func (f *Fleet) emitApps(metrics chan<- prometheus.Metric) {
	for app, count := range f.appConnections {
		metrics <- gauge(appConnections, float64(count), app)
	}
	for key, limit := range f.limits {
		metrics <- gauge(appLimit, float64(limit.Limit), key.app, key.endpoint)
		metrics <- gauge(appLimitRemaining, float64(limit.Remaining), key.app, key.endpoint)
		if !limit.ResetAt.IsZero() {
			metrics <- gauge(appLimitReset, float64(limit.ResetAt.Unix()), key.app, key.endpoint)
		}
	}
	for key, held := range f.held {
		metrics <- gauge(appHeld, number(held), key.app, key.calls, key.reason)
	}
}

func emitObject(metrics chan<- prometheus.Metric, c Connection) {
	metrics <- gauge(connectionInfo, 1, c.Namespace, c.Name, c.Ready, c.Reason)
	for description, at := range map[*prometheus.Desc]time.Time{
		connectionAccessToken:  c.AccessTokenEnds,
		connectionRefreshToken: c.RefreshTokenEnds,
	} {
		if !at.IsZero() {
			metrics <- gauge(description, float64(at.Unix()), c.Namespace, c.Name)
		}
	}
}

func number(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
