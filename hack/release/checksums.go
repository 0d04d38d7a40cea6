// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
)

// checksums is read by `sha256sum --check`.
const checksums = "SHA256SUMS"

func (r *release) writeChecksums() error {
	content, err := r.sums()
	if err != nil {
		return err
	}
	return r.write(checksums, content)
}

// sums lists every file of the release but the list itself.
func (r *release) sums() ([]byte, error) {
	files, err := filesIn(r.dist, 0)
	if err != nil {
		return nil, err
	}
	var list bytes.Buffer
	for _, file := range files {
		if file.name != checksums {
			fmt.Fprintf(&list, "%s  %s\n", sum(file.content), file.name)
		}
	}
	return list.Bytes(), nil
}
