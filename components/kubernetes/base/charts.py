"""The charts of the platform's services, each pinned: the one place where a version is raised."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart of a Helm repository, or of a registry of packed charts where `repository` begins with `oci://`."""

    name: str
    version: str
    repository: str


ARGO_EVENTS = Chart(name="argo-events", version="2.4.22", repository="https://argoproj.github.io/argo-helm")
ARGO_WORKFLOWS = Chart(name="argo-workflows", version="1.0.18", repository="https://argoproj.github.io/argo-helm")
KEDA = Chart(name="keda", version="2.20.2", repository="https://kedacore.github.io/charts")

_PROMETHEUS = "https://prometheus-community.github.io/helm-charts"
_GRAFANA = "https://grafana-community.github.io/helm-charts"

KUBE_PROMETHEUS_STACK = Chart(name="kube-prometheus-stack", version="88.5.3", repository=_PROMETHEUS)
LOKI = Chart(name="loki", version="18.11.0", repository=_GRAFANA)
TEMPO = Chart(name="tempo", version="2.2.4", repository=_GRAFANA)
OPENTELEMETRY_COLLECTOR = Chart(
    name="opentelemetry-collector",
    version="0.170.0",
    repository="https://open-telemetry.github.io/opentelemetry-helm-charts",
)
OPENCOST = Chart(name="opencost", version="2.5.17", repository="https://opencost.github.io/opencost-helm-chart")
MARQUEZ = Chart(name="marquez", version="0.51.1", repository="https://marquezproject.github.io/marquez")
CLICKHOUSE_OPERATOR = Chart(
    name="altinity-clickhouse-operator",
    version="0.27.0",
    repository="https://docs.altinity.com/clickhouse-operator",
)
KUEUE = Chart(name="kueue", version="0.19.2", repository="oci://registry.k8s.io/kueue/charts")
AWS_EBS_CSI_DRIVER = Chart(
    name="aws-ebs-csi-driver", version="2.64.0", repository="https://kubernetes-sigs.github.io/aws-ebs-csi-driver"
)
AWS_LOAD_BALANCER_CONTROLLER = Chart(
    name="aws-load-balancer-controller", version="3.5.0", repository="https://aws.github.io/eks-charts"
)
CERT_MANAGER = Chart(name="cert-manager", version="v1.21.1", repository="https://charts.jetstack.io")
CLUSTER_AUTOSCALER = Chart(
    name="cluster-autoscaler", version="9.59.0", repository="https://kubernetes.github.io/autoscaler"
)
EXTERNAL_SECRETS = Chart(name="external-secrets", version="2.9.0", repository="https://charts.external-secrets.io")
GATEKEEPER = Chart(
    name="gatekeeper", version="3.23.0", repository="https://open-policy-agent.github.io/gatekeeper/charts"
)
HARBOR = Chart(name="harbor", version="1.19.1", repository="https://helm.goharbor.io")
VAULT = Chart(name="vault", version="0.34.1", repository="https://helm.releases.hashicorp.com")

FLINK_OPERATOR = Chart(
    name="flink-kubernetes-operator",
    version="1.15.0",
    repository="https://archive.apache.org/dist/flink/flink-kubernetes-operator-1.15.0",
)
KUBERAY_OPERATOR = Chart(
    name="kuberay-operator", version="1.7.0", repository="https://ray-project.github.io/kuberay-helm"
)
SPARK_OPERATOR = Chart(name="spark-operator", version="2.5.2", repository="https://kubeflow.github.io/spark-operator")
TRINO = Chart(name="trino", version="1.42.2", repository="https://trinodb.github.io/charts")
REDPANDA = Chart(name="redpanda", version="26.2.2", repository="https://charts.redpanda.com")
MATERIALIZE_OPERATOR = Chart(
    name="materialize-operator", version="v26.37.0", repository="https://materializeinc.github.io/materialize"
)
