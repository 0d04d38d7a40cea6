// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"fmt"
	"os"
)

// failpointVariable arms a failpoint (internal/failpoint) in a binary that has them.
const failpointVariable = "XOP_FAILPOINT"

// verifyBinary holds a binary to what it says of itself.
func (r *release) verifyBinary(b binary) error {
	info, err := buildinfo.Read(bytes.NewReader(b.content))
	if err != nil {
		return err
	}
	settings := map[string]string{}
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
	}
	// -trimpath leaves the linker's flags out, so that the version is looked for below.
	for key, want := range map[string]string{
		"GOOS": b.os, "GOARCH": b.arch, "CGO_ENABLED": "0", "-tags": "", "-trimpath": "true", "-race": "",
	} {
		if settings[key] != want {
			return fmt.Errorf("it was built with %s=%q, want %q", key, settings[key], want)
		}
	}
	switch {
	case !bytes.Contains(b.content, []byte(r.version)):
		return fmt.Errorf("it does not hold its version %s", r.version)
	case bytes.Contains(b.content, []byte(failpointVariable)):
		return fmt.Errorf("it has failpoints: it was built with the tag failpoints")
	case b.os == "linux":
		return static(b.content)
	}
	return nil
}

// static refuses a binary that needs a loader, which the image has not.
func static(content []byte) error {
	file, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		return err
	}
	for _, part := range file.Progs {
		if part.Type == elf.PT_INTERP || part.Type == elf.PT_DYNAMIC {
			return fmt.Errorf("it is not static: it has a segment %s", part.Type)
		}
	}
	return nil
}

// listing is like that of `ls -l`.
func listing(entries []entry) []string {
	list := make([]string, 0, len(entries))
	for _, e := range entries {
		list = append(list, os.FileMode(e.mode).String()+" "+e.name)
	}
	return list
}
