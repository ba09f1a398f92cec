"""Harbor: the firm's own images and charts, scanned, with their layers in S3 and their records in Postgres."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components.aws.eks.pod_identity import PodIdentity, PodIdentityArgs
from components.aws.iam.statements import Statement
from components.kubernetes.base.charts import HARBOR
from components.kubernetes.base.external_secret import external_secret
from components.kubernetes.base.hardening import resources
from components.kubernetes.base.layout import survives_drain, zone_spread
from components.kubernetes.base.release import release

NAME: Final = "harbor"
REGISTRY_ACCOUNT: Final = "harbor-registry"
CREDENTIALS: Final = "harbor-credentials"
TOKEN_CERTIFICATE: Final = "harbor-token"  # noqa: S105 - the name of a Kubernetes secret
INTERNAL_CERTIFICATE: Final = "harbor-internal-tls"
FOLDER: Final = "harbor"
CERTIFICATE_KEYS: Final = ("ca.crt", "tls.crt", "tls.key")
TLS_PARTS: Final = ("core", "jobservice", "registry", "portal", "trivy")
PROPERTIES: Final[Mapping[str, str]] = {
    "HARBOR_ADMIN_PASSWORD": "admin-password",
    "secretKey": "secret-key",
    "secret": "core-secret",
    "CSRF_KEY": "csrf-key",
    "JOBSERVICE_SECRET": "jobservice-secret",
    "REGISTRY_HTTP_SECRET": "registry-http-secret",
    "REGISTRY_PASSWD": "registry-password",
    "REGISTRY_HTPASSWD": "registry-htpasswd",
    "password": "password",
}
"""Properties of the remote secret by the key under which the chart looks for each."""


@dataclass(frozen=True, kw_only=True)
class HarborArgs:
    """Where Harbor keeps things, and under which name it is reached.

    `secret` is a secret of Secrets Manager with all of `PROPERTIES`; `token_secret` has tls.crt and tls.key, by which
    tokens are signed; `tls_secret` ca.crt, tls.crt and tls.key for `harbor-<part>`. `scan_database` is where the
    vulnerability database is pulled from, since nothing here reaches the internet.
    """

    namespace: str
    cluster_name: str
    region: str
    role_name: str
    host: str
    ingress_class: pulumi.Input[str]
    bucket_name: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]
    database_host: pulumi.Input[str]
    database_port: str
    database_user: str
    secret: str
    token_secret: str
    tls_secret: str
    scan_database: str
    storage_class: str
    replicas: int
    tags: Mapping[str, str]


class Harbor(pulumi.ComponentResource):
    """The registry, its portal, its scanner and one Redis, which loses no more than caches and queued jobs.

    Every secret is copied from Secrets Manager: the chart would make new ones at each render.

    Outputs: `url`, known once the release stands.

    Guarded by the chart check and, in the cluster, by Pod Security `restricted`; its role and its secrets' copies by
    the security pack. Its images write to their root, so that is not read-only: environment files exempt it
    for a time, and admission lists it.
    """

    url: pulumi.Output[str]

    def __init__(self, name: str, args: HarborArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/registries:Harbor", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        identity = PodIdentity(
            name,
            PodIdentityArgs(
                role_name=args.role_name,
                cluster_name=args.cluster_name,
                namespace=args.namespace,
                service_account=REGISTRY_ACCOUNT,
                statements=pulumi.Output.all(args.bucket_name, args.kms_key_arn).apply(
                    lambda known: statements(str(known[0]), kms_key_arn=str(known[1]))
                ),
                tags=args.tags,
            ),
            opts=child,
        )
        account = k8s.core.v1.ServiceAccount(
            f"{name}-registry",
            metadata={"name": REGISTRY_ACCOUNT, "namespace": args.namespace},
            automount_service_account_token=False,
            opts=child,
        )
        needs = [identity, account, *_secrets(name, args, opts=child)]
        installed = release(
            name,
            HARBOR,
            namespace=args.namespace,
            values=values(args),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=needs)),
        )
        self.url = installed.id.apply(lambda _: f"https://{args.host}")
        self.register_outputs({"url": self.url})


def _secrets(name: str, args: HarborArgs, *, opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
    copies = {
        CREDENTIALS: {key: (args.secret, part) for key, part in PROPERTIES.items()},
        TOKEN_CERTIFICATE: {key: (args.token_secret, key) for key in ("tls.crt", "tls.key")},
        INTERNAL_CERTIFICATE: {key: (args.tls_secret, key) for key in CERTIFICATE_KEYS},
    }
    return [
        external_secret(
            f"{name}-{copy.removeprefix(f'{NAME}-')}",
            namespace=args.namespace,
            secret_name=copy,
            keys=keys,
            opts=opts,
        )
        for copy, keys in copies.items()
    ]


def statements(bucket: str, *, kms_key_arn: str) -> tuple[Statement, ...]:
    """What the registry may do: everything with its own folder of the bucket, and nothing with the rest."""
    arn = f"arn:aws:s3:::{bucket}"
    return (
        Statement(
            sid="FindLayers",
            actions=("s3:ListBucket", "s3:ListBucketMultipartUploads"),
            resources=(arn,),
            conditions={"StringLike": {"s3:prefix": [FOLDER, f"{FOLDER}/*"]}},
        ),
        Statement(sid="FindBucket", actions=("s3:GetBucketLocation",), resources=(arn,)),
        Statement(
            sid="KeepLayers",
            actions=(
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:GetObject",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
            ),
            resources=(f"{arn}/{FOLDER}/*",),
        ),
        Statement(
            sid="UseKey", actions=("kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"), resources=(kms_key_arn,)
        ),
    )


def values(args: HarborArgs) -> dict[str, object]:
    """Values of the chart."""
    return {
        "externalURL": f"https://{args.host}",
        "expose": _expose(args),
        "internalTLS": {
            "enabled": True,
            "strong_ssl_ciphers": True,
            "certSource": "secret",
            **{part: {"secretName": INTERNAL_CERTIFICATE} for part in TLS_PARTS},
        },
        "ipFamily": {"ipv6": {"enabled": False}},
        "persistence": _persistence(args),
        "existingSecretAdminPassword": CREDENTIALS,
        "existingSecretSecretKey": CREDENTIALS,
        "metrics": {"enabled": True, "serviceMonitor": {"enabled": True}},
        "database": {
            "type": "external",
            "external": {
                "host": args.database_host,
                "port": args.database_port,
                "username": args.database_user,
                "coreDatabase": args.database_user,
                "existingSecret": CREDENTIALS,
                "sslmode": "require",
            },
            "maxIdleConns": 10,
            "maxOpenConns": 50,
        },
        "redis": {"type": "internal", "internal": {"resources": resources(cpu="50m", memory="256Mi")}},
        **_parts(args),
    }


def _expose(args: HarborArgs) -> dict[str, object]:
    """By a load balancer of the VPC, with the certificate of its class, and from there to pods by TLS too."""
    annotations = {
        "alb.ingress.kubernetes.io/listen-ports": '[{"HTTPS":443}]',
        "alb.ingress.kubernetes.io/backend-protocol": "HTTPS",
        "alb.ingress.kubernetes.io/healthcheck-protocol": "HTTPS",
        "alb.ingress.kubernetes.io/success-codes": "200-404",
    }
    return {
        "type": "ingress",
        "tls": {"enabled": True, "certSource": "none"},
        "ingress": {"className": args.ingress_class, "hosts": {"core": args.host}, "annotations": annotations},
    }


def _persistence(args: HarborArgs) -> dict[str, object]:
    disk = {"storageClass": args.storage_class}
    return {
        "enabled": True,
        "persistentVolumeClaim": {"redis": disk, "trivy": disk},
        "imageChartStorage": {
            "type": "s3",
            # Clients get layers from Harbor and need no way to the bucket.
            "disableredirect": True,
            "s3": {
                "region": args.region,
                "bucket": args.bucket_name,
                "rootdirectory": f"/{FOLDER}",
                "encrypt": True,
                "keyid": args.kms_key_arn,
                "secure": True,
            },
        },
    }


def _parts(args: HarborArgs) -> dict[str, object]:
    small = resources(cpu="50m", memory="128Mi", memory_limit="512Mi")
    large = resources(cpu="200m", memory="512Mi", memory_limit="2Gi")
    return {
        "portal": {**_replicated(args, "portal"), "resources": small},
        "core": {
            **_replicated(args, "core"),
            "resources": large,
            "existingSecret": CREDENTIALS,
            "existingXsrfSecret": CREDENTIALS,
            "secretName": TOKEN_CERTIFICATE,
        },
        "jobservice": {
            **_replicated(args, "jobservice"),
            "resources": large,
            "existingSecret": CREDENTIALS,
            # A file would be on a disk of one node, and there may be several of these.
            "jobLoggers": ["database"],
        },
        "registry": {
            **_replicated(args, "registry"),
            "serviceAccountName": REGISTRY_ACCOUNT,
            "registry": {"resources": large},
            "controller": {"resources": small},
            "existingSecret": CREDENTIALS,
            "credentials": {"existingSecret": CREDENTIALS},
        },
        "trivy": {
            **_replicated(args, "trivy"),
            "enabled": True,
            "resources": large,
            "dbRepository": [f"{args.scan_database}/trivy-db"],
            "javaDBRepository": [f"{args.scan_database}/trivy-java-db"],
        },
        "exporter": {**_replicated(args, "exporter"), "resources": small},
    }


def _replicated(args: HarborArgs, component: str) -> dict[str, object]:
    return {
        "replicas": args.replicas,
        "podDisruptionBudget": {"enabled": survives_drain(args.replicas), "minAvailable": 1},
        "topologySpreadConstraints": zone_spread({"app": NAME, "component": component}),
        "automountServiceAccountToken": False,
    }
