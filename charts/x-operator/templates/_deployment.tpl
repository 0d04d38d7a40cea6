{{/*
The Deployment of a component, of a dict:
  root      the chart's root
  component controllers, callback or agent
  args      its flags beside those of all
  ports     its ports beside those of all: name and number
  consents  whether it has to do with consent, and so with the callback's address
  strategy  its update strategy, or nothing for the default
  readiness how often its readiness is probed, in seconds
  tlsSecret the Secret that it serves TLS with, or nothing
*/}}
{{- define "x-operator.deployment" -}}
{{- $root := .root -}}
{{- $component := .component -}}
{{- $own := index .root.Values .component -}}
{{- $selector := include "x-operator.selector" (list .root .component) -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "x-operator.fullname" $root }}-{{ $component }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "x-operator.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ $component }}
spec:
  replicas: {{ $own.replicas }}
  {{- with .strategy }}
  strategy:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  selector:
    matchLabels:
      {{- $selector | nindent 6 }}
  template:
    metadata:
      labels:
        {{- /* What selects the pods can't be overridden. */}}
        {{- $labels := include "x-operator.labels" $root | fromYaml }}
        {{- $_ := set $labels "app.kubernetes.io/component" $component }}
        {{- merge $labels ($own.podLabels | default dict) | toYaml | nindent 8 }}
      annotations:
        kubectl.kubernetes.io/default-container: operator
        {{- if .consents }}
        # A new address restarts the pods.
        checksum/settings: {{ $root.Values.callbackBaseURL | sha256sum }}
        {{- end }}
        {{- with $own.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "x-operator.fullname" $root }}-{{ $component }}
      automountServiceAccountToken: true
      enableServiceLinks: false
      {{- with include "x-operator.priorityClass" $root }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- with $root.Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      terminationGracePeriodSeconds: {{ $root.Values.terminationGracePeriodSeconds }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        runAsGroup: 65532
        seccompProfile:
          type: RuntimeDefault
      {{- with $own.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $own.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $own.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      topologySpreadConstraints:
      {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
      - topologyKey: {{ . }}
        maxSkew: 1
        whenUnsatisfiable: ScheduleAnyway
        labelSelector:
          matchLabels:
            {{- $selector | nindent 12 }}
        matchLabelKeys: [pod-template-hash]
      {{- end }}
      containers:
      - name: operator
        image: {{ include "x-operator.image" $root }}
        imagePullPolicy: {{ $root.Values.image.pullPolicy }}
        args:
        - --components={{ $component }}
        {{- range .args }}
        - {{ . }}
        {{- end }}
        {{- if .consents }}
        - --callback-base-url=$(CALLBACK_BASE_URL)
        {{- end }}
        - --grant-namespace=$(POD_NAMESPACE)
        - --metrics-bind-address=:8443
        - --health-probe-bind-address=:8081
        {{- with $root.Values.namespaces }}
        - --namespaces={{ join "," . }}
        {{- end }}
        {{- if and $root.Values.selector (eq $component "controllers") }}
        - {{ printf "--selector=%s" $root.Values.selector | quote }}
        {{- end }}
        {{- range $own.extraArgs }}
        - {{ . | quote }}
        {{- end }}
        env:
        {{- if .consents }}
        - name: CALLBACK_BASE_URL
          valueFrom:
            configMapKeyRef:
              name: {{ include "x-operator.fullname" $root }}-settings
              key: callback-base-url
        {{- end }}
        {{- range $name, $field := dict "POD_NAMESPACE" "namespace" "POD_NAME" "name" "POD_UID" "uid" }}
        - name: {{ $name }}
          valueFrom:
            fieldRef:
              fieldPath: metadata.{{ $field }}
        {{- end }}
        {{- with $own.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        ports:
        {{- range $name, $port := .ports }}
        - name: {{ $name }}
          containerPort: {{ $port }}
        {{- end }}
        - name: metrics
          containerPort: 8443
        - name: health
          containerPort: 8081
        startupProbe:
          httpGet:
            path: /healthz
            port: health
          periodSeconds: 2
          failureThreshold: 30
        livenessProbe:
          httpGet:
            path: /healthz
            port: health
          periodSeconds: 20
        readinessProbe:
          httpGet:
            path: /readyz
            port: health
          periodSeconds: {{ .readiness }}
        resources:
          {{- toYaml $own.resources | nindent 10 }}
        securityContext:
          allowPrivilegeEscalation: false
          readOnlyRootFilesystem: true
          capabilities:
            drop: [ALL]
        {{- if or .tlsSecret $own.extraVolumeMounts }}
        volumeMounts:
        {{- if .tlsSecret }}
        - name: agent-tls
          mountPath: /etc/x-operator/agent-tls
          readOnly: true
        {{- end }}
        {{- with $own.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        {{- end }}
      {{- if or .tlsSecret $own.extraVolumes }}
      volumes:
      {{- with .tlsSecret }}
      - name: agent-tls
        secret:
          secretName: {{ . }}
      {{- end }}
      {{- with $own.extraVolumes }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
      {{- end }}
{{- end -}}
