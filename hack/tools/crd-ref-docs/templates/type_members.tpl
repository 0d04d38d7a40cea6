{{- define "type_members" -}}
{{- if eq .Name "metadata" -}}
The name, namespace, labels and annotations, as of every object.
{{- else -}}
{{ .Doc | replace "\n" " " | replace "|" "\\|" | replace "<" "&lt;" | trim }}
{{- end -}}
{{- end -}}
