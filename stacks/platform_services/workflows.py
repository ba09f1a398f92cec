"""What runs jobs as steps, and what events may start them."""

import pulumi

from components.kubernetes.cluster.ebs_csi import DEFAULT_CLASS
from components.kubernetes.data.database_users import DatabaseUsers
from components.kubernetes.events.argo_events import ArgoEvents, ArgoEventsArgs
from components.kubernetes.workflows.argo_workflows import Archive, ArgoWorkflows, ArgoWorkflowsArgs, SingleSignOn
from quantos.environment.conventions import POSTGRES_PORT
from quantos.environment.namespaces import job_namespace
from stacks.platform_services.context import PlatformContext

EVENT_BUS_GIB = 10


def declare(place: PlatformContext, users: DatabaseUsers) -> list[pulumi.Resource]:
    """Declare the workflow engine, whose archive is among `users`, and the event bus."""
    settings, names = place.settings, place.settings.names()
    namespaces = [job_namespace(team) for team in settings.platform.teams]
    sign_on = settings.platform.sign_on
    workflows = ArgoWorkflows(
        "argo-workflows",
        ArgoWorkflowsArgs(
            namespace="argo",
            job_namespaces=namespaces,
            cluster_name=names.cluster,
            region=settings.region,
            role_prefix=names.prefix,
            artifacts_bucket=names.bucket("artifacts"),
            kms_key_arn=place.output("data_key_arn"),
            archive=Archive(
                host=place.output("database_endpoint"),
                port=POSTGRES_PORT,
                database="argo",
                secret=names.secret("services/argo"),
            ),
            retention_days=settings.platform.retention_days,
            address=f"workflows.{settings.platform.domain}",
            sign_on=None
            if sign_on is None
            else SingleSignOn(issuer=sign_on.issuer, secret=names.secret("services/sign-on")),
            replicas=settings.platform.replicas,
            tags=settings.tags(),
        ),
        place.inside("argo", *namespaces, after=(users,)),
    )
    return [workflows, _events(place)]


def _events(place: PlatformContext) -> ArgoEvents:
    return ArgoEvents(
        "argo-events",
        ArgoEventsArgs(
            namespace="argo-events",
            storage_class=DEFAULT_CLASS,
            storage_gib=EVENT_BUS_GIB,
            replicas=place.settings.platform.replicas,
        ),
        place.inside("argo-events"),
    )
