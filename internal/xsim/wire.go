// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"bytes"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	defaultHuge  = 16 << 20
	defaultPause = 100 * time.Millisecond
)

// reset closes the connection so that the peer sees a reset and not an end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2, or a recorder: the nearest there is
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// cut promises all of the answer and sends half.
func cut(w http.ResponseWriter, a answer) {
	a.head(w, len(a.body))
	_, _ = w.Write(a.body[:len(a.body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// drip sends the answer byte by byte.
func (s *Server) drip(w http.ResponseWriter, r *http.Request, a answer, pause time.Duration) {
	if pause == 0 {
		pause = defaultPause
	}
	a.head(w, len(a.body))
	for i := range a.body {
		// As in deliver, booked as complete just before the client can know it.
		s.settle(a.event, i == len(a.body)-1)
		_, err := w.Write(a.body[i : i+1])
		_ = http.NewResponseController(w).Flush()
		if err != nil || !wait(r, pause) {
			return
		}
	}
}

// huge sends X's answer, or an empty object, behind so much padding that a
// bounded reader gives up.
func huge(w http.ResponseWriter, a answer, size int64) {
	if size == 0 {
		size = defaultHuge
	}
	w.Header().Set("Content-Type", typeJSON)
	_, _ = w.Write([]byte(`{"padding":"`))
	chunk := bytes.Repeat([]byte("x"), 32<<10)
	for left := size; left > 0; left -= int64(len(chunk)) {
		if _, err := w.Write(chunk[:min(left, int64(len(chunk)))]); err != nil {
			return
		}
	}
	rest, found := strings.CutPrefix(string(a.body), "{")
	if !found {
		rest = `"end":true}`
	}
	_, _ = w.Write([]byte(`",` + rest))
}
