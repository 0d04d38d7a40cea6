// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/go-logr/logr"
)

// certificate is one that signs itself.
func certificate(t *testing.T, serial int64) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial)}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{signed}, PrivateKey: key}
}

// A certificate that was renewed is served from the next handshake on.
func TestTLSTakesUpANewCertificate(t *testing.T) {
	var current atomic.Pointer[tls.Certificate]
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	server := &Server{
		Name: "test", Log: logr.Discard(), Listener: listener,
		Handler:     http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "handled") }),
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return current.Load(), nil },
	}
	go func() { ended <- server.Start(ctx) }()
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // The certificate itself is looked at.
	}}
	for serial := range int64(2) {
		current.Store(certificate(t, serial+1))
		answer, err := client.Get("https://" + listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if got := answer.TLS.PeerCertificates[0].SerialNumber.Int64(); got != serial+1 || answer.Proto != "HTTP/1.1" {
			t.Errorf("the certificate is number %d, want %d, over %s", got, serial+1, answer.Proto)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
