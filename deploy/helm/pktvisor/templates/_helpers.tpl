{{- define "pktvisor.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 48 | trimSuffix "-" }}
{{- end }}

{{/* No longer than 48: of a StatefulSet with a name beyond 52 ("-hub" comes behind), Kubernetes makes no pods. Names of
releases may have dots, those of services may not. */}}
{{- define "pktvisor.fullname" -}}
{{- $name := include "pktvisor.name" . -}}
{{- $whole := printf "%s-%s" .Release.Name $name -}}
{{- if contains $name .Release.Name }}{{ $whole = .Release.Name }}{{ end -}}
{{- default $whole .Values.fullnameOverride | replace "." "-" | trunc 48 | trimSuffix "-" }}
{{- end }}

{{- define "pktvisor.serviceAccount" -}}
{{- default (ternary (include "pktvisor.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name }}
{{- end }}

{{- define "pktvisor.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}{{- else -}}{{ .repository }}:{{ default $.Chart.AppVersion .tag }}{{- end }}
{{- end }}
{{- end }}

{{/* Labels by which the pods of a part are chosen: (list . "agent") */}}
{{- define "pktvisor.selector" -}}
{{- $top := index . 0 -}}
app.kubernetes.io/name: {{ include "pktvisor.name" $top }}
app.kubernetes.io/instance: {{ $top.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "pktvisor.labels" -}}
{{- $top := index . 0 -}}
{{ include "pktvisor.selector" . }}
app.kubernetes.io/version: {{ $top.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $top.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $top.Chart.Name $top.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* The names under which pods of a part are to be asked for metrics: (list . "agent") */}}
{{- define "pktvisor.partname" -}}
{{ include "pktvisor.fullname" (index . 0) }}-{{ index . 1 }}
{{- end }}

{{/* What holds for a whole pod, whatever runs in it. */}}
{{- define "pktvisor.pod" -}}
{{- $top := index . 0 -}}
{{- $part := index $top.Values (index . 1) -}}
serviceAccountName: {{ include "pktvisor.serviceAccount" $top }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $top.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $part.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $part.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $part.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $part.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Probes: (list port scheme) */}}
{{- define "pktvisor.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: {{ index . 0 }}, scheme: {{ index . 1 }}}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: {{ index . 0 }}, scheme: {{ index . 1 }}}
  periodSeconds: 20
  timeoutSeconds: 5
readinessProbe:
  httpGet: {path: /readyz, port: {{ index . 0 }}, scheme: {{ index . 1 }}}
  periodSeconds: 10
  timeoutSeconds: 5
{{- end }}

{{/* The rights of a container that captures: whether as root. */}}
{{- define "pktvisor.captureRights" -}}
readOnlyRootFilesystem: true
capabilities: {drop: [ALL], add: [NET_RAW]}
seccompProfile: {type: RuntimeDefault}
{{- if . }}
runAsUser: 0
runAsGroup: 0
allowPrivilegeEscalation: false
{{- else }}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
# By the file capability of the interpreter, and by nothing else in the image.
allowPrivilegeEscalation: true
{{- end }}
{{- end }}

{{/*
A container for pods of other charts, which captures on their network: for those with this chart as a dependency.
  (dict "image" "pktvisor:5.0.0" "interface" "eth0" "prefix" 32 "listen" "0.0.0.0" "args" (list "--tag" "app=shop"))
Only image is needed. IPv6: prefix 128, listen "::".
*/}}
{{- define "pktvisor.sidecar" -}}
name: pktvisor
image: {{ required "pktvisor.sidecar needs image, such as pktvisor:5.0.0" .image }}
args:
  - pktvisord
  - -l
  - {{ default "0.0.0.0" .listen | quote }}
  - -H
  - $(POD_IP)/{{ default 32 .prefix }}
  {{- range .args }}
  - {{ . | quote }}
  {{- end }}
  - {{ default "eth0" .interface }}
env:
  - name: POD_IP
    valueFrom: {fieldRef: {fieldPath: status.podIP}}
ports:
  - {name: pktvisor, containerPort: 10853}
{{ include "pktvisor.probes" (list "pktvisor" "HTTP") }}
resources:
  requests: {cpu: 50m, memory: 128Mi}
  limits: {cpu: 500m, memory: 512Mi}
securityContext: {{- include "pktvisor.captureRights" false | nindent 2 }}
{{- end }}
