// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// project is a small tree of the shape of ours, committed to a repository of its
// own: what is tested is how a release is made, not of what.
var project = map[string]string{
	"LICENSE": "Do as you like.\n",
	"go.mod":  "module github.com/agentconnect/x-operator\n\ngo 1.26.0\n",
	"main.go": `package main

import (
	"fmt"
	"os"

	"github.com/agentconnect/x-operator/internal/version"
)

func main() {
	if os.Args[1] == "--help" {
		fmt.Println("-callback-base-url")
		return
	}
	fmt.Println("x-operator", version.Get())
}
`,
	"cmd/kubectl-xconnection/main.go": `package main

import (
	"fmt"

	"github.com/agentconnect/x-operator/internal/version"
)

func main() { fmt.Println("kubectl-xconnection", version.Get()) }
`,
	"cmd/kubectl-xconnection/kubectl_complete-xconnection": "#!/bin/sh\nexec kubectl xconnection __complete \"$@\"\n",
	"internal/version/version.go": `package version

var release, commit string

func Get() string { return release + " (commit " + commit + ")" }
`,
	"config/default/kustomization.yaml": "resources: [deployments.yaml]\n",
	"config/default/deployments.yaml":   deployment("controllers") + "---\n" + deployment("callback"),
	"charts/x-operator/Chart.yaml":      "apiVersion: v2\nname: x-operator\nversion: 0.0.0\nappVersion: v0.0.0\n",
	"charts/x-operator/values.yaml":     "image:\n  repository: agentconnect/x-operator\n  # Wins over the tag.\n  digest: \"\"\n",
}

func deployment(name string) string {
	return "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: " + name + "\nspec:\n  template:\n    spec:\n      containers:\n" +
		"      - name: operator\n        image: agentconnect/x-operator:v0.0.0\n"
}

// newRepository commits the project at a fixed time.
func newRepository(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range project {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	git(t, folder, "init", "--quiet")
	git(t, folder, "add", "--all")
	git(t, folder, "commit", "--quiet", "--message", "All there is")
	return folder
}

func git(t *testing.T, folder string, arguments ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "git", append([]string{"-C", folder}, arguments...)...) //nolint:gosec // The test's own.
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_AUTHOR_DATE=2026-04-17T12:00:00Z",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_COMMITTER_DATE=2026-04-17T12:00:00Z")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", arguments, err, output)
	}
}

// newRelease is a release to be, for this machine's platform and one of another
// archive format.
func newRelease(t *testing.T, repository string) *release {
	t.Helper()
	r, err := parse([]string{
		"--repository=" + repository, "--version=v1.2.3-rc.1", "--image=registry.example.com:5000/x-operator:v0", "--dist=" + t.TempDir(),
	}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	r.out = t.Output()
	r.targets = []target{
		{operator, "linux", runtime.GOARCH}, {plugin, "linux", runtime.GOARCH}, {plugin, "windows", "amd64"},
	}
	return r
}

// made is a release of the project.
func made(t *testing.T) *release {
	t.Helper()
	r := newRelease(t, newRepository(t))
	if err := r.build(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestBuild makes a release that is in order, of the commit and not of the work
// tree, and the same from another clone.
func TestBuild(t *testing.T) {
	r := made(t)
	if err := r.verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	clone := t.TempDir()
	git(t, clone, "clone", "--quiet", r.repository, "clone")
	other := *r
	other.repository = filepath.Join(clone, "clone")
	if err := os.WriteFile(filepath.Join(other.repository, "main.go"), []byte("not committed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := other.reproduce(t.Context()); err != nil {
		t.Error(err)
	}
	got, err := r.sums()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"install.yaml",
		"kubectl-xconnection_v1.2.3-rc.1_linux_" + runtime.GOARCH + ".tar.gz",
		"kubectl-xconnection_v1.2.3-rc.1_linux_" + runtime.GOARCH + ".tar.gz.spdx.json",
		"kubectl-xconnection_v1.2.3-rc.1_windows_amd64.zip",
		"kubectl-xconnection_v1.2.3-rc.1_windows_amd64.zip.spdx.json",
		"plugins/xconnection.yaml",
		"x-operator-1.2.3-rc.1.tgz",
		"x-operator_v1.2.3-rc.1_image.oci.tar",
		"x-operator_v1.2.3-rc.1_image.oci.tar.spdx.json",
		"x-operator_v1.2.3-rc.1_linux_" + runtime.GOARCH + ".tar.gz",
		"x-operator_v1.2.3-rc.1_linux_" + runtime.GOARCH + ".tar.gz.spdx.json",
	}
	var names []string
	for line := range strings.Lines(string(got)) {
		names = append(names, strings.Fields(line)[1])
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("the release has other files (-want +got):\n%s", diff)
	}
}

// TestVerify: a release that somebody changed is not in order, also where the
// checksums fit.
func TestVerify(t *testing.T) {
	r := made(t)
	archive := "x-operator_v1.2.3-rc.1_linux_" + runtime.GOARCH + ".tar.gz"
	for name, c := range map[string]struct {
		file   string
		change func([]byte) []byte
		want   string
	}{
		"an image by its tag": {installFile, func(content []byte) []byte {
			return bytes.ReplaceAll(content, []byte("@sha256:"), []byte(":v1#"))
		}, "install.yaml runs"},
		"another archive of the plugin": {krewManifest, func(content []byte) []byte {
			return bytes.Replace(content, []byte("sha256: "), []byte("sha256: 0"), 1)
		}, "plugins/xconnection.yaml does not fit"},
		"a bill of something else": {billName(archive), func(content []byte) []byte {
			return bytes.ReplaceAll(content, []byte(`"checksumValue": "`), []byte(`"checksumValue": "0`))
		}, "does not describe x-operator"},
		"another chart": {r.chartName(), func(content []byte) []byte {
			return repacked(t, content, "1.2.3-rc.1", "1.2.3")
		}, "is of another release"},
		"a binary that is not the image's": {archive, func(content []byte) []byte {
			return repacked(t, content, r.commit, strings.Repeat("0", len(r.commit)))
		}, "the commit that the image's label tells"},
		"an archive with failpoints": {archive, func(content []byte) []byte {
			return repacked(t, content, "callback-base-url", failpointVariable+"-url")
		}, "it has failpoints"},
		"a broken image": {r.imageName(), func(content []byte) []byte {
			return bytes.ReplaceAll(content, []byte(imageUser), []byte("00000:00000"))
		}, "has another content"},
		"an image under another name": {r.imageName(), func(content []byte) []byte {
			return bytes.ReplaceAll(content, []byte("registry.example.com"), []byte("registry.example.org"))
		}, "is named otherwise"},
	} {
		t.Run(name, func(t *testing.T) {
			err := changed(t, r, c.file, c.change).verify(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want %q", err, c.want)
			}
		})
	}
}

// changed is a copy of a release with one file changed, and the checksums made to
// fit.
func changed(t *testing.T, r *release, file string, change func([]byte) []byte) *release {
	t.Helper()
	other := *r
	other.dist = filepath.Join(t.TempDir(), "dist")
	if err := os.CopyFS(other.dist, os.DirFS(r.dist)); err != nil {
		t.Fatal(err)
	}
	content, err := other.read(file)
	if err != nil {
		t.Fatal(err)
	}
	after := change(bytes.Clone(content))
	if bytes.Equal(after, content) {
		t.Fatalf("%s was not changed", file)
	}
	if err := other.write(file, after); err != nil {
		t.Fatal(err)
	}
	if err := other.writeChecksums(); err != nil {
		t.Fatal(err)
	}
	return &other
}

// repacked replaces a text in all files of a tar.gz.
func repacked(t *testing.T, content []byte, from, to string) []byte {
	t.Helper()
	entries, err := entriesOf("x.tar.gz", content)
	if err != nil {
		t.Fatal(err)
	}
	for i := range entries {
		entries[i].content = bytes.ReplaceAll(entries[i].content, []byte(from), []byte(to))
	}
	packed, err := tarGz(entries, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

// TestTar: an archive is read back whole, and refused without its end.
func TestTar(t *testing.T) {
	want := []entry{{"a", 0o644, []byte("a")}, {"b", 0o755, bytes.Repeat([]byte("b"), 513)}}
	archive, err := tarred(want, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	got, err := untarred(bytes.NewReader(archive))
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(entry{})); diff != "" || err != nil {
		t.Errorf("the entries differ (-want +got):\n%s%v", diff, err)
	}
	if _, err := untarred(bytes.NewReader(archive[:len(archive)-512])); err == nil {
		t.Error("an archive without its end passes")
	}
}

// TestChecksums: a file more and a changed one do not pass.
func TestChecksums(t *testing.T) {
	r := &release{dist: t.TempDir(), out: t.Output()}
	steps := []error{r.write("a", []byte("a")), r.write("b", []byte("b")), r.writeChecksums(), r.verifyChecksums()}
	if i := slices.IndexFunc(steps, func(err error) bool { return err != nil }); i >= 0 {
		t.Fatal(steps[i])
	}
	for _, step := range []error{
		r.write("c", []byte("c")), failed(r.verifyChecksums()),
		os.Rename(filepath.Join(r.dist, "c"), filepath.Join(r.dist, "a")), failed(r.verifyChecksums()),
	} {
		if step != nil {
			t.Error(step)
		}
	}
}

// failed is an error where there was none.
func failed(err error) error {
	if err == nil {
		return errors.New("a folder that was changed passes")
	}
	return nil
}

// TestStatic: a binary that needs a loader would not start in the image.
func TestStatic(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(shell) //nolint:gosec // The shell.
	if err != nil {
		t.Fatal(err)
	}
	if err := static(content); err == nil || !strings.Contains(err.Error(), "not static") {
		t.Errorf("the error is %v", err)
	}
}

// TestParse: what is not said rightly is told before anything is built.
func TestParse(t *testing.T) {
	for arguments, want := range map[string]string{
		"":                           "--version must be a semantic version",
		"--version=0.1.0":            "--version must be a semantic version",
		"--version=v0.1":             "--version must be a semantic version",
		"--version=v0.1.0 something": `"something" was given`,
	} {
		if _, err := parse(strings.Fields(arguments), t.Output()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: the error is %v, want %q", arguments, err, want)
		}
	}
	for image, want := range map[string]string{
		"agentconnect/x-operator:v0.1.0": "agentconnect/x-operator", "localhost:5000/x": "localhost:5000/x",
		"localhost:5000/x:v1": "localhost:5000/x", "x": "x",
	} {
		if got := withoutTag(image); got != want {
			t.Errorf("%s without its tag is %s, want %s", image, got, want)
		}
	}
}

// TestSetLines: a chart that does not look as expected is not guessed at.
func TestSetLines(t *testing.T) {
	got, err := setLines([]byte("a: 1\nb: 2\n"), "b: ", "3")
	if err != nil || string(got) != "a: 1\nb: 3\n" {
		t.Errorf("it gives %q and %v", got, err)
	}
	for _, content := range []string{"a: 1\n", "b: 1\nb: 2\n"} {
		if _, err := setLines([]byte(content), "b: ", "3"); err == nil {
			t.Errorf("%q passes", content)
		}
	}
}

// TestPlatforms: an image is for what the operator was built for.
func TestPlatforms(t *testing.T) {
	built := []binary{{target: targets[0]}, {target: targets[1]}, {target: targets[2]}, {target: targets[6]}}
	want := []v1.Platform{{OS: "linux", Architecture: "amd64"}, {OS: "linux", Architecture: "arm64"}}
	if diff := cmp.Diff(want, platforms(built)); diff != "" {
		t.Errorf("the platforms differ (-want +got):\n%s", diff)
	}
}
