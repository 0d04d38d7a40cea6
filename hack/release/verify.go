// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	spdxjson "github.com/spdx/tools-golang/json"
	"sigs.k8s.io/yaml"
)

// verify reads a release back as somebody who downloads it would, and holds its
// parts to each other.
func (r *release) verify(ctx context.Context) (err error) {
	work, err := os.MkdirTemp("", "x-operator-verify-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if err := r.verifyChecksums(); err != nil {
		return err
	}
	built, err := r.verifyArchives()
	if err != nil {
		return err
	}
	image, err := r.readImage(work)
	if err != nil {
		return err
	}
	err = errors.Join(
		r.verifyImage(image, built),
		r.verifyBills(built),
		r.verifyInstallFile(image),
		r.verifyChart(image),
		r.verifyKrewManifest(built),
		r.verifyRuns(ctx, image),
	)
	if err != nil {
		return err
	}
	digest, err := image.Digest()
	r.say("The release in %s is in order. The image is %s:%s@%s", r.dist, r.image, r.version, digest)
	return err
}

func (r *release) verifyChecksums() error {
	listed, err := r.read(checksums)
	if err != nil {
		return err
	}
	actual, err := r.sums()
	if err != nil {
		return err
	}
	if diff := cmp.Diff(strings.Split(string(listed), "\n"), strings.Split(string(actual), "\n")); diff != "" {
		return fmt.Errorf("%s does not tell what there is (-listed +actual):\n%s", checksums, diff)
	}
	return nil
}

// verifyArchives gives the binaries in the archives.
func (r *release) verifyArchives() ([]binary, error) {
	built := make([]binary, 0, len(r.targets))
	for _, t := range r.targets {
		b, err := r.verifyArchive(t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.archiveName(r.version), err)
		}
		built = append(built, b)
	}
	return built, nil
}

func (r *release) verifyArchive(t target) (binary, error) {
	packed, err := r.read(t.archiveName(r.version))
	if err != nil {
		return binary{}, err
	}
	entries, err := entriesOf(t.archiveName(r.version), packed)
	if err != nil {
		return binary{}, err
	}
	want := []string{"-rw-r--r-- LICENSE", "-rwxr-xr-x " + t.file()}
	if t.program == plugin && t.os != "windows" {
		want = append(want, "-rwxr-xr-x "+completer)
	}
	if diff := cmp.Diff(want, listing(entries)); diff != "" {
		return binary{}, fmt.Errorf("it holds other files than it should (-want +got):\n%s", diff)
	}
	b := binary{t, entries[1].content}
	return b, r.verifyBinary(b)
}

// verifyBills: each says what it is the bill of.
func (r *release) verifyBills(built []binary) error {
	var failed error
	for _, b := range built {
		name := b.archiveName(r.version)
		failed = errors.Join(failed, r.verifyBill(name, []binary{b}))
	}
	inImage := slices.DeleteFunc(slices.Clone(built), func(b binary) bool { return b.os != "linux" })
	return errors.Join(failed, r.verifyBill(r.imageName(), inImage))
}

func (r *release) verifyBill(of string, binaries []binary) error {
	content, err := r.read(billName(of))
	if err != nil {
		return err
	}
	bill, err := spdxjson.Read(bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("%s: %w", billName(of), err)
	}
	sums := map[string]bool{}
	for _, described := range bill.Packages {
		for _, checksum := range described.PackageChecksums {
			sums[checksum.Value] = true
		}
	}
	for _, b := range binaries {
		if !sums[sum(b.content)] {
			return fmt.Errorf("%s does not describe %s for %s/%s", billName(of), b.program, b.os, b.arch)
		}
	}
	return nil
}

func (r *release) verifyKrewManifest(built []binary) error {
	content, err := r.read(krewManifest)
	if err != nil {
		return err
	}
	var manifest krewPlugin
	if err := yaml.UnmarshalStrict(content, &manifest); err != nil {
		return fmt.Errorf("%s: %w", krewManifest, err)
	}
	var want []krewPlatform
	for _, b := range built {
		if b.program != plugin {
			continue
		}
		platform, err := r.krewPlatform(b.target)
		if err != nil {
			return err
		}
		want = append(want, platform)
	}
	if diff := cmp.Diff(want, manifest.Spec.Platforms); diff != "" {
		return fmt.Errorf("%s does not fit the archives (-want +got):\n%s", krewManifest, diff)
	}
	return nil
}
