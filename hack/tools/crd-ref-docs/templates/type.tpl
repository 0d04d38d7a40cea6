{{- define "type" -}}
{{- if markdownShouldRenderType . }}
## {{ .Name }}

{{ .Doc | replace "<" "&lt;" }}
{{ with .SortedReferences }}
Used in {{ range $i, $user := . }}{{ if $i }}, {{ end }}{{ markdownRenderTypeLink $user }}{{ end }}.
{{ end }}
{{- with .Members }}
| field | type | meaning |
| --- | --- | --- |
{{ range . }}| `{{ .Name }}` | {{ markdownRenderType .Type }}{{ if index .Markers "required" }}, required{{ end }} | {{ template "type_members" . }} |
{{ end }}
{{- end }}
{{- with .EnumValues }}
| value | meaning |
| --- | --- |
{{ range . }}| `{{ .Name }}` | {{ .Doc | replace "\n" " " | trim }} |
{{ end }}
{{- end }}
{{- template "rules" . }}
{{- end }}
{{- end -}}

{{- define "rules" }}
{{- $rules := list }}
{{- range index .Markers "kubebuilder:validation:XValidation" }}{{ $rules = append $rules .Message }}{{ end }}
{{- if not .GVK }}{{/* What a kind's spec refuses stands with the spec. */}}
{{- range .Fields }}{{ range index .Markers "kubebuilder:validation:XValidation" }}{{ $rules = append $rules .Message }}{{ end }}{{ end }}
{{- end }}
{{- with $rules }}
The API server refuses what breaks these rules, and says:
{{ range . }}
* {{ . | replace "<" "&lt;" }}
{{- end }}
{{ end }}
{{- end -}}
