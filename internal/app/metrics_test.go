// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	certutil "k8s.io/client-go/util/cert"
)

// TestMetricsCertificate: a certificate that was asked for is used, or the operator
// does not start.
func TestMetricsCertificate(t *testing.T) {
	folder := t.TempDir()
	o := &operator{Options: Options{MetricsSecure: true, MetricsTLSCertDir: folder}}
	if err := o.checkMetricsCertificate(); err == nil || !strings.Contains(err.Error(), "--metrics-tls-cert-dir") {
		t.Errorf("without a certificate it starts: %v", err)
	}
	certificate, key, err := certutil.GenerateSelfSignedCertKey("localhost", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{corev1.TLSCertKey: certificate, corev1.TLSPrivateKeyKey: key} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.checkMetricsCertificate(); err != nil {
		t.Errorf("with a certificate: %v", err)
	}
	if got := o.metricsOptions(); got.CertDir != folder || got.FilterProvider == nil || !got.SecureServing {
		t.Errorf("metrics are served with %+v", got)
	}
}
