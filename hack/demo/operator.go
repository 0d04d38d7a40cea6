// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	binary = "bin/x-operator"
	plugin = "bin/kubectl-xconnection"
	// stopTimeout is how long the operator may take to end; in a cluster it has as
	// long as the Deployments' terminationGracePeriodSeconds.
	stopTimeout = time.Minute
)

// operator is the operator's own binary as a child process.
type operator struct {
	cmd *exec.Cmd
	log string
	// base is the address of what it serves: of the consent pages, or of the agents'
	// door. health is the address of its probes.
	base, health string
	// stopping is set by whoever is first: the one who stops it, or its own end.
	stopping atomic.Bool
	// ended is closed when the process is gone; exit is how, from then on.
	ended chan struct{}
	exit  error
}

// freePort is a port that nobody listened on a moment ago.
func freePort(ctx context.Context) (uint, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", loopback(0))
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0, fmt.Errorf("looking for a free port: %v is no TCP address", listener.Addr())
	}
	return uint(address.Port), nil
}

// start starts the binary. When it ends by itself, lost is told.
func (o *operator) start(cmd *exec.Cmd, lost context.CancelCauseFunc) error {
	log, err := os.Create(o.log)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // The process has a handle of its own.
	cmd.Stdout, cmd.Stderr = log, log
	// A group of its own: an interrupt from the terminal reaches the demo alone, and
	// the demo ends everything in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the operator: %w", err)
	}
	o.cmd, o.ended = cmd, make(chan struct{})
	go func() {
		o.exit = cmd.Wait()
		close(o.ended)
		if !o.stopping.Swap(true) {
			lost(fmt.Errorf("the operator ended by itself: %s", cmd.ProcessState))
		}
	}()
	return nil
}

// answers waits until a page of the operator is there.
func (o *operator) answers(ctx context.Context, url string) error {
	return eventually(ctx, url+" answers", func(ctx context.Context) (bool, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return false, err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, nil //nolint:nilerr // It does not listen yet.
		}
		return response.StatusCode == http.StatusOK, response.Body.Close()
	})
}

// stop asks the operator to end and waits for it; its exit code must be 0. One
// that was stopped already, or ended by itself, is not asked again.
func (o *operator) stop() error {
	if o.stopping.Swap(true) {
		return nil
	}
	if err := o.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping the operator: %w", err)
	}
	select {
	case <-o.ended:
	case <-time.After(stopTimeout):
		err := o.cmd.Process.Kill()
		<-o.ended
		return errors.Join(fmt.Errorf("the operator had to be killed: it did not end within %s of SIGTERM", stopTimeout), err)
	}
	if o.exit != nil {
		return fmt.Errorf("the operator was stopped and did not exit 0: %w", o.exit)
	}
	return nil
}

func (o *operator) gone() bool {
	select {
	case <-o.ended:
		return true
	default:
		return false
	}
}

// lastWords is an error that holds the end of the operator's log.
func (o *operator) lastWords() error {
	content, err := os.ReadFile(o.log)
	if err != nil {
		return err
	}
	const enough = 20
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	lines = lines[max(0, len(lines)-enough):]
	return fmt.Errorf("\nthe end of the operator's log, %s:\n%s", o.log, strings.Join(lines, "\n"))
}

// newOperator chooses addresses for a process of the operator that is to start; port
// is that of what it serves.
func (d *demo) newOperator(ctx context.Context, name string, port uint) (*operator, error) {
	health, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	return &operator{
		log:    filepath.Join(d.dir, name+".log"),
		base:   "http://" + loopback(port),
		health: loopback(health),
	}, nil
}

// run starts a process of the operator with the rights of a service account, as
// config/default grants them, and waits until it is ready.
func (d *demo) run(ctx context.Context, o *operator, account string, lost context.CancelCauseFunc, flags ...string) error {
	config, err := d.plane.ConfigFor("system:serviceaccount:"+operatorNamespace+":"+account,
		"system:serviceaccounts", "system:serviceaccounts:"+operatorNamespace)
	if err != nil {
		return err
	}
	kubeconfig, err := d.plane.WriteKubeconfig(config)
	if err != nil {
		return err
	}
	flags = append([]string{"--kubeconfig=" + kubeconfig, "--grant-namespace=" + operatorNamespace, "--health-probe-bind-address=" + o.health}, flags...)
	d.out.command(strings.Join(append([]string{binary}, flags...), " \\\n    "))
	// It outlives an interrupt's context, so that it can be stopped in order.
	cmd := d.command(context.WithoutCancel(ctx), "./"+binary, flags...)
	cmd.Env = append(cmd.Env, "KUBECONFIG=") // The administrator's is not for the operator.
	if err := o.start(cmd, lost); err != nil {
		return err
	}
	return o.answers(ctx, "http://"+o.health+"/readyz")
}
