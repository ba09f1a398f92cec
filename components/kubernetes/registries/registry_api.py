"""The registry API: plugins, models and strategies, kept in Postgres and in the artifacts bucket."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.aws.eks.pod_identity import with_role
from components.aws.iam.statements import Statement
from components.kubernetes.base.object_store import object_store_statements
from components.kubernetes.base.workload import Workload, WorkloadArgs

NAME = "registry-api"
PORT = 8080
METRICS_PORT = 9102
DATABASE_USER = "registry"


@dataclass(frozen=True, kw_only=True)
class RegistryApiArgs:
    """The database user logs in by IAM: there is no password. `database_resource_id` is RDS's own, `db-…`."""

    namespace: str
    cluster_name: str
    account_id: str
    region: str
    image: pulumi.Input[str]
    replicas: int
    database_host: pulumi.Input[str]
    database_resource_id: pulumi.Input[str]
    bucket_name: str
    kms_key_arn: pulumi.Input[str]
    role_name: str
    labels: Mapping[str, str]
    tags: Mapping[str, str]


class RegistryApi(pulumi.ComponentResource):
    """The API over Postgres by IAM and over the artifacts bucket.

    Outputs: `address` of the Service.

    Guarded by the security pack, since its objects are plain, and in the cluster by Pod Security `restricted`.
    """

    address: pulumi.Output[str]

    def __init__(self, name: str, args: RegistryApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/registries:RegistryApi", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        objects = object_store_statements(args.bucket_name, prefix="", kms_key_arn=args.kms_key_arn, delete=False)
        may = pulumi.Output.all(objects=objects, resource_id=args.database_resource_id).apply(
            lambda known: [*known["objects"], connect(args, known["resource_id"])]
        )
        as_role = with_role(name, args, service_account=NAME, statements=may, opts=child)
        workload = Workload(
            name,
            WorkloadArgs(
                namespace=args.namespace,
                service_name=NAME,
                image=args.image,
                ports={"http": PORT, "metrics": METRICS_PORT},
                probe_port="http",
                probe_http=True,
                replicas=args.replicas,
                cpu="250m",
                memory="512Mi",
                labels=args.labels,
                variables={
                    "REGISTRY_DATABASE_HOST": args.database_host,
                    "REGISTRY_DATABASE_USER": DATABASE_USER,
                    "REGISTRY_ARTIFACTS_BUCKET": args.bucket_name,
                    "AWS_REGION": args.region,
                },
            ),
            opts=as_role,
        )
        self.address = workload.address
        self.register_outputs({"address": self.address})


def connect(args: RegistryApiArgs, resource_id: str) -> Statement:
    """The right to log in to Postgres as the registry's user."""
    user = f"arn:aws:rds-db:{args.region}:{args.account_id}:dbuser:{resource_id}/{DATABASE_USER}"
    return Statement(sid="Connect", actions=["rds-db:connect"], resources=[user])
