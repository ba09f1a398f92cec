"""Runs on a cluster in place of this machine: the functions stay here, a real Kubernetes with Argo runs attempts."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import boto3
from kubernetes.client import ApiClient, CoreV1Api, CustomObjectsApi
from kubernetes.config import new_client_from_config

from quantos.environment.namespaces import job_namespace
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.environment.settings.pools import node_labels
from quantos.errors import OrchestrationError
from quantos.orchestration.adapters.dynamo_rows import DynamoRows
from quantos.orchestration.adapters.kubernetes_runs import GROUP, PLURAL, VERSION, KubernetesRuns, PoolNodes
from quantos.orchestration.adapters.kubernetes_watch import Watched
from quantos.orchestration.adapters.row_ledger import RowLedger
from quantos.orchestration.adapters.s3_objects import S3Objects, S3Specs
from quantos.orchestration.adapters.workspace_archive import WorkspaceArchive
from quantos.orchestration.cluster import names
from quantos.orchestration.cluster.watching import Watcher
from quantos.orchestration.cluster.workflow import ClusterSettings
from quantos.orchestration.execution.classify import End
from quantos.orchestration.protocol.ports import Sender
from quantos.orchestration.protocol.rows import AttemptKey, Submission

SERVICE_ACCOUNT: Final = "runs"


@dataclass(frozen=True, kw_only=True)
class ClusterPlace:
    """A cluster that runs of a sandbox run on.

    Attributes:
        kubeconfig: by which this process reaches it.
        team: whose runs are watched.
        images: what each image of a DAG is called there.
        runner: the image of what runs attempts.
        variables: what pods are told: where they reach the sandbox's AWS, and its keys.
    """

    kubeconfig: Path
    team: str
    images: Mapping[str, str]
    runner: str
    variables: Mapping[str, str]


@contextmanager
def watching(settings: EnvironmentSettings, place: ClusterPlace, *, sender: Sender) -> Iterator[Watcher]:
    """Watch the runs of a team until the block ends. Raises OrchestrationError where the cluster cannot be reached."""
    bucket = settings.names().bucket("artifacts")
    store = boto3.client("s3", settings.region)
    rows = DynamoRows(client=boto3.client("dynamodb", settings.region), table=settings.names().orchestration_table)
    with new_client_from_config(str(place.kubeconfig)) as client, TemporaryDirectory() as scratch:
        nothing = Path(scratch) / "nothing"
        nothing.touch()
        cluster = _runs(settings, place, client=client, specs=S3Specs(S3Objects(store, bucket)))
        archive = WorkspaceArchive(store, bucket)

        def finish(attempt: AttemptKey, end: End) -> None:
            archive.finish_log(str(attempt), log=nothing, end=end)

        for watched in (cluster.pods, cluster.made):
            watched.start()
        try:
            yield Watcher(cluster, RowLedger(rows), sender, finish)
        finally:
            for watched in (cluster.pods, cluster.made):
                watched.stop()


def _runs(settings: EnvironmentSettings, place: ClusterPlace, *, client: ApiClient, specs: S3Specs) -> KubernetesRuns:
    namespace = job_namespace(place.team)
    listed = CustomObjectsApi(client).list_namespaced_custom_object
    return KubernetesRuns(
        client=client,
        specs=specs,
        settings=partial(_cluster_settings, place),
        pools={name: PoolNodes(labels=node_labels(name, pool)) for name, pool in settings.pools.items()},
        pinned=partial(_pinned, place.images),
        pods=Watched(client, CoreV1Api(client).list_namespaced_pod, (namespace,), "pods", names.RUN),
        made=Watched(client, listed, (GROUP, VERSION, namespace, PLURAL), "Workflows", names.RUN),
    )


def _cluster_settings(place: ClusterPlace, submission: Submission) -> ClusterSettings:
    return ClusterSettings(
        namespace=job_namespace(submission.run.team),
        service_account=SERVICE_ACCOUNT,
        image=place.runner,
        variables=place.variables,
    )


def _pinned(images: Mapping[str, str], image: str) -> str:
    if image not in images:
        raise OrchestrationError(
            f"the cluster has no image for {image}; it has {', '.join(images) or 'none'}",
            remedy="load one, and name it",
        )
    return images[image]
