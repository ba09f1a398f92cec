"""Kueue: which job starts when, and on which pool, when teams want more than there is."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import yaml

from components.kubernetes.base.charts import KUEUE
from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, POD_SECURITY_CONTEXT, resources
from components.kubernetes.base.layout import survives_drain, zone_spread
from components.kubernetes.base.namespace import NAME_LABEL
from components.kubernetes.base.release import release
from components.kubernetes.scaling.job_queues import JobQueues, JobQueuesArgs, Pool, Team

IMAGE = "registry.k8s.io/kueue/kueue"
FRAMEWORKS = ("batch/job", "pod", "ray.io/raycluster", "ray.io/rayjob")
FINISHED_WORKLOADS_KEPT = "168h"
API_VERSION = "config.kueue.x-k8s.io/v1beta2"


@dataclass(frozen=True, kw_only=True)
class KueueArgs:
    """`teams` share `pools`; a team borrows at most `borrowing_share` of what the others have of a pool."""

    namespace: str
    teams: Sequence[Team]
    pools: Sequence[Pool]
    borrowing_share: float
    replicas: int


class Kueue(pulumi.ComponentResource):
    """The controller, what the pools are, and who has which part of them.

    Outputs: `ready`, known once the release stands.

    Guarded by the chart check and, in the cluster, by Pod Security `restricted`.
    """

    ready: pulumi.Output[str]

    def __init__(self, name: str, args: KueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/scaling:Kueue", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        installed = release(name, KUEUE, namespace=args.namespace, values=values(args), opts=child)
        JobQueues(
            f"{name}-queues",
            JobQueuesArgs(teams=args.teams, pools=args.pools, borrowing_share=args.borrowing_share),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[installed])),
        )
        self.ready = installed.id
        self.register_outputs({"ready": self.ready})


def values(args: KueueArgs) -> dict[str, object]:
    """Values of the chart."""
    return {
        "enablePrometheus": True,
        "enableCertManager": False,
        "enableKueueViz": False,
        "controllerManager": {
            "replicas": args.replicas,
            "podDisruptionBudget": {"enabled": survives_drain(args.replicas), "minAvailable": 1},
            "topologySpreadConstraints": zone_spread({"app.kubernetes.io/name": KUEUE.name}),
            "manager": {
                # The chart's own default is a moving tag of a staging registry.
                "image": {"repository": IMAGE, "tag": f"v{KUEUE.version}", "pullPolicy": "IfNotPresent"},
                "podSecurityContext": POD_SECURITY_CONTEXT,
                "containerSecurityContext": CONTAINER_SECURITY_CONTEXT,
                "resources": resources(cpu="500m", memory="512Mi", memory_limit="1Gi"),
            },
        },
        "managerConfig": {
            "controllerManagerConfigYaml": yaml.safe_dump(
                manager_configuration([team.namespace for team in args.teams]), sort_keys=True
            )
        },
    }


def manager_configuration(namespaces: Sequence[str]) -> dict[str, object]:
    """The controller's configuration: in `namespaces`, and nowhere else, nothing starts that no queue has let in.

    Ephemeral storage is not shared out, so that a job which asks for some is not held for ever.
    """
    return {
        "apiVersion": API_VERSION,
        "kind": "Configuration",
        "health": {"healthProbeBindAddress": ":8081"},
        "metrics": {"bindAddress": ":8443", "enableClusterQueueResources": True},
        "webhook": {"port": 9443},
        "leaderElection": {"leaderElect": True, "resourceName": "c1f6bfd2.kueue.x-k8s.io"},
        "controller": {
            "groupKindConcurrency": {
                "Job.batch": 5,
                "Pod": 5,
                "Workload.kueue.x-k8s.io": 10,
                "LocalQueue.kueue.x-k8s.io": 5,
                "ClusterQueue.kueue.x-k8s.io": 5,
                "ResourceFlavor.kueue.x-k8s.io": 1,
            }
        },
        "clientConnection": {"qps": 300, "burst": 500},
        "manageJobsWithoutQueueName": True,
        "managedJobsNamespaceSelector": {
            "matchExpressions": [{"key": NAME_LABEL, "operator": "In", "values": list(namespaces)}]
        },
        "integrations": {"frameworks": list(FRAMEWORKS)},
        "fairSharing": {"preemptionStrategies": ["LessThanOrEqualToFinalShare", "LessThanInitialShare"]},
        "resources": {"excludeResourcePrefixes": ["ephemeral-storage"]},
        "objectRetentionPolicies": {
            "workloads": {"afterFinished": FINISHED_WORKLOADS_KEPT, "afterDeactivatedByKueue": FINISHED_WORKLOADS_KEPT}
        },
    }
