// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pace

import "github.com/agentconnect/x-operator/internal/xapi"

// Days gives an app's own windows of 24 hours by endpoint, as X last told of them.
// Those that are over are left out.
func (p *Pacer) Days(app string) map[string]xapi.Window {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	days := map[string]xapi.Window{}
	for key, known := range p.apps {
		if key.app == app && now.Before(known.day.ResetAt) {
			days[key.endpoint] = known.day
		}
	}
	return days
}

// Look tells why every account of an app has to wait at an endpoint, without asking
// for a call: HoldApp, HoldCapped, or HoldNone.
func (p *Pacer) Look(endpoint, app string) Hold {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.apps[appKey{endpoint, app}]
	if known == nil || !p.now().Before(known.until) {
		return HoldNone
	}
	return known.hold()
}
