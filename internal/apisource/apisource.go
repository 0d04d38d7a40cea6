// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package apisource reads the source of api/v1alpha1, for tests that hold something
// else to be complete: a page that explains every reason, a health check that knows
// each.
package apisource

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// Constants gives the values of the string constants whose name has a prefix, such
// as "Reason", by their names.
func Constants(prefix string) (map[string]string, error) {
	_, file, _, _ := runtime.Caller(0)
	paths, err := filepath.Glob(filepath.Join(filepath.Dir(file), "..", "..", "api", "v1alpha1", "*.go"))
	if err != nil {
		return nil, fmt.Errorf("finding the API's source: %w", err)
	}
	found := map[string]string{}
	for _, path := range paths {
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return nil, fmt.Errorf("reading the API's source: %w", err)
		}
		for _, declaration := range parsed.Decls {
			collect(declaration, prefix, found)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("the API has no constant whose name begins with %q", prefix)
	}
	return found, nil
}

func collect(declaration ast.Decl, prefix string, into map[string]string) {
	constants, ok := declaration.(*ast.GenDecl)
	if !ok || constants.Tok != token.CONST {
		return
	}
	for _, spec := range constants.Specs {
		declared, ok := spec.(*ast.ValueSpec)
		if !ok || len(declared.Values) != 1 || !strings.HasPrefix(declared.Names[0].Name, prefix) {
			continue
		}
		literal, ok := declared.Values[0].(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			continue
		}
		if value, err := strconv.Unquote(literal.Value); err == nil {
			into[declared.Names[0].Name] = value
		}
	}
}
