// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// firstRun is the Job that is made of the CronJob.
const firstRun = "first-run"

// runScheduled enables the sample agent and runs its task once, in the demo's hands:
// here are neither nodes nor the Job controller.
func runScheduled(ctx context.Context, d *demo) error {
	for _, arguments := range [][]string{
		{"apply", "-k", "config/samples/social-manager"},
		{"wait", "xconnection/" + sharedConnection, "--for=condition=Ready", "--timeout=" + patience},
		{"patch", "cronjob", "cron-content-scanner", "-p", `{"spec":{"suspend":false}}`},
		{"create", "job", firstRun, "--from=cronjob/cron-content-scanner"},
	} {
		if _, err := d.kubectl(ctx, arguments...); err != nil {
			return err
		}
	}
	d.out.say("There is no kubelet: the demo runs the commands of the Job's containers itself, with their files,")
	d.out.say("variables and service account; the second one twice, as after a crash of its node.")
	job := &batchv1.Job{}
	if err := d.plane.Client().Get(ctx, types.NamespacedName{Namespace: tenantNamespace, Name: firstRun}, job); err != nil {
		return err
	}
	k, err := d.newKubelet(ctx, &job.Spec.Template)
	if err != nil {
		return err
	}
	pod := &job.Spec.Template.Spec
	for _, container := range append(pod.InitContainers, pod.Containers[0], pod.Containers[0]) {
		if err := k.run(ctx, container); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(filepath.Join(k.dir, "draft", "post.txt"))
	if err != nil {
		return err
	}
	d.posted = append(d.posted, strings.TrimSpace(string(text)))
	_, err = d.kubectl(ctx, "get", "xposts")
	return err
}

// kubelet does for one pod the little of a kubelet's work that it takes to run its
// commands on this machine: volumes become folders, and paths lead there.
type kubelet struct {
	d          *demo
	pod        *corev1.PodTemplateSpec
	dir        string
	kubeconfig string
}

func (d *demo) newKubelet(ctx context.Context, pod *corev1.PodTemplateSpec) (*kubelet, error) {
	config, err := d.plane.ServiceAccountConfig(ctx, tenantNamespace, pod.Spec.ServiceAccountName)
	if err != nil {
		return nil, err
	}
	k := &kubelet{d: d, pod: pod, dir: filepath.Join(d.dir, "pod")}
	if k.kubeconfig, err = d.plane.WriteKubeconfig(config); err != nil {
		return nil, err
	}
	for _, volume := range pod.Spec.Volumes {
		if err := k.fill(ctx, volume); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// fill makes a volume's folder, with the files of a ConfigMap.
func (k *kubelet) fill(ctx context.Context, volume corev1.Volume) error {
	dir := filepath.Join(k.dir, volume.Name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if volume.ConfigMap == nil {
		return nil
	}
	content := &corev1.ConfigMap{}
	key := types.NamespacedName{Namespace: tenantNamespace, Name: volume.ConfigMap.Name}
	if err := k.d.plane.Client().Get(ctx, key, content); err != nil {
		return fmt.Errorf("filling the volume %s: %w", volume.Name, err)
	}
	for name, text := range content.Data {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// run runs a container's command, and shows what it says.
func (k *kubelet) run(ctx context.Context, container corev1.Container) error {
	words := append(append([]string{}, container.Command...), container.Args...)
	local := k.localise(container)
	for i := range words {
		words[i] = local.Replace(words[i])
	}
	k.d.out.say("Container %s:", container.Name)
	k.d.out.command(quoteAll(words)...)
	if words[0] == "/kubectl-xconnection" {
		words[0] = filepath.Join(k.d.root, plugin)
	}
	cmd := k.d.command(ctx, words[0], words[1:]...)
	cmd.Env = append(cmd.Env, "KUBECONFIG="+k.kubeconfig)
	output, err := cmd.CombinedOutput()
	k.d.out.output(string(output), 0)
	if err != nil {
		return fmt.Errorf("running the container %s: %w", container.Name, err)
	}
	return nil
}

// localise replaces variables by their values, and mount paths by folders.
func (k *kubelet) localise(container corev1.Container) *strings.Replacer {
	var pairs []string
	for _, variable := range container.Env {
		value := variable.Value
		if variable.ValueFrom != nil && variable.ValueFrom.FieldRef != nil {
			value = k.field(variable.ValueFrom.FieldRef.FieldPath)
		}
		pairs = append(pairs, "$("+variable.Name+")", value)
	}
	for _, mount := range container.VolumeMounts {
		pairs = append(pairs, mount.MountPath+"/", filepath.Join(k.dir, mount.Name)+"/")
	}
	return strings.NewReplacer(pairs...)
}

// field is a value of the pod's metadata, as the downward API gives it.
func (k *kubelet) field(path string) string {
	if label, ok := strings.CutPrefix(path, "metadata.labels['"); ok {
		return k.pod.Labels[strings.TrimSuffix(label, "']")]
	}
	if path == "metadata.namespace" {
		return tenantNamespace
	}
	return ""
}
