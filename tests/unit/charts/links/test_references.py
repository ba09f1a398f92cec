"""What objects refer to by name, and the keys that it must hold."""

import pytest

from quantos.charts.links.cluster import Cluster, Installed
from quantos.charts.links.references import broken_references
from tests.support.cluster_objects import cluster, made, workload

ACCOUNT = made("ServiceAccount", "web")
CONFIG = made("ConfigMap", "config", data={"a": "1"})
SECRET = made("Secret", "secret", stringData={"a": "1"})
EMPTY = made("Secret", "empty")
TOKEN = made("Secret", "token", type="kubernetes.io/service-account-token")
EXTERNAL = made(
    "ExternalSecret", "copied", api="external-secrets.io/v1",
    spec={"secretStoreRef": {"kind": "ClusterSecretStore", "name": "store"},
          "target": {"name": "external"}, "data": [{"secretKey": "a"}]},
)  # fmt: skip
STORE = made("ClusterSecretStore", "store", api="external-secrets.io/v1", place=None, spec={})
CERTIFICATE = made(
    "Certificate", "cert", api="cert-manager.io/v1",
    spec={"secretName": "certified", "issuerRef": {"name": "issuer"}},
)  # fmt: skip
ISSUER = made("Issuer", "issuer", api="cert-manager.io/v1", spec={})
THERE = (ACCOUNT, CONFIG, SECRET, EMPTY, TOKEN, EXTERNAL, STORE, CERTIFICATE, ISSUER)


def told(*objects) -> list[str]:
    return [each.about for each in broken_references(cluster(*objects))]


def pod(**spec) -> dict:
    return workload(pod={"serviceAccountName": "web", **spec})


def env(**reference) -> dict:
    return workload(pod={"serviceAccountName": "web"}, env=[{"name": "A", "valueFrom": reference}])


@pytest.mark.parametrize(
    ("refers", "missing"),
    [
        (env(secretKeyRef={"name": "secret", "key": "a"}), ""),
        (env(secretKeyRef={"name": "secret", "key": "b"}), "Secret web/secret, key b"),
        (env(secretKeyRef={"name": "none", "key": "a"}), "Secret web/none"),
        (env(secretKeyRef={"name": "none", "key": "a", "optional": True}), ""),
        (env(secretKeyRef={"name": "external", "key": "a"}), ""),
        (env(secretKeyRef={"name": "external", "key": "b"}), "Secret web/external, key b"),
        (env(secretKeyRef={"name": "certified", "key": "tls.key"}), ""),
        (env(configMapKeyRef={"name": "config", "key": "b"}), "ConfigMap web/config, key b"),
        (pod(volumes=[{"name": "v", "secret": {"secretName": "none"}}]), "Secret web/none"),
        (pod(volumes=[{"name": "v", "configMap": {"name": "config", "items": [{"key": "b"}]}}]),
         "ConfigMap web/config, key b"),
        (pod(volumes=[{"name": "v", "projected": {"sources": [{"secret": {"name": "none"}}]}}]), "Secret web/none"),
        (pod(volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "none"}}]),
         "PersistentVolumeClaim web/none"),
        (pod(imagePullSecrets=[{"name": "none"}]), "Secret web/none"),
        (pod(serviceAccountName="none"), "ServiceAccount web/none"),
        (pod(serviceAccountName="default"), ""),
        (pod(priorityClassName="high"), "PriorityClass high"),
        (pod(runtimeClassName="fast"), "RuntimeClass fast"),
        (pod(volumes=[{"name": "v", "csi": {"driver": "d", "nodePublishSecretRef": {"name": "none"}}}]),
         "Secret web/none"),
        (pod(volumes=[{"name": "v", "csi": {"driver": "d", "nodePublishSecretRef": {"name": "secret"}}}]), ""),
        (made("ServiceAccount", "other", imagePullSecrets=[{"name": "none"}]), "Secret web/none"),
        (made("ServiceAccount", "other", secrets=[{"name": "none"}]), "Secret web/none"),
        (made("ServiceAccount", "other", imagePullSecrets=[{"name": "secret"}]), ""),
        (env(secretKeyRef={"name": "empty", "key": "a"}), "Secret web/empty, key a"),
        (pod(volumes=[{"name": "v", "secret": {"secretName": "empty"}}]), ""),
        (env(secretKeyRef={"name": "token", "key": "token"}), ""),
        (env(secretKeyRef={"name": "token", "key": "a"}), "Secret web/token, key a"),
        (made("HorizontalPodAutoscaler", api="autoscaling/v2",
              spec={"scaleTargetRef": {"kind": "StatefulSet", "name": "none"}}), "StatefulSet web/none"),
        (pod(priorityClassName="system-node-critical"), ""),
        (made("Ingress", api="networking.k8s.io/v1", spec={"ingressClassName": "none"}), "IngressClass none"),
        (made("Certificate", api="cert-manager.io/v1", spec={"secretName": "x", "issuerRef": {"name": "none"}}),
         "Issuer web/none"),
        (made("RoleBinding", api="rbac.authorization.k8s.io/v1", roleRef={"kind": "Role", "name": "none"}),
         "Role web/none"),
        (made("RoleBinding", api="rbac.authorization.k8s.io/v1", roleRef={"kind": "ClusterRole", "name": "view"},
              subjects=[{"kind": "ServiceAccount", "name": "web", "namespace": "web"}]), ""),
        (made("ClusterRoleBinding", api="rbac.authorization.k8s.io/v1", place=None,
              roleRef={"kind": "ClusterRole", "name": "view"},
              subjects=[{"kind": "ServiceAccount", "name": "none", "namespace": "web"}]), "ServiceAccount web/none"),
        (made("APIService", "v1.x", api="apiregistration.k8s.io/v1", place=None,
              spec={"service": {"name": "none", "namespace": "web"}}), "Service web/none"),
        (made("ScaledObject", api="keda.sh/v1alpha1", spec={"scaleTargetRef": {"name": "none"}}),
         "Deployment web/none"),
        (made("ClickHouseInstallation", api="clickhouse.altinity.com/v1",
              spec={"configuration": {"users": {"u/k8s_secret_password": "secret/b"}}}), "Secret web/secret, key b"),
        (made("Widget", api="example.dev/v1", place="nowhere", spec={}), ""),
    ],
)  # fmt: skip
def test_a_name_is_somebodys_and_a_key_is_in_it(refers, missing) -> None:
    assert told(*THERE, refers) == ([missing] if missing else [])


def test_a_class_of_disks_is_there_for_each_claim() -> None:
    claim = {"metadata": {"name": "data"}, "spec": {"storageClassName": "fast"}}
    stateful = workload(kind="StatefulSet", claims=[claim], pod={"serviceAccountName": "web"})
    assert told(ACCOUNT, stateful) == ["StorageClass fast"]
    assert told(ACCOUNT, stateful, made("StorageClass", "fast", api="storage.k8s.io/v1", place=None)) == []


@pytest.mark.parametrize(
    ("spec", "key"),
    [
        ({"dataFrom": [{"extract": {"key": "x"}}]}, ""),
        ({"dataFrom": [{"sourceRef": {"generatorRef": {"kind": "Password", "name": "p"}}}]}, "a"),
        ({"data": [{"secretKey": "b"}], "target": {"template": {"data": {"a": "{{ .b }}"}}}}, ""),
        ({"data": [{"secretKey": "a"}], "target": {"template": {"data": {"b": "{{ .a }}"}}}}, "a"),
        ({"data": [{"secretKey": "a"}], "target": {"template": {"mergePolicy": "Merge", "data": {"b": ""}}}}, ""),
    ],
)
def test_keys_of_an_external_secret_are_those_of_its_template_or_its_data(spec, key) -> None:
    generator = made("Password", "p", api="generators.external-secrets.io/v1alpha1", spec={})
    external = made("ExternalSecret", "made", api="external-secrets.io/v1", spec=spec)
    asked = env(secretKeyRef={"name": "made", "key": "a"})
    assert told(ACCOUNT, generator, external, asked) == ([f"Secret web/made, key {key}"] if key else [])


@pytest.mark.parametrize(("place", "missing"), [("web", []), ("kube-system", []), ("lost", ["Namespace lost"])])
def test_a_namespace_is_declared_or_of_every_cluster(place, missing) -> None:
    declared = cluster(made("ConfigMap", "a"))
    lost = Installed(manifest=made("ConfigMap", "b", place=place))
    whole = Cluster([*declared.installed, lost], declared.surroundings)
    assert [each.about for each in broken_references(whole)] == missing


def test_a_scaler_has_what_it_scales() -> None:
    target = {"kind": "Deployment", "name": "web"}
    scaler = made("HorizontalPodAutoscaler", api="autoscaling/v2", spec={"scaleTargetRef": target})
    assert told(ACCOUNT, pod(), scaler) == []
    assert told(ACCOUNT, scaler) == ["Deployment web/web"]
