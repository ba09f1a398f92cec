"""What a watcher of runs is made of: a cluster, the ledger's rows, and the archive of logs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import boto3
from kubernetes.client import ApiClient, CoreV1Api, CustomObjectsApi

from quantos.environment.namespaces import job_namespace
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.environment.settings.pools import TAINT_EFFECTS, PoolSettings, node_labels
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


@dataclass(frozen=True, kw_only=True)
class PodTerms:
    """What pods of runs are, beside what a run says.

    Attributes:
        service_account: that they run as, in each namespace of jobs.
        runner: the image of what runs attempts, by digest.
        images: what each image of a DAG is called in the cluster, by digest.
        variables: what pods are told.
    """

    service_account: str
    runner: str
    images: Mapping[str, str]
    variables: Mapping[str, str]


@contextmanager
def watching(settings: EnvironmentSettings, terms: PodTerms, *, client: ApiClient, sender: Sender) -> Iterator[Watcher]:
    """Watch the runs of all teams until the block ends. Raises OrchestrationError where no cluster answers."""
    bucket, table = settings.names().bucket("artifacts"), settings.names().orchestration_table
    store = boto3.client("s3", settings.region)
    archive = WorkspaceArchive(store, bucket)
    rows = DynamoRows(client=boto3.client("dynamodb", settings.region), table=table)
    cluster = _cluster(settings, terms, client=client, specs=S3Specs(S3Objects(store, bucket)))
    with TemporaryDirectory() as scratch:
        nothing = Path(scratch) / "nothing"
        nothing.touch()

        def finish_log(attempt: AttemptKey, end: End) -> None:
            archive.finish_log(str(attempt), log=nothing, end=end)

        watched = [*cluster.pods, *cluster.made]
        try:
            for each in watched:
                each.start()
            yield Watcher(cluster, RowLedger(rows), sender, finish_log)
        finally:
            for each in watched:
                each.stop()


def _cluster(settings: EnvironmentSettings, terms: PodTerms, *, client: ApiClient, specs: S3Specs) -> KubernetesRuns:
    namespaces = [job_namespace(team) for team in settings.platform.teams]
    pods, workflows = CoreV1Api(client).list_namespaced_pod, CustomObjectsApi(client).list_namespaced_custom_object
    return KubernetesRuns(
        client=client,
        specs=specs,
        settings=partial(_pod_settings, terms),
        pools={name: _pool_nodes(name, pool) for name, pool in settings.pools.items()},
        pinned=partial(_pinned, terms.images),
        pods=[Watched(client, pods, (namespace,), "pods", names.RUN) for namespace in namespaces],
        made=[
            Watched(client, workflows, (GROUP, VERSION, namespace, PLURAL), "Workflows", names.RUN)
            for namespace in namespaces
        ],
    )


def _pool_nodes(name: str, pool: PoolSettings) -> PoolNodes:
    return PoolNodes(
        labels=node_labels(name, pool),
        tolerations=tuple(
            {"key": taint.key, "operator": "Equal", "value": taint.value, "effect": TAINT_EFFECTS[taint.effect]}
            for taint in pool.taints
        ),
    )


def _pod_settings(terms: PodTerms, submission: Submission) -> ClusterSettings:
    return ClusterSettings(
        namespace=job_namespace(submission.run.team),
        service_account=terms.service_account,
        image=terms.runner,
        variables=terms.variables,
    )


def _pinned(images: Mapping[str, str], image: str) -> str:
    if image not in images:
        raise OrchestrationError(
            f"the cluster has no image for {image}; it has {', '.join(images) or 'none'}",
            remedy="push one, and name its digest in the environment file",
        )
    return images[image]
