{{- define "x-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "x-operator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "x-operator.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "x-operator.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The labels of every object. */}}
{{- define "x-operator.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/name: {{ include "x-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: x-operator
{{- end -}}

{{/* What selects the pods of a component: (list root component). */}}
{{- define "x-operator.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "x-operator.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/*
What selects the pods of all components and no others, even where something has
copied the Gateway's labels to its proxies.
*/}}
{{- define "x-operator.pods" -}}
matchLabels:
  app.kubernetes.io/name: {{ include "x-operator.name" . }}
  app.kubernetes.io/instance: {{ .Release.Name }}
matchExpressions:
- {key: app.kubernetes.io/component, operator: In, values: [controllers, callback, agent]}
{{- end -}}

{{- define "x-operator.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* The host of the callback's address. */}}
{{- define "x-operator.host" -}}
{{- (urlParse .Values.callbackBaseURL).hostname -}}
{{- end -}}

{{- define "x-operator.tlsSecret" -}}
{{- default (printf "%s-callback-tls" (include "x-operator.fullname" .)) .Values.tls.secretName -}}
{{- end -}}

{{/* Annotations of what ends TLS: (list root annotations). */}}
{{- define "x-operator.tlsAnnotations" -}}
{{- $root := index . 0 -}}
{{- $annotations := deepCopy (index . 1) -}}
{{- with $root.Values.tls.clusterIssuer -}}
{{- $_ := set $annotations "cert-manager.io/cluster-issuer" . -}}
{{- end -}}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}

{{- define "x-operator.priorityClass" -}}
{{- if .Values.priorityClass.name -}}
{{- .Values.priorityClass.name -}}
{{- else if .Values.priorityClass.create -}}
{{- include "x-operator.fullname" . -}}-priority
{{- end -}}
{{- end -}}
