"""The Arrow Flight gateway: tables of the lake as streams, for jobs and notebooks."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.aws.eks.pod_identity import with_role
from components.aws.iam.statements import Statement
from components.kubernetes.base.workload import Workload, WorkloadArgs

NAME = "flight-gateway"
PORT = 8815
METRICS_PORT = 9102


@dataclass(frozen=True, kw_only=True)
class FlightGatewayArgs:
    """Reads the lake's bucket and its Glue catalog; writes nothing."""

    namespace: str
    cluster_name: str
    account_id: str
    region: str
    image: pulumi.Input[str]
    replicas: int
    bucket_name: str
    catalog_database: str
    kms_key_arn: pulumi.Input[str]
    role_name: str
    labels: Mapping[str, str]
    tags: Mapping[str, str]


class FlightGateway(pulumi.ComponentResource):
    """The gateway, reading as a role of its own.

    Outputs: `address` of the Service.

    Guarded by the security pack, since its objects are plain, and in the cluster by Pod Security `restricted`.
    """

    address: pulumi.Output[str]

    def __init__(self, name: str, args: FlightGatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/data:FlightGateway", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        may = pulumi.Output.from_input(args.kms_key_arn).apply(lambda key: statements(args, key))
        as_role = with_role(name, args, service_account=NAME, statements=may, opts=child)
        workload = Workload(
            name,
            WorkloadArgs(
                namespace=args.namespace,
                service_name=NAME,
                image=args.image,
                ports={"flight": PORT, "metrics": METRICS_PORT},
                probe_port="flight",
                probe_http=False,
                replicas=args.replicas,
                cpu="500m",
                memory="2Gi",
                labels=args.labels,
                variables={
                    "FLIGHT_BUCKET": args.bucket_name,
                    "FLIGHT_CATALOG_DATABASE": args.catalog_database,
                    "AWS_REGION": args.region,
                },
            ),
            opts=as_role,
        )
        self.address = workload.address
        self.register_outputs({"address": self.address})


def statements(args: FlightGatewayArgs, kms_key_arn: str) -> tuple[Statement, ...]:
    """What the gateway may do: read."""
    bucket = f"arn:aws:s3:::{args.bucket_name}"
    glue = f"arn:aws:glue:{args.region}:{args.account_id}"
    database = args.catalog_database
    return (
        Statement(sid="Objects", actions=["s3:GetObject"], resources=[f"{bucket}/*"]),
        Statement(sid="List", actions=["s3:ListBucket", "s3:GetBucketLocation"], resources=[bucket]),
        Statement(sid="Key", actions=["kms:Decrypt"], resources=[kms_key_arn]),
        Statement(
            sid="Catalog",
            actions=["glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:GetPartitions"],
            resources=[f"{glue}:catalog", f"{glue}:database/{database}", f"{glue}:table/{database}/*"],
        ),
    )
