"""A service of the firm's own in the cluster: a Deployment that breaks no rule, and all that goes with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.base.hardened_pod import SECCOMP, container_resources, container_security, from_secret
from components.kubernetes.base.hardening import NOBODY

NAME_LABEL = "app.kubernetes.io/name"
ZONE = "topology.kubernetes.io/zone"
SCRATCH = "/tmp"  # noqa: S108  the pod's own


@dataclass(frozen=True, kw_only=True)
class WorkloadArgs:
    """`image` is by digest. `ports` are by name, and the one called `metrics` is scraped at `/metrics`.

    `probe_port` is a name of `ports`, asked by HTTP at `/health` where `probe_http`, else by TCP. `secrets` maps a
    variable to a Kubernetes secret and its key. Pods get no token of the API server.
    """

    namespace: str
    service_name: str
    image: pulumi.Input[str]
    ports: Mapping[str, int]
    probe_port: str
    probe_http: bool
    replicas: int
    cpu: str
    memory: str
    labels: Mapping[str, str]
    variables: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    secrets: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    command: Sequence[str] = ()


class Workload(pulumi.ComponentResource):
    """Service account, Deployment over zones, Service, disruption budget and monitor.

    Outputs: `address`, `name.namespace` by which the cluster finds the Service.

    Guarded by the security pack, since its objects are plain, and in the cluster by Pod Security `restricted`.
    """

    address: pulumi.Output[str]

    def __init__(self, name: str, args: WorkloadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/base:Workload", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        account = k8s.core.v1.ServiceAccount(
            name, metadata=_metadata(args), automount_service_account_token=False, opts=child
        )
        after_account = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[account]))
        _deployment(name, args, opts=after_account)
        service = _service(name, args, opts=child)
        k8s.policy.v1.PodDisruptionBudget(
            name,
            metadata=_metadata(args),
            spec=k8s.policy.v1.PodDisruptionBudgetSpecArgs(
                max_unavailable=1,
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels={NAME_LABEL: args.service_name}),
            ),
            opts=child,
        )
        if "metrics" in args.ports:
            _monitor(name, args, opts=child)
        self.address = service.metadata.name.apply(lambda _: f"{args.service_name}.{args.namespace}")
        self.register_outputs({"address": self.address})


def _deployment(name: str, args: WorkloadArgs, *, opts: pulumi.ResourceOptions) -> None:
    k8s.apps.v1.Deployment(
        name,
        metadata=_metadata(args),
        spec=k8s.apps.v1.DeploymentSpecArgs(
            replicas=args.replicas,
            selector=k8s.meta.v1.LabelSelectorArgs(match_labels={NAME_LABEL: args.service_name}),
            strategy=k8s.apps.v1.DeploymentStrategyArgs(
                rolling_update=k8s.apps.v1.RollingUpdateDeploymentArgs(max_unavailable=0, max_surge=1)
            ),
            template=k8s.core.v1.PodTemplateSpecArgs(
                metadata=k8s.meta.v1.ObjectMetaArgs(labels=_labels(args)), spec=_pod(args)
            ),
        ),
        opts=opts,
    )


def _service(name: str, args: WorkloadArgs, *, opts: pulumi.ResourceOptions) -> k8s.core.v1.Service:
    return k8s.core.v1.Service(
        name,
        metadata=_metadata(args),
        spec=k8s.core.v1.ServiceSpecArgs(
            selector={NAME_LABEL: args.service_name},
            ports=[
                k8s.core.v1.ServicePortArgs(name=port, port=number, target_port=port)
                for port, number in args.ports.items()
            ],
        ),
        opts=opts,
    )


def _monitor(name: str, args: WorkloadArgs, *, opts: pulumi.ResourceOptions) -> None:
    k8s.apiextensions.CustomResource(
        name,
        api_version="monitoring.coreos.com/v1",
        kind="ServiceMonitor",
        metadata={"name": args.service_name, "namespace": args.namespace},
        spec={
            "selector": {"matchLabels": {NAME_LABEL: args.service_name}},
            "endpoints": [{"port": "metrics", "interval": "30s"}],
        },
        opts=opts,
    )


def _labels(args: WorkloadArgs) -> dict[str, str]:
    return {**args.labels, NAME_LABEL: args.service_name}


def _metadata(args: WorkloadArgs) -> k8s.meta.v1.ObjectMetaArgs:
    return k8s.meta.v1.ObjectMetaArgs(name=args.service_name, namespace=args.namespace, labels=_labels(args))


def _pod(args: WorkloadArgs) -> k8s.core.v1.PodSpecArgs:
    same = k8s.meta.v1.LabelSelectorArgs(match_labels={NAME_LABEL: args.service_name})
    return k8s.core.v1.PodSpecArgs(
        service_account_name=args.service_name,
        automount_service_account_token=False,
        enable_service_links=False,
        security_context=k8s.core.v1.PodSecurityContextArgs(
            run_as_non_root=True,
            run_as_user=NOBODY,
            run_as_group=NOBODY,
            fs_group=NOBODY,
            seccomp_profile=SECCOMP,
        ),
        topology_spread_constraints=[
            k8s.core.v1.TopologySpreadConstraintArgs(
                max_skew=1, topology_key=ZONE, when_unsatisfiable="ScheduleAnyway", label_selector=same
            )
        ],
        containers=[_container(args)],
        volumes=[
            k8s.core.v1.VolumeArgs(name="scratch", empty_dir=k8s.core.v1.EmptyDirVolumeSourceArgs(size_limit="256Mi"))
        ],
    )


def _container(args: WorkloadArgs) -> k8s.core.v1.ContainerArgs:
    plain = [k8s.core.v1.EnvVarArgs(name=name, value=value) for name, value in args.variables.items()]
    secret = [from_secret(name, secret_name=secret_name, key=key) for name, (secret_name, key) in args.secrets.items()]
    probe = _probe(args)
    return k8s.core.v1.ContainerArgs(
        name=args.service_name,
        image=args.image,
        command=list(args.command) or None,
        ports=[k8s.core.v1.ContainerPortArgs(name=port, container_port=number) for port, number in args.ports.items()],
        env=[*plain, *secret],
        liveness_probe=probe,
        readiness_probe=probe,
        resources=container_resources(cpu=args.cpu, memory=args.memory),
        security_context=container_security(),
        volume_mounts=[k8s.core.v1.VolumeMountArgs(name="scratch", mount_path=SCRATCH)],
    )


def _probe(args: WorkloadArgs) -> k8s.core.v1.ProbeArgs:
    if args.probe_http:
        return k8s.core.v1.ProbeArgs(http_get=k8s.core.v1.HTTPGetActionArgs(path="/health", port=args.probe_port))
    return k8s.core.v1.ProbeArgs(tcp_socket=k8s.core.v1.TCPSocketActionArgs(port=args.probe_port))
