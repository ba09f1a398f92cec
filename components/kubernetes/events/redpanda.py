"""Redpanda: the bus in the cluster, where an environment wants no MSK."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.base.charts import REDPANDA
from components.kubernetes.base.external_secret import external_secret
from components.kubernetes.base.generated_secret import generated_secret
from components.kubernetes.base.hardened_pod import SECCOMP, container_resources, container_security, from_secret
from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, run_as
from components.kubernetes.base.release import release

NAME = "redpanda"
IMAGE_USER = 101
KAFKA_PORT = 9093
REPLICAS = 3
BROKER_CORES = 1
BROKER_GIB = 3
USERS = "redpanda-users"
BOOTSTRAP = "redpanda-bootstrap"
PASSWORD_KEY = "password"  # noqa: S105  the key's name
AUTHORITY = "redpanda-default-root-certificate"
MECHANISM = "SCRAM-SHA-512"
CONTAINERS = ("redpanda", "sidecar")
INIT_CONTAINERS = ("bootstrap-yaml-envsubst", "redpanda-configurator")
SECONDS_TO_MAKE_TOPICS = 300
HOUR_MS = 3_600_000
TOPICS = "redpanda-topics"
ADMINISTRATOR = "kubernetes-controller"
SCRATCH = "/tmp"  # noqa: S108  the pod's own


@dataclass(frozen=True, kw_only=True)
class RedpandaArgs:
    """`users_secret`, of AWS Secrets Manager, has the property `users`: a line `name:password:SCRAM-SHA-512` for each.

    `topic_partitions` is by topic; each keeps its records `retention_hours`. `client_image`, by digest, has `rpk`.
    """

    namespace: str
    users_secret: str
    brokers: int
    cores: int
    memory_gib: int
    storage_class: str
    volume_gib: int
    topic_partitions: Mapping[str, int]
    retention_hours: int
    client_image: str
    labels: Mapping[str, str]


class Redpanda(pulumi.ComponentResource):
    """Brokers over zones that speak TLS and take SCRAM logins alone, and the topics, which nothing else creates.

    Outputs: `bootstrap_brokers`, a `host:port` in the cluster. It is not reached from outside the cluster.

    Guarded by the chart check and, in the cluster, by Pod Security `restricted`; the Job that makes topics by the
    security pack.
    """

    bootstrap_brokers: pulumi.Output[str]

    def __init__(self, name: str, args: RedpandaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/events:Redpanda", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        needed = [
            external_secret(
                f"{name}-users",
                namespace=args.namespace,
                secret_name=USERS,
                keys={"users.txt": (args.users_secret, "users")},
                opts=child,
            ),
            generated_secret(
                f"{name}-bootstrap", namespace=args.namespace, secret_name=BOOTSTRAP, key=PASSWORD_KEY, opts=child
            ),
        ]
        installed = release(
            name,
            REDPANDA,
            namespace=args.namespace,
            values=values(args),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=needed)),
        )
        _topics(name, args, pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[installed])))
        self.bootstrap_brokers = installed.id.apply(lambda _: address(args.namespace))
        self.register_outputs({"bootstrapBrokers": self.bootstrap_brokers})


def address(namespace: str) -> str:
    """Where the brokers are found in the cluster; each then tells its own address."""
    return f"{NAME}.{namespace}.svc.cluster.local:{KAFKA_PORT}"


def values(args: RedpandaArgs) -> dict[str, object]:
    """Values of the chart. Its tuner, which wants a privileged container, is off."""
    return {
        "fullnameOverride": NAME,
        "commonLabels": dict(args.labels),
        "console": {"enabled": False},
        "external": {"enabled": False, "service": {"enabled": False}},
        "logging": {"logLevel": "info", "usageStats": {"enabled": False}},
        "monitoring": {"enabled": True},
        "auth": {"sasl": _sasl()},
        "tls": {"enabled": True},
        "resources": {
            "cpu": {"cores": args.cores},
            "memory": {"container": {"min": f"{args.memory_gib}Gi", "max": f"{args.memory_gib}Gi"}},
        },
        "storage": {
            "persistentVolume": {
                "enabled": True,
                "size": f"{args.volume_gib}Gi",
                "storageClass": args.storage_class,
            }
        },
        "statefulset": _stateful_set(args),
        "post_install_job": {"enabled": True, "podTemplate": {"spec": _pod(("post-install",), INIT_CONTAINERS[:1])}},
        "rackAwareness": {"enabled": True, "nodeAnnotation": "topology.kubernetes.io/zone"},
        "rbac": {"enabled": True, "rpkDebugBundle": False},
        "serviceAccount": {"create": True},
        "tuning": {"tune_aio_events": False},
        "config": {
            "cluster": {
                "auto_create_topics_enabled": False,
                "default_topic_replications": REPLICAS,
                "minimum_topic_replications": REPLICAS,
                "kafka_enable_authorization": True,
            }
        },
        "tests": {"enabled": False},
    }


def _sasl() -> dict[str, object]:
    """Who may log in: the users of the secret, and the administrator."""
    return {
        "enabled": True,
        "mechanism": MECHANISM,
        "secretRef": USERS,
        "users": [],
        "bootstrapUser": {
            "name": ADMINISTRATOR,
            "mechanism": MECHANISM,
            "secretKeyRef": {"name": BOOTSTRAP, "key": PASSWORD_KEY},
        },
    }


def _stateful_set(args: RedpandaArgs) -> dict[str, object]:
    return {
        "replicas": args.brokers,
        "budget": {"maxUnavailable": 1},
        "podAntiAffinity": {"type": "soft"},
        "initContainers": {"setDataDirOwnership": {"enabled": False}},
        "podTemplate": {"spec": _pod(CONTAINERS, INIT_CONTAINERS)},
    }


def _pod(containers: tuple[str, ...], init_containers: tuple[str, ...]) -> dict[str, object]:
    """Laid over the chart's own pod: containers are told apart by name."""
    return {
        "securityContext": run_as(IMAGE_USER),
        "containers": [_hardened(name) for name in containers],
        "initContainers": [_hardened(name) for name in init_containers],
    }


def _hardened(name: str) -> dict[str, object]:
    return {"name": name, "securityContext": {**CONTAINER_SECURITY_CONTEXT, "runAsUser": IMAGE_USER}}


def topic_script(args: RedpandaArgs) -> str:
    """Every topic with its partitions and how long it keeps records; one that is there already is brought to that."""
    kept = f"retention.ms={args.retention_hours * HOUR_MS}"
    lines = ["set -eu"]
    for topic, partitions in sorted(args.topic_partitions.items()):
        lines += [
            f"rpk topic describe {topic} >/dev/null 2>&1 || \\",
            f"  rpk topic create {topic} --partitions {partitions} --replicas {REPLICAS}",
            f"rpk topic alter-config {topic} --set {kept}",
        ]
    return "\n".join(lines) + "\n"


def _topics(name: str, args: RedpandaArgs, opts: pulumi.ResourceOptions) -> None:
    script = topic_script(args)
    text = k8s.core.v1.ConfigMap(
        f"{name}-topics",
        metadata=k8s.meta.v1.ObjectMetaArgs(name=TOPICS, namespace=args.namespace, labels=args.labels),
        data={"topics.sh": script},
        opts=opts,
    )
    k8s.batch.v1.Job(
        f"{name}-topics",
        metadata=k8s.meta.v1.ObjectMetaArgs(
            name=f"{TOPICS}-{hashlib.sha256(script.encode()).hexdigest()[:8]}",
            namespace=args.namespace,
            labels=args.labels,
        ),
        spec=k8s.batch.v1.JobSpecArgs(
            backoff_limit=4,
            active_deadline_seconds=SECONDS_TO_MAKE_TOPICS,
            template=k8s.core.v1.PodTemplateSpecArgs(
                metadata=k8s.meta.v1.ObjectMetaArgs(labels=args.labels), spec=_topic_pod(args)
            ),
        ),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[text])),
    )


def _topic_pod(args: RedpandaArgs) -> k8s.core.v1.PodSpecArgs:
    given = {
        "HOME": SCRATCH,
        "RPK_BROKERS": address(args.namespace),
        "RPK_USER": ADMINISTRATOR,
        "RPK_SASL_MECHANISM": MECHANISM,
        "RPK_TLS_ENABLED": "true",
        "RPK_TLS_CA": "/authority/ca.crt",
    }
    container = k8s.core.v1.ContainerArgs(
        name="rpk",
        image=args.client_image,
        command=["/bin/sh", "/topics/topics.sh"],
        env=[
            *(k8s.core.v1.EnvVarArgs(name=variable, value=value) for variable, value in given.items()),
            from_secret("RPK_PASS", secret_name=BOOTSTRAP, key=PASSWORD_KEY),
        ],
        resources=container_resources(cpu="50m", memory="128Mi"),
        security_context=container_security(),
        volume_mounts=[
            k8s.core.v1.VolumeMountArgs(name="topics", mount_path="/topics", read_only=True),
            k8s.core.v1.VolumeMountArgs(name="authority", mount_path="/authority", read_only=True),
            k8s.core.v1.VolumeMountArgs(name="scratch", mount_path=SCRATCH),
        ],
    )
    return k8s.core.v1.PodSpecArgs(
        restart_policy="OnFailure",
        automount_service_account_token=False,
        enable_service_links=False,
        security_context=k8s.core.v1.PodSecurityContextArgs(
            run_as_non_root=True, run_as_user=IMAGE_USER, run_as_group=IMAGE_USER, seccomp_profile=SECCOMP
        ),
        containers=[container],
        volumes=[
            k8s.core.v1.VolumeArgs(name="topics", config_map=k8s.core.v1.ConfigMapVolumeSourceArgs(name=TOPICS)),
            k8s.core.v1.VolumeArgs(name="authority", secret=k8s.core.v1.SecretVolumeSourceArgs(secret_name=AUTHORITY)),
            k8s.core.v1.VolumeArgs(name="scratch", empty_dir=k8s.core.v1.EmptyDirVolumeSourceArgs(size_limit="64Mi")),
        ],
    )
