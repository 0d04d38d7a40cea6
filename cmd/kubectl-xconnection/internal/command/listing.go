// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/pager"
)

// listAll gives each object that a label selector selects to take. The objects come in
// pages; where the API server has forgotten how one goes on, all come at once.
func listAll[T runtime.Object](ctx context.Context, selector string, page pager.ListPageFunc, take func(T)) error {
	list, _, err := pager.New(page).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return err
	}
	return meta.EachListItem(list, func(item runtime.Object) error {
		object, ok := item.(T)
		if !ok {
			return fmt.Errorf("the API server lists a %T", item)
		}
		take(object)
		return nil
	})
}
