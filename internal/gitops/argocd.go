// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package gitops judges objects as Argo CD and Flux do that were set up with the
// samples in config/samples. It is for tests alone: no cluster with these tools is
// needed to see what they would show.
package gitops

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	lua "github.com/yuin/gopher-lua"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Health is what Argo CD shows of an object.
type Health struct {
	// Status is Healthy, Progressing, Suspended or Degraded.
	Status string
	// Message is for people.
	Message string
}

// ArgoCD runs the scripts of an argocd-cm.
type ArgoCD struct{ scripts map[string]string }

// actions is the form of an entry resource.customizations.actions.
type actions struct {
	Discovery   string `json:"discovery.lua"`
	Definitions []struct {
		Name   string `json:"name"`
		Action string `json:"action.lua"`
	} `json:"definitions"`
}

// LoadArgoCD reads config/samples/argocd.
func LoadArgoCD() (*ArgoCD, error) {
	content, err := sample("argocd/argocd-cm.yaml")
	if err != nil {
		return nil, err
	}
	patch := &corev1.ConfigMap{}
	if err := yaml.UnmarshalStrict(content, patch); err != nil {
		return nil, fmt.Errorf("reading the patch of argocd-cm: %w", err)
	}
	return &ArgoCD{scripts: patch.Data}, nil
}

// Health runs the health script of the object's kind.
func (a *ArgoCD) Health(object *unstructured.Unstructured) (Health, error) {
	script, err := a.entry("health", object)
	if err != nil {
		return Health{}, err
	}
	result, err := runLua(script, object)
	if err != nil {
		return Health{}, err
	}
	return Health{Status: text(result, "status"), Message: text(result, "message")}, nil
}

// Actions lists the actions that the object's kind has, and whether each is offered
// now.
func (a *ArgoCD) Actions(object *unstructured.Unstructured) (map[string]bool, error) {
	defined, err := a.actions(object)
	if err != nil {
		return nil, err
	}
	result, err := runLua(defined.Discovery, object)
	if err != nil {
		return nil, err
	}
	offered := map[string]bool{}
	for name, what := range result {
		options, _ := what.(map[string]any)
		disabled, _ := options["disabled"].(bool)
		offered[name] = !disabled
	}
	return offered, nil
}

// Act gives the object as an action leaves it.
func (a *ArgoCD) Act(object *unstructured.Unstructured, name string) (*unstructured.Unstructured, error) {
	defined, err := a.actions(object)
	if err != nil {
		return nil, err
	}
	for _, definition := range defined.Definitions {
		if definition.Name == name {
			result, err := runLua(definition.Action, object)
			return &unstructured.Unstructured{Object: result}, err
		}
	}
	return nil, fmt.Errorf("a %s has no action %q", object.GetKind(), name)
}

func (a *ArgoCD) actions(object *unstructured.Unstructured) (actions, error) {
	var defined actions
	entry, err := a.entry("actions", object)
	if err != nil {
		return defined, err
	}
	if err := yaml.UnmarshalStrict([]byte(entry), &defined); err != nil {
		return defined, fmt.Errorf("reading the actions of a %s: %w", object.GetKind(), err)
	}
	return defined, nil
}

func (a *ArgoCD) entry(what string, object *unstructured.Unstructured) (string, error) {
	kind := object.GroupVersionKind()
	key := fmt.Sprintf("resource.customizations.%s.%s_%s", what, kind.Group, kind.Kind)
	entry, ok := a.scripts[key]
	if !ok {
		return "", fmt.Errorf("argocd-cm has no key %s", key)
	}
	return entry, nil
}

// runLua runs a script with the libraries that Argo CD gives to a user's scripts:
// the base, tables, and of the operating system's the time alone.
func runLua(script string, object *unstructured.Unstructured) (map[string]any, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable,
	} {
		state.Push(state.NewFunction(open))
		state.Push(lua.LString(name))
		state.Call(1, 0)
	}
	state.PreloadModule(lua.OsLibName, loadTime)
	state.SetGlobal("obj", toLua(state, object.Object))
	if err := state.DoString(script); err != nil {
		return nil, fmt.Errorf("running the script: %w", err)
	}
	result, ok := fromLua(state.Get(-1)).(map[string]any)
	if !ok {
		return nil, errors.New("the script returns no table")
	}
	return result, nil
}

func loadTime(state *lua.LState) int {
	lua.OpenOs(state)
	module, limited := state.CheckTable(-1), state.NewTable()
	for _, name := range []string{"date", "time"} {
		limited.RawSetString(name, module.RawGetString(name))
	}
	state.Push(limited)
	return 1
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	case string:
		return lua.LString(value)
	case []any:
		list := state.NewTable()
		for _, item := range value {
			list.Append(toLua(state, item))
		}
		return list
	case map[string]any:
		table := state.NewTable()
		for key, item := range value {
			table.RawSetString(key, toLua(state, item))
		}
		return table
	default:
		return lua.LNil
	}
}

// fromLua takes a table with a first element for a list. An empty one is a map.
func fromLua(value lua.LValue) any {
	switch value := value.(type) {
	case lua.LBool:
		return bool(value)
	case lua.LNumber:
		return int64(value)
	case lua.LString:
		return string(value)
	case *lua.LTable:
		if value.Len() > 0 {
			list := make([]any, 0, value.Len())
			for i := 1; i <= value.Len(); i++ {
				list = append(list, fromLua(value.RawGetInt(i)))
			}
			return list
		}
		table := map[string]any{}
		value.ForEach(func(key, item lua.LValue) { table[key.String()] = fromLua(item) })
		return table
	default:
		return nil
	}
}

func text(table map[string]any, key string) string {
	value, _ := table[key].(string)
	return value
}

// sample reads a file under config/samples, which is found beside this file, since
// tests run in folders of their own.
func sample(name string) ([]byte, error) {
	_, file, _, _ := runtime.Caller(0)
	content, err := os.ReadFile(filepath.Join(filepath.Dir(file), "..", "..", "config", "samples", name)) //nolint:gosec // A file of the repository.
	if err != nil {
		return nil, fmt.Errorf("reading a sample: %w", err)
	}
	return content, nil
}
