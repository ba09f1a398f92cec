"""All links together: whatever a manifest holds, it is judged, or refused with a message."""

from contextlib import suppress
from copy import deepcopy

from hypothesis import given, settings
from hypothesis import strategies as st

from quantos.charts.links.links import CHECKS
from quantos.errors import ChartsError
from tests.support.cluster_objects import (
    LABELS,
    VPC,
    allowed,
    cluster,
    made,
    monitor,
    prometheus,
    release,
    service,
    workload,
)

RBAC, HOOKS, KEDA = "rbac.authorization.k8s.io/v1", "admissionregistration.k8s.io/v1", "keda.sh/v1alpha1"
MATCHING = {"matchLabels": LABELS, "matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}
RULE = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["CREATE"], "resources": ["*"], "scope": "*"}
REACHED = {"service": {"name": "web", "namespace": "web", "port": 80}}
CONDITION = {"name": "c", "expression": "request.namespace != 'a'"}
ASKING = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"nvidia.com/gpu": 1}}
POD = {
    "serviceAccountName": "web", "priorityClassName": "high", "runtimeClassName": "fast", "hostNetwork": False,
    "nodeSelector": {"quantos.io/pool": "cpu"}, "imagePullSecrets": [{"name": "s"}],
    "tolerations": [{"key": "gpu", "operator": "Equal", "value": "true", "effect": "NoSchedule"}],
    "topologySpreadConstraints": [{"topologyKey": "zone", "labelSelector": MATCHING}],
    "affinity": {
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "quantos.io/pool", "operator": "In", "values": ["cpu"]}]}]}},
        "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 1, "podAffinityTerm": {"topologyKey": "host", "labelSelector": MATCHING}}]},
    },
    "volumes": [
        {"name": "a", "secret": {"secretName": "s", "items": [{"key": "a", "path": "a"}]}},
        {"name": "b", "configMap": {"name": "c"}}, {"name": "c", "persistentVolumeClaim": {"claimName": "p"}},
        {"name": "d", "csi": {"driver": "d", "nodePublishSecretRef": {"name": "s"}}},
        {"name": "e", "hostPath": {"path": "/var/lib/kubelet/device-plugins"}},
    ],
    "initContainers": [{"name": "i", "restartPolicy": "Always", "resources": ASKING}],
}  # fmt: skip
CLAIM = {"metadata": {"name": "d"}, "spec": {"storageClassName": "f", "resources": {"requests": {"storage": "1Gi"}}}}
CONTAINER = {
    "image": "web", "args": ["--server=http://web.web:80/api/v1/write"], "resources": ASKING,
    "env": [{"name": "LABEL", "value": "dashboard", "valueFrom": {"secretKeyRef": {"name": "s", "key": "a"}}}],
    "envFrom": [{"configMapRef": {"name": "c"}}],
}  # fmt: skip
TEMPLATE = workload(pod=POD, **CONTAINER)["spec"]["template"]
ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}}
CLUSTERS = [
    {"name": "a", "layout": {"shardsCount": 1, "replicasCount": 3}, "pdbMaxUnavailable": 1, "pdbManaged": "yes"}
]
PODS = {"templates": {"podTemplates": [TEMPLATE], "volumeClaimTemplates": [CLAIM]}}
GROUP = {"groupName": "a", "replicas": 1, "minReplicas": 1, "maxReplicas": 2, "template": TEMPLATE}
ENDS = [{"podSelector": MATCHING, "namespaceSelector": MATCHING}, {"ipBlock": {"cidr": VPC, "except": ["10.0.1.0/24"]}}]
PORTS = [{"port": 8080, "endPort": 8090, "protocol": "TCP"}, {"port": "http"}]
BACKEND = {"service": {"name": "web", "port": {"number": 80}}}
OBJECTS = [
    workload(pod=POD, **CONTAINER) | {"spec": {"replicas": 2, "strategy": ROLLING, "template": TEMPLATE}},
    workload(kind="StatefulSet", replicas=3, claims=[CLAIM], pod=POD),
    workload(kind="DaemonSet", pod=POD),
    made("Job", api="batch/v1", spec={"parallelism": 2, "completions": 4, "template": TEMPLATE}),
    made("CronJob", api="batch/v1", spec={"jobTemplate": {"spec": {"parallelism": 2, "template": TEMPLATE}}}),
    made("Pod", spec=TEMPLATE["spec"]),
    service(labels=LABELS, type="LoadBalancer"),
    made("PodDisruptionBudget", api="policy/v1", spec={"selector": MATCHING, "maxUnavailable": "50%"}),
    made("PodDisruptionBudget", api="policy/v1", spec={"selector": MATCHING, "minAvailable": 1}),
    allowed(ingress=[{"from": ENDS, "ports": PORTS}], egress=[{"to": ENDS, "ports": PORTS}]),
    made("ResourceQuota", spec={"hard": {"pods": "9", "requests.cpu": "9", "requests.nvidia.com/gpu": 1,
                                         "count/jobs.batch": 1, "persistentvolumeclaims": 1}}),
    made("LimitRange", spec={"limits": [{"type": "Container", "defaultRequest": {"cpu": "1"}, "default": {"cpu": 1}}]}),
    prometheus(
        secrets=["s"], configMaps=["c"], podMetadata={"labels": {"a": "b"}}, portName="web", shards=1,
        storage={"volumeClaimTemplate": CLAIM}, volumes=[], containers=[{"name": "a"}],
    ),
    made("Alertmanager", api="monitoring.coreos.com/v1", spec={"configSecret": "s", "replicas": 3}),
    monitor(), monitor("PodMonitor", namespaceSelector={"matchNames": ["web"]}),
    monitor(endpoints=[{"port": "http", "targetPort": 8080, "basicAuth": {"username": {"name": "s", "key": "a"}}}]),
    made("ValidatingWebhookConfiguration", api=HOOKS, place=None, webhooks=[{
        "name": "w", "clientConfig": REACHED, "rules": [RULE], "namespaceSelector": MATCHING,
        "objectSelector": MATCHING, "failurePolicy": "Fail", "matchConditions": [CONDITION]}]),
    made("ValidatingAdmissionPolicy", api=HOOKS, place=None, spec={
        "matchConstraints": {"resourceRules": [RULE]}, "validations": [CONDITION], "variables": [CONDITION]}),
    made("APIService", "v1.x", api="apiregistration.k8s.io/v1", place=None, spec=REACHED),
    made("CustomResourceDefinition", "x", api="apiextensions.k8s.io/v1", place=None,
         spec={"conversion": {"webhook": {"clientConfig": REACHED}}}),
    made("Ingress", api="networking.k8s.io/v1", spec={
        "ingressClassName": "alb", "tls": [{"secretName": "s"}], "defaultBackend": BACKEND,
        "rules": [{"http": {"paths": [{"backend": BACKEND}]}}]}),
    made("IngressClass", "alb", api="networking.k8s.io/v1", place=None, spec={"parameters": {"kind": "P", "name": ""}}),
    made("ClusterRole", "reader", api=RBAC, place=None, labels=LABELS,
         rules=[{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["a"]}],
         aggregationRule={"clusterRoleSelectors": [MATCHING]}),
    *(made(kind, api=RBAC, roleRef={"kind": "ClusterRole", "name": "reader"},
           subjects=[{"kind": "ServiceAccount", "name": "web", "namespace": "web"}])
      for kind in ("ClusterRoleBinding", "RoleBinding")),
    made("ServiceAccount", imagePullSecrets=[{"name": "s"}], automountServiceAccountToken=False),
    made("Secret", "s", data={"a": "YQ=="}, stringData={"b": "b"}, type="Opaque"),
    made("ConfigMap", "c", labels={"dashboard": "1"}, data={"a": "url: http://web.web:80"}, binaryData={}),
    made("PersistentVolumeClaim", "p", spec=CLAIM["spec"]),
    made("Certificate", api="cert-manager.io/v1", spec={"secretName": "t", "issuerRef": {"name": "i"}}),
    made("ExternalSecret", api="external-secrets.io/v1", spec={
        "secretStoreRef": {"kind": "ClusterSecretStore", "name": "x"}, "target": {"template": {"data": {}}},
        "data": [{"secretKey": "a"}],
        "dataFrom": [{"sourceRef": {"generatorRef": {"kind": "Password", "name": "p"}}}]}),
    made("ScaledObject", api=KEDA, spec={
        "scaleTargetRef": {"kind": "Deployment", "name": "web"}, "minReplicaCount": 1, "maxReplicaCount": 4}),
    made("HorizontalPodAutoscaler", api="autoscaling/v2", spec={
        "scaleTargetRef": {"kind": "Deployment", "name": "web"}, "minReplicas": 1, "maxReplicas": 4}),
    made("ClickHouseInstallation", api="clickhouse.altinity.com/v1", spec={
        "configuration": {"clusters": CLUSTERS, "users": {"u/k8s_secret_password": "s/a"}}, **PODS}),
    made("ClickHouseKeeperInstallation", api="clickhouse-keeper.altinity.com/v1",
         spec={"configuration": {"clusters": CLUSTERS}, **PODS}),
    made("RayCluster", api="ray.io/v1", spec={
        "enableInTreeAutoscaling": True, "headGroupSpec": GROUP, "workerGroupSpecs": [GROUP]}),
    made("RayService", api="ray.io/v1", spec={"rayClusterConfig": {"headGroupSpec": GROUP}}),
    made("EventBus", api="argoproj.io/v1alpha1", spec={"jetstream": {
        "replicas": 3, "persistence": {"storageClassName": "f", "volumeSize": "1Gi"}, "serviceAccountName": "web",
        "containerTemplate": {"resources": ASKING}, "tolerations": []}}),
    made("ClusterSecretStore", "x", api="external-secrets.io/v1", place=None, spec={
        "provider": {"caProvider": {"type": "Secret", "name": "s", "namespace": "web", "key": "a"},
                     "serviceAccountRef": {"name": "web", "namespace": "web"}}}),
]  # fmt: skip


def paths(value, path=()):
    """Where values stand within a value."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, part in members:
        yield (*path, step)
        yield from paths(part, (*path, step))


def with_value(document, path, value) -> dict:
    changed = deepcopy(document)
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return changed


SCALARS = st.sampled_from([None, True, False, 0, -1, 2, 1.5, 10**20, "", "abc", "5", "-5%", "²", "1.1.1"])
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
)
CHANGES = [(number, path) for number, each in enumerate(OBJECTS) for path in paths(each)]


@settings(max_examples=150)
@given(st.sampled_from(CHANGES), ANYTHING)
def test_a_value_of_any_kind_is_judged_or_refused_with_a_message(change, value) -> None:
    number, path = change
    changed = [with_value(each, path, value) if each is OBJECTS[number] else each for each in OBJECTS]
    together = cluster(*changed, bringing=[(release(), [changed[number]])])
    for check in CHECKS:
        with suppress(ChartsError):
            list(check(together))
