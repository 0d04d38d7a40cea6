// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package child

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of CPU time in /proc: USER_HZ, 100 on every architecture
// that Go runs on.
const clockTick = 10 * time.Millisecond

// CPU is the processor time that a process has used, in user mode and in the
// kernel, by the operating system's account: fields 14 and 15 of proc(5)'s stat.
func (p *Process) CPU() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading the CPU time: %w", err)
	}
	// The second field is the program's name, in parentheses, and may hold anything.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	const user, system = 14 - 3, 15 - 3
	if len(fields) <= system {
		return 0, errors.New("reading the CPU time: /proc has another format here")
	}
	ticks, err := strconv.ParseInt(fields[user], 10, 64)
	more, moreErr := strconv.ParseInt(fields[system], 10, 64)
	return time.Duration(ticks+more) * clockTick, errors.Join(err, moreErr)
}

// Resident is the memory that a process holds, in bytes: proc(5)'s statm.
func (p *Process) Resident() (int64, error) {
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading the memory: %w", err)
	}
	fields := strings.Fields(string(statm))
	if len(fields) < 2 {
		return 0, errors.New("reading the memory: /proc has another format here")
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
