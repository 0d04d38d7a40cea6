// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// completer is the program that kubectl asks for completions. It is a shell script.
const completer = "kubectl_complete-xconnection"

// entry is a file in an archive.
type entry struct {
	name    string
	mode    int64
	content []byte
}

// archiveName ends as people of the platform expect.
func (t target) archiveName(version string) string {
	if t.os == "windows" {
		return t.base(version) + ".zip"
	}
	return t.base(version) + ".tar.gz"
}

func (r *release) writeArchives(built []binary, license []byte) error {
	script, err := os.ReadFile(filepath.Join(r.source, "cmd", plugin, completer))
	if err != nil {
		return err
	}
	for _, b := range built {
		entries := []entry{{"LICENSE", 0o644, license}, {b.file(), 0o755, b.content}}
		if b.program == plugin && b.os != "windows" {
			entries = append(entries, entry{completer, 0o755, script})
		}
		pack := tarGz
		if b.os == "windows" {
			pack = zipped
		}
		packed, err := pack(entries, r.when)
		if err != nil {
			return err
		}
		if err := r.write(b.archiveName(r.version), packed); err != nil {
			return err
		}
	}
	return nil
}

// tarred writes entries in the order given, as files of nobody's.
func tarred(entries []entry, when time.Time) ([]byte, error) {
	var buffer bytes.Buffer
	w := tar.NewWriter(&buffer)
	for _, e := range entries {
		header := &tar.Header{
			Typeflag: tar.TypeReg, Format: tar.FormatUSTAR,
			Name: e.name, Mode: e.mode, Size: int64(len(e.content)), ModTime: when,
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(e.content); err != nil {
			return nil, err
		}
	}
	return closed(&buffer, w)
}

func tarGz(entries []entry, when time.Time) ([]byte, error) {
	content, err := tarred(entries, when)
	if err != nil {
		return nil, err
	}
	var buffer bytes.Buffer
	w, err := gzip.NewWriterLevel(&buffer, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	return closed(&buffer, w)
}

func zipped(entries []entry, when time.Time) ([]byte, error) {
	var buffer bytes.Buffer
	w := zip.NewWriter(&buffer)
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: when}
		header.SetMode(os.FileMode(e.mode))
		file, err := w.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := file.Write(e.content); err != nil {
			return nil, err
		}
	}
	return closed(&buffer, w)
}

// closed gives what was written once the writer has written its end.
func closed(buffer *bytes.Buffer, writer io.Closer) ([]byte, error) {
	err := writer.Close()
	return buffer.Bytes(), err
}

// entriesOf reads an archive that this program wrote, by its name.
func entriesOf(name string, packed []byte) ([]entry, error) {
	if filepath.Ext(name) == ".zip" {
		return unzipped(packed)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return untarred(r)
}

func unzipped(packed []byte) ([]entry, error) {
	r, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return nil, err
	}
	entries := make([]entry, 0, len(r.File))
	for _, file := range r.File {
		content, err := readFile(file)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{file.Name, int64(file.Mode().Perm()), content})
	}
	return entries, nil
}

func readFile(file *zip.File) (content []byte, err error) {
	r, err := file.Open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return io.ReadAll(r)
}

// untarred gives the files, and leaves folders out. It refuses an archive that
// lacks its end, as tar does; archive/tar would take it.
func untarred(from io.Reader) ([]entry, error) {
	archive, err := io.ReadAll(from)
	if err != nil {
		return nil, err
	}
	if !bytes.HasSuffix(archive, make([]byte, 2*512)) {
		return nil, errors.New("the tar archive has no end")
	}
	var entries []entry
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		if header.Typeflag == tar.TypeReg {
			entries = append(entries, entry{header.Name, header.Mode, content})
		}
	}
}

// untar lays the files of an archive into a folder, and nowhere else.
func untar(archive []byte, folder string) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	entries, err := untarred(bytes.NewReader(archive))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := root.MkdirAll(filepath.Dir(e.name), 0o750); err != nil {
			return err
		}
		if err := root.WriteFile(e.name, e.content, os.FileMode(e.mode).Perm()); err != nil {
			return err
		}
	}
	return nil
}
