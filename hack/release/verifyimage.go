// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"sigs.k8s.io/yaml"
)

// readImage unpacks the image archive into a folder and gives the index in it,
// which reads its files when it is asked for them.
func (r *release) readImage(folder string) (v1.ImageIndex, error) {
	archive, err := r.read(r.imageName())
	if err != nil {
		return nil, err
	}
	if err := errors.Join(untar(archive, folder), verifyBlobs(archive)); err != nil {
		return nil, err
	}
	outer, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		return nil, err
	}
	manifest, err := outer.IndexManifest()
	if err != nil {
		return nil, err
	}
	if len(manifest.Manifests) != 1 {
		return nil, fmt.Errorf("%s holds %d images, want one", r.imageName(), len(manifest.Manifests))
	}
	named := manifest.Manifests[0]
	want := map[string]string{
		"io.containerd.image.name": r.image + ":" + r.version, "org.opencontainers.image.ref.name": r.version,
	}
	if diff := cmp.Diff(want, named.Annotations); diff != "" {
		return nil, fmt.Errorf("%s is named otherwise (-want +got):\n%s", r.imageName(), diff)
	}
	index, err := outer.ImageIndex(named.Digest)
	if err != nil {
		return nil, err
	}
	return index, nil
}

// verifyBlobs: what a name says is what there is. All of an image hangs together by
// these names (OCI image-spec, "Blobs").
func verifyBlobs(archive []byte) error {
	entries, err := untarred(bytes.NewReader(archive))
	if err != nil {
		return err
	}
	for _, e := range entries {
		digest, isBlob := strings.CutPrefix(e.name, "blobs/sha256/")
		if isBlob && digest != sum(e.content) {
			return fmt.Errorf("the blob %s of the image has another content", digest)
		}
	}
	return nil
}

// verifyImage holds the image of each platform to what it should be.
func (r *release) verifyImage(index v1.ImageIndex, built []binary) error {
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	var found []v1.Platform
	for _, described := range manifest.Manifests {
		image, err := index.Image(described.Digest)
		if err != nil {
			return err
		}
		found = append(found, *described.Platform)
		if err := r.verifyPlatform(*described.Platform, image, built); err != nil {
			return fmt.Errorf("the image for %s: %w", described.Platform, err)
		}
	}
	if diff := cmp.Diff(platforms(built), found); diff != "" {
		return fmt.Errorf("the image has other platforms (-want +got):\n%s", diff)
	}
	return nil
}

func (r *release) verifyPlatform(platform v1.Platform, image v1.Image, built []binary) error {
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	got := []any{config.OS, config.Architecture, config.Config}
	want := []any{platform.OS, platform.Architecture, v1.Config{
		User: imageUser, Entrypoint: []string{"/" + operator}, Labels: config.Config.Labels,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		return fmt.Errorf("it is configured otherwise (-want +got):\n%s", diff)
	}
	labels := config.Config.Labels
	if got := labels["org.opencontainers.image.version"]; got != r.version {
		return fmt.Errorf("its label says that it is the version %q", got)
	}
	for _, b := range built {
		if !bytes.Contains(b.content, []byte(labels["org.opencontainers.image.revision"])) {
			return fmt.Errorf("the binary %s does not tell the commit that the image's label tells", b.base(r.version))
		}
	}
	return verifyFiles(platform, image, built)
}

// verifyFiles: the image holds the binaries that the archives hold, and nothing
// else.
func verifyFiles(platform v1.Platform, image v1.Image, built []binary) error {
	entries, err := untarred(mutate.Extract(image))
	if err != nil {
		return err
	}
	sums := map[string]string{}
	for _, b := range built {
		if b.os == platform.OS && b.arch == platform.Architecture {
			sums["-r-xr-xr-x "+b.file()] = sum(b.content)
		}
	}
	inside := map[string]string{}
	for i, line := range listing(entries) {
		inside[line] = sum(entries[i].content)
	}
	if diff := cmp.Diff(sums, inside); diff != "" {
		return fmt.Errorf("its files are not the archives' binaries (-want +got):\n%s", diff)
	}
	return nil
}

// verifyInstallFile: the container of each Deployment runs the image, by its digest.
func (r *release) verifyInstallFile(index v1.ImageIndex) error {
	content, err := r.read(installFile)
	if err != nil {
		return err
	}
	want, err := r.byDigest(index)
	if err != nil {
		return err
	}
	deployments := strings.Count(string(content), "\nkind: Deployment\n")
	images := 0
	for line := range strings.Lines(string(content)) {
		_, image, ok := strings.Cut(strings.TrimSpace(line), "image: ")
		if !ok {
			continue
		}
		images++
		if image != want {
			return fmt.Errorf("%s runs %s, want %s", installFile, image, want)
		}
	}
	if images == 0 || images != deployments {
		return fmt.Errorf("%s runs %d containers in %d Deployments", installFile, images, deployments)
	}
	return nil
}

func (r *release) byDigest(index v1.ImageIndex) (string, error) {
	digest, err := index.Digest()
	return r.image + "@" + digest.String(), err
}

// verifyChart: its versions and its image are the release's.
func (r *release) verifyChart(index v1.ImageIndex) error {
	packed, err := r.read(r.chartName())
	if err != nil {
		return err
	}
	entries, err := entriesOf(r.chartName(), packed)
	if err != nil {
		return err
	}
	var chart struct{ Name, Version, AppVersion string }
	var values struct {
		Image struct{ Repository, Digest string }
	}
	for _, e := range entries {
		switch e.name {
		case "x-operator/Chart.yaml":
			err = errors.Join(err, yaml.Unmarshal(e.content, &chart))
		case "x-operator/values.yaml":
			err = errors.Join(err, yaml.Unmarshal(e.content, &values))
		}
	}
	want, digestErr := r.byDigest(index)
	got := []string{chart.Name, chart.Version, chart.AppVersion, values.Image.Repository + "@" + values.Image.Digest}
	if diff := cmp.Diff([]string{"x-operator", r.chartVersion(), r.version, want}, got); diff != "" {
		err = errors.Join(err, fmt.Errorf("%s is of another release (-want +got):\n%s", r.chartName(), diff))
	}
	return errors.Join(err, digestErr)
}

// verifyRuns unpacks the image for this machine's platform and runs what is in it.
func (r *release) verifyRuns(ctx context.Context, index v1.ImageIndex) error {
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	for _, described := range manifest.Manifests {
		if !described.Platform.Equals(v1.Platform{OS: runtime.GOOS, Architecture: runtime.GOARCH}) {
			continue
		}
		image, err := index.Image(described.Digest)
		if err != nil {
			return err
		}
		return r.verifyImageRuns(ctx, image)
	}
	r.say("No image is for %s/%s: nothing was run", runtime.GOOS, runtime.GOARCH)
	return nil
}

func (r *release) verifyImageRuns(ctx context.Context, image v1.Image) (err error) {
	folder, err := os.MkdirTemp("", "x-operator-run-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	var archive bytes.Buffer
	if _, err := archive.ReadFrom(mutate.Extract(image)); err != nil {
		return err
	}
	if err := untar(archive.Bytes(), folder); err != nil {
		return err
	}
	return errors.Join(
		says(ctx, "callback-base-url", filepath.Join(folder, operator), "--help"),
		says(ctx, operator+" "+r.version+" (commit ", filepath.Join(folder, operator), "--version"),
		says(ctx, plugin+" "+r.version+" (commit ", filepath.Join(folder, plugin), "version"),
	)
}

// says runs a program without an environment; it must end well and print a text.
func says(ctx context.Context, text, program string, argument string) error {
	command := exec.CommandContext(ctx, program, argument) //nolint:gosec // Just unpacked.
	command.Env = []string{}
	output, err := command.CombinedOutput()
	if err == nil && !bytes.Contains(output, []byte(text)) {
		err = errors.New("it does not print " + text)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w:\n%s", filepath.Base(program), argument, err, output)
	}
	return nil
}
