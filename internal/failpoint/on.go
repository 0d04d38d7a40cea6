// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build failpoints

package failpoint

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// Variable is the environment variable that arms one failpoint. Its value is
// name:count:action: at the count-th time that the step of that name is reached,
// the process kills itself (kill) or stops itself until somebody continues it
// (stop). A line on stderr says so just before.
const Variable = "XOP_FAILPOINT"

type point struct {
	name   string
	at     int64
	action syscall.Signal
	hits   atomic.Int64
}

var armed = arm(os.Getenv(Variable))

// arm reads the variable. A value that means nothing is a mistake of the suite,
// and ends the process.
func arm(value string) *point {
	if value == "" {
		return &point{}
	}
	parts := strings.Split(value, ":")
	actions := map[string]syscall.Signal{"kill": syscall.SIGKILL, "stop": syscall.SIGSTOP}
	if len(parts) != 3 || actions[parts[2]] == 0 {
		panic(Variable + " must be name:count:action, not " + value)
	}
	at, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		panic(Variable + ": " + err.Error())
	}
	return &point{name: parts[0], at: at, action: actions[parts[2]]}
}

// Hit marks a step.
func Hit(name string) {
	if name != armed.name || armed.hits.Add(1) != armed.at {
		return
	}
	_, _ = fmt.Fprintln(os.Stderr, "failpoint", name)
	_ = syscall.Kill(syscall.Getpid(), armed.action)
	if armed.action == syscall.SIGKILL {
		// Nothing of this goroutine may go on while the kernel ends the process.
		select {}
	}
}
