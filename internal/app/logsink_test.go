// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"go.uber.org/zap/zapcore"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// Kubernetes' client logs what it sends and gets to the logger in the context, as a pass
// of controller-runtime has one, if its level is high enough.
func TestNoLevelLogsASecret(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"apiVersion":"v1","kind":"Secret","metadata":{"namespace":"home","name":"grant"}}`))
	}))
	defer api.Close()
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{corev1.SchemeGroupVersion})
	mapper.Add(corev1.SchemeGroupVersion.WithKind("Secret"), meta.RESTScopeNamespace)
	c, err := client.New(&rest.Config{Host: api.URL}, client.Options{Scheme: newScheme(), Mapper: mapper})
	if err != nil {
		t.Fatal(err)
	}
	hidden := base64.StdEncoding.EncodeToString([]byte("the-refresh-token"))
	for name, test := range map[string]struct {
		derive func(logr.Logger) logr.Logger
		shown  bool
	}{
		"as it is":                {func(l logr.Logger) logr.Logger { return l }, true},
		"discreet":                {discreet, false},
		"with a name":             {func(l logr.Logger) logr.Logger { return discreet(l).WithName("pass") }, false},
		"with values":             {func(l logr.Logger) logr.Logger { return discreet(l).WithValues("object", "grant") }, false},
		"with a call depth":       {func(l logr.Logger) logr.Logger { return discreet(l).WithCallDepth(1) }, false},
		"with a level of its own": {func(l logr.Logger) logr.Logger { return discreet(l).WithName("a").WithValues("b", 1).V(1) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			logger := test.derive(zap.New(zap.WriteTo(&out), zap.Level(zapcore.Level(-10)), zap.JSONEncoder()))
			stored := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "home", Name: "grant"}}
			patch := client.RawPatch(types.MergePatchType, []byte(`{"data":{"tokens":"`+hidden+`"}}`))
			if err := c.Patch(ctrl.LoggerInto(t.Context(), logger), stored, patch); err != nil {
				t.Fatal(err)
			}
			if shown := strings.Contains(out.String(), hidden); shown != test.shown {
				t.Errorf("the log shows the Secret: %t, want %t", shown, test.shown)
			}
			logger.V(7 - logger.GetV()).Info("a line")
			if !strings.Contains(out.String(), "a line") {
				t.Error("lower levels are not logged")
			}
		})
	}
}
