"""A folder of charts made for a test: one whole chart, and a definition that embeds a pod."""

import gzip
import json
import textwrap
from pathlib import Path

VALUES = """
# Default values
global: {}
image: {repository: broker, tag: ""}
replicas: 1
enabled: false
# nameOverride: broker
config:
  level: info
  # format: json
notes: |
  text: not a key
  # commented: not one either
service:
  ports: [{name: http, port: 80}]
extra: {}
  # first: 1
podAnnotations: {}
podLabels: {}
nodeSelector: {}
workerTolerations: []
resources: {}
workers:
  resources:
    first: {requests: {cpu: 100m}}
securityContext: {runAsNonRoot: true}
cache:
  enabled: true
  size: 1Gi
"""
CHART = """
apiVersion: v2
name: broker
version: 1.2.3
dependencies:
  - {name: cache, version: 1.0.0, condition: cache.enabled}
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: broker}}
  template:
    metadata: {labels: {app: broker}}
    spec:
      {{- if .Values.hidden }}
      hostNetwork: {{ .Values.hidden.network }}
      {{- end }}
      automountServiceAccountToken: false
      containers:
        - name: broker
          image: "registry.example.dev/{{ .Values.image.repository }}@sha256:00"
          securityContext: {{- toYaml .Values.securityContext | nindent 12 }}
---
apiVersion: example.dev/v1
kind: Widget
metadata: {name: made}
spec: {size: {{ .Values.replicas }}}
"""
TEST_POD = """
apiVersion: v1
kind: Pod
metadata: {name: probe, annotations: {"helm.sh/hook": test}}
spec: {containers: [{name: probe, image: probe}]}
"""
TEXT = {"type": "string"}
POD = {
    "type": "object",
    "properties": {
        "affinity": {"type": "object", "properties": {"nodeAffinity": {"type": "object"}}},
        "nodeSelector": {"type": "object", "additionalProperties": TEXT},
        "securityContext": {"type": "object", "properties": {"fsGroup": {"type": "integer"}}},
        "tolerations": {
            "type": "array",
            "items": {"type": "object", "properties": {"key": TEXT, "operator": TEXT}},
        },
        "volumes": {"type": "array", "items": {"type": "object", "properties": {"name": TEXT}}},
        "containers": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "resources": {
                        "type": "object",
                        "properties": {
                            name: {
                                "type": "object",
                                "additionalProperties": {"x-kubernetes-int-or-string": True, "anyOf": []},
                            }
                            for name in ("limits", "requests")
                        },
                    },
                    "securityContext": {
                        "type": "object",
                        "properties": {
                            "allowPrivilegeEscalation": {"type": "boolean"},
                            "capabilities": {
                                "type": "object",
                                "properties": {"drop": {"type": "array", "items": TEXT}},
                            },
                            "readOnlyRootFilesystem": {"type": "boolean"},
                            "runAsNonRoot": {"type": "boolean"},
                            "seccompProfile": {"type": "object", "properties": {"type": TEXT}},
                            "runAsUser": {"type": "integer", "format": "int64"},
                        },
                    },
                },
            },
        },
    },
}
WIDGET = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["size"],
            "properties": {
                "size": {"type": "integer", "minimum": 1, "maximum": 9},
                "mode": {"type": "string", "enum": ["fast", "safe"]},
                "name": {"type": "string", "pattern": "^(?i)[a-z]+$"},
                "port": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "until": {"type": "string", "nullable": True},
                "template": {"type": "object", "properties": {"spec": POD}},
            },
        },
        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.dev"},
    "spec": {
        "group": "example.dev",
        "names": {"kind": "Widget", "plural": "widgets"},
        "scope": "Namespaced",
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": WIDGET}},
            {"name": "v1beta1", "served": False, "storage": False, "schema": {"openAPIV3Schema": WIDGET}},
        ],
    },
}


def charts_folder(root: Path, *, whole: bool = False, schema: dict | None = None) -> Path:
    """A folder with the chart `broker`; with its templates where it is `whole`."""
    chart = root / "broker"
    chart.mkdir(parents=True)
    (chart / "Chart.yaml").write_text(CHART)
    (chart / "values.yaml").write_text(textwrap.dedent(VALUES))
    if schema is not None:
        (chart / "values.schema.json").write_text(json.dumps(schema))
    if whole:
        _write_templates(chart)
    (root / "crds.json.gz").write_bytes(gzip.compress(json.dumps([CRD]).encode()))
    return root


def _write_templates(chart: Path) -> None:
    templates = chart / "templates"
    (templates / "tests").mkdir(parents=True)
    (templates / "deployment.yaml").write_text(DEPLOYMENT)
    (templates / "tests" / "pod.yaml").write_text(TEST_POD)
    (templates / "NOTES.txt").write_text("kind: nothing")
    inner = chart / "charts" / "cache"
    inner.mkdir(parents=True)
    (inner / "Chart.yaml").write_text("{apiVersion: v2, name: cache, version: 1.0.0}")
    (inner / "values.yaml").write_text("{size: 2Gi, eviction: lru}")
