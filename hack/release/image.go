// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	// imageUser is a number, so that Kubernetes can see that it is not root.
	imageUser  = "65532:65532"
	homepage   = "https://github.com/agentconnect/x-operator"
	blurb      = "Connects AI agents to X accounts, and keeps their access tokens fresh in Secrets."
	imageTitle = "x-operator"
	licenseID  = "Apache-2.0"
)

func (r *release) imageName() string { return "x-operator_" + r.version + "_image.oci.tar" }

// writeImage makes an image for each platform of the operator, and the index of
// them, as an OCI image layout in a tar. There is no base: the image is two static
// binaries, which bring the roots of TLS along.
func (r *release) writeImage(built []binary) (v1.Hash, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, platform := range platforms(built) {
		image, err := r.imageFor(platform, built)
		if err != nil {
			return v1.Hash{}, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{Platform: &platform},
		})
	}
	index, _ = mutate.Annotations(index, r.labels()).(v1.ImageIndex)
	digest, err := index.Digest()
	if err != nil {
		return v1.Hash{}, err
	}
	archive, err := r.layout(index)
	if err != nil {
		return v1.Hash{}, err
	}
	return digest, r.write(r.imageName(), archive)
}

// platforms are those that the operator was built for.
func platforms(built []binary) []v1.Platform {
	var found []v1.Platform
	for _, b := range built {
		if b.program == operator {
			found = append(found, v1.Platform{OS: b.os, Architecture: b.arch})
		}
	}
	return found
}

// labels say where the image comes from (OCI image-spec, annotations).
func (r *release) labels() map[string]string {
	return map[string]string{
		"org.opencontainers.image.created":     r.when.Format("2006-01-02T15:04:05Z07:00"),
		"org.opencontainers.image.description": blurb,
		"org.opencontainers.image.licenses":    licenseID,
		"org.opencontainers.image.revision":    r.commit,
		"org.opencontainers.image.source":      homepage,
		"org.opencontainers.image.title":       imageTitle,
		"org.opencontainers.image.version":     r.version,
	}
}

// imageFor has a layer for each program.
func (r *release) imageFor(platform v1.Platform, built []binary) (v1.Image, error) {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	created := v1.Time{Time: r.when}
	image, err := mutate.ConfigFile(image, &v1.ConfigFile{
		Architecture: platform.Architecture,
		OS:           platform.OS,
		Created:      created,
		RootFS:       v1.RootFS{Type: "layers"},
		Config:       v1.Config{User: imageUser, Entrypoint: []string{"/" + operator}, Labels: r.labels()},
	})
	if err != nil {
		return nil, err
	}
	for _, b := range built {
		if b.os != platform.OS || b.arch != platform.Architecture {
			continue
		}
		layer, err := r.layer(b)
		if err != nil {
			return nil, err
		}
		image, err = mutate.Append(image, mutate.Addendum{
			Layer: layer, History: v1.History{Created: created, CreatedBy: "hack/release", Comment: b.program},
		})
		if err != nil {
			return nil, err
		}
	}
	return image, nil
}

func (r *release) layer(b binary) (v1.Layer, error) {
	content, err := tarred([]entry{{b.file(), 0o555, b.content}}, r.when)
	if err != nil {
		return nil, err
	}
	opener := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	return tarball.LayerFromOpener(opener, tarball.WithCompressedCaching, tarball.WithMediaType(types.OCILayer))
}

// layout is the index as an archive. Its names let `skopeo copy` and `ctr images
// import` find it.
func (r *release) layout(index v1.ImageIndex) (archive []byte, err error) {
	folder, err := os.MkdirTemp("", "x-operator-image-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path, err := layout.Write(folder, empty.Index)
	if err != nil {
		return nil, err
	}
	err = path.AppendIndex(index, layout.WithAnnotations(map[string]string{
		"io.containerd.image.name":          r.image + ":" + r.version,
		"org.opencontainers.image.ref.name": r.version,
	}))
	if err != nil {
		return nil, err
	}
	entries, err := filesIn(folder, 0o644)
	if err != nil {
		return nil, err
	}
	return tarred(entries, r.when)
}

// filesIn are the files of a folder, in the order of their names.
func filesIn(folder string, mode int64) ([]entry, error) {
	var entries []entry
	err := filepath.WalkDir(folder, func(path string, found fs.DirEntry, err error) error {
		if err != nil || found.IsDir() {
			return err
		}
		content, err := os.ReadFile(path) //nolint:gosec // A file of our own.
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		entries = append(entries, entry{filepath.ToSlash(name), mode, content})
		return err
	})
	return entries, err
}
