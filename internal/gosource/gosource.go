// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package gosource reads the operator's own source, for tests that hold something
// else to be complete: a page that explains every reason, a health check that knows
// each.
package gosource

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

// Constants gives the values of a folder's string constants whose name has a prefix,
// such as "Reason" in "api/v1alpha1", by their names.
func Constants(folder, prefix string) (map[string]string, error) {
	_, file, _, _ := runtime.Caller(0)
	paths, err := filepath.Glob(filepath.Join(filepath.Dir(file), "..", "..", folder, "*.go"))
	if err != nil {
		return nil, fmt.Errorf("finding the source in %s: %w", folder, err)
	}
	found := map[string]string{}
	for _, path := range paths {
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return nil, fmt.Errorf("reading the source in %s: %w", folder, err)
		}
		for _, declaration := range parsed.Decls {
			collect(declaration, prefix, found)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s has no constant whose name begins with %q", folder, prefix)
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
