"""Argo Workflows: the jobs that are submitted, as steps that wait for each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.aws.eks.pod_identity import PodIdentity, PodIdentityArgs
from components.aws.iam.statements import Statement
from components.kubernetes.base.charts import ARGO_WORKFLOWS
from components.kubernetes.base.external_secret import external_secret
from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, POD_SECURITY_CONTEXT, resources
from components.kubernetes.base.layout import survives_drain, zone_spread
from components.kubernetes.base.release import release
from components.kubernetes.workflows.argo_server_rights import ServerRights, ServerRightsArgs
from quantos.contracts.artifacts import MODELS, REPORTS, WORKFLOWS
from quantos.units import DAY_SECONDS

SERVER_ACCOUNT = "argo-workflows-server"
JOB_ACCOUNT = "argo-workflow"
ARCHIVE_LOGIN = "argo-archive"
SIGN_ON_CLIENT = "argo-server-sso"
KEY_FORMAT = f"{WORKFLOWS}{{{{workflow.namespace}}}}/{{{{workflow.name}}}}/{{{{pod.name}}}}"
LOST_TO_THE_NODE = 'lastRetry.status == "Error" || asInt(lastRetry.exitCode) in [-1, 137, 143]'
"""A step is tried again when its pod was lost, killed or told to stop, and never when its own program failed."""


@dataclass(frozen=True, kw_only=True)
class SingleSignOn:
    """`secret` is a secret of AWS Secrets Manager with the properties `client-id` and `client-secret`."""

    issuer: str
    secret: str


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A Postgres database; `secret`, of AWS Secrets Manager, has the properties `username` and `password`."""

    host: pulumi.Input[str]
    port: pulumi.Input[int]
    database: str
    secret: str


@dataclass(frozen=True, kw_only=True)
class ArgoWorkflowsArgs:
    """`job_namespaces` are those in which workflows run.

    Files between steps are kept in `artifacts_bucket` under `kms_key_arn`; a finished workflow leaves the cluster
    after a day and the archive after `retention_days`. `address` is where people reach the server.
    """

    namespace: str
    job_namespaces: Sequence[str]
    cluster_name: pulumi.Input[str]
    region: str
    role_prefix: str
    artifacts_bucket: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]
    archive: Archive
    retention_days: int
    address: str
    sign_on: SingleSignOn | None
    replicas: int
    tags: Mapping[str, str]


class ArgoWorkflows(pulumi.ComponentResource):
    """The controller and the server, and in each namespace of jobs an account that only its steps take.

    Outputs: `ready`, known once the release stands.

    Guarded by the chart check and, in the cluster, by Pod Security `restricted`; the roles of its accounts by the
    security pack.
    """

    ready: pulumi.Output[str]

    def __init__(self, name: str, args: ArgoWorkflowsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/workflows:ArgoWorkflows", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        needed = [*self._secrets(name, args), *self._rights(name, args)]
        installed = release(
            name,
            ARGO_WORKFLOWS,
            namespace=args.namespace,
            values=values(args),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=needed)),
        )
        self.ready = installed.id
        self.register_outputs({"ready": self.ready})

    def _secrets(self, name: str, args: ArgoWorkflowsArgs) -> list[pulumi.Resource]:
        """Copies of the logins that the server and the controller take."""
        logins = {"archive": (ARCHIVE_LOGIN, args.archive.secret, ("username", "password"))}
        if args.sign_on is not None:
            logins["sign-on"] = (SIGN_ON_CLIENT, args.sign_on.secret, ("client-id", "client-secret"))
        return [
            external_secret(
                f"{name}-{key}",
                namespace=args.namespace,
                secret_name=copy,
                keys={part: (secret, part) for part in parts},
                opts=pulumi.ResourceOptions(parent=self),
            )
            for key, (copy, secret, parts) in logins.items()
        ]

    def _rights(self, name: str, args: ArgoWorkflowsArgs) -> list[pulumi.Resource]:
        """What the server may do in the cluster, and everybody on AWS."""
        server = ServerRightsArgs(
            namespace=args.namespace,
            account=SERVER_ACCOUNT,
            secrets=() if args.sign_on is not None else (ARCHIVE_LOGIN,),
        )
        return [
            ServerRights(f"{name}-server", server, pulumi.ResourceOptions(parent=self)),
            *(
                self._identity(f"{name}-{namespace}", args, namespace=namespace, account=account)
                for namespace, account in accounts(args).items()
            ),
        ]

    def _identity(self, name: str, args: ArgoWorkflowsArgs, *, namespace: str, account: str) -> PodIdentity:
        own = namespace != args.namespace
        return PodIdentity(
            name,
            PodIdentityArgs(
                role_name=f"{args.role_prefix}-argo-{namespace}",
                cluster_name=args.cluster_name,
                namespace=namespace,
                service_account=account,
                statements=pulumi.Output.all(args.artifacts_bucket, args.kms_key_arn).apply(
                    lambda known: artifact_statements(known[0], known[1], namespace=namespace if own else None)
                ),
                tags=args.tags,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )


def accounts(args: ArgoWorkflowsArgs) -> dict[str, str]:
    """The service account that reaches the artifacts, by namespace."""
    return {args.namespace: SERVER_ACCOUNT, **dict.fromkeys(args.job_namespaces, JOB_ACCOUNT)}


def artifact_statements(bucket: str, kms_key_arn: str, *, namespace: str | None) -> list[Statement]:
    """What a job of `namespace` may do: its own files, and models and reports, none of which it can delete.

    None is the server, which shows the files of every workflow and writes none.
    """
    own = WORKFLOWS if namespace is None else f"{WORKFLOWS}{namespace}/"
    keys = tuple(f"{prefix}*" for prefix in ((own,) if namespace is None else (own, MODELS, REPORTS)))
    objects = [f"arn:aws:s3:::{bucket}/{key}" for key in keys]
    writing = ("s3:PutObject", "s3:AbortMultipartUpload")
    kms = ("kms:Decrypt",) if namespace is None else ("kms:Decrypt", "kms:GenerateDataKey")
    return [
        Statement(
            sid="FindFiles",
            actions=("s3:ListBucket",),
            resources=(f"arn:aws:s3:::{bucket}",),
            conditions={"StringLike": {"s3:prefix": list(keys)}},
        ),
        Statement(
            sid="UseFiles",
            actions=("s3:GetObject",) if namespace is None else ("s3:GetObject", *writing),
            resources=objects,
        ),
        Statement(sid="UseKey", actions=kms, resources=(kms_key_arn,)),
    ]


def values(args: ArgoWorkflowsArgs) -> dict[str, object]:
    """Values of the chart."""
    return {
        "crds": {"install": True, "keep": True, "full": False},
        "workflow": {
            "serviceAccount": {"create": True, "name": JOB_ACCOUNT},
            "rbac": {"create": True, "artifactGC": False},
        },
        "controller": _controller(args),
        "mainContainer": {"securityContext": CONTAINER_SECURITY_CONTEXT},
        "executor": {
            "securityContext": CONTAINER_SECURITY_CONTEXT,
            "resources": resources(cpu="50m", memory="64Mi", memory_limit="256Mi"),
        },
        "server": _server(args),
        "artifactRepository": {
            "archiveLogs": True,
            "s3": {
                "bucket": args.artifacts_bucket,
                "endpoint": f"s3.{args.region}.amazonaws.com",
                "region": args.region,
                "keyFormat": KEY_FORMAT,
                "insecure": False,
                "useSDKCreds": True,
                "encryptionOptions": {"enableEncryption": True, "kmsKeyId": args.kms_key_arn},
            },
        },
    }


def _controller(args: ArgoWorkflowsArgs) -> dict[str, object]:
    return {
        **_replicated("workflow-controller", args.replicas),
        "workflowNamespaces": list(args.job_namespaces),
        "workflowDefaults": {"spec": workflow_defaults()},
        "persistence": {
            "archive": True,
            "archiveTTL": f"{args.retention_days}d",
            "nodeStatusOffLoad": True,
            "connectionPool": {"maxIdleConns": 10, "maxOpenConns": 20},
            "postgresql": {
                "host": args.archive.host,
                "port": args.archive.port,
                "database": args.archive.database,
                "tableName": "argo_workflows",
                "ssl": True,
                "sslMode": "require",
                "userNameSecret": {"name": ARCHIVE_LOGIN, "key": "username"},
                "passwordSecret": {"name": ARCHIVE_LOGIN, "key": "password"},
            },
        },
        "retentionPolicy": {"completed": 200, "failed": 200, "errored": 200},
        "metricsConfig": {"enabled": True},
        "serviceMonitor": {"enabled": True},
        "resources": resources(cpu="250m", memory="512Mi", memory_limit="2Gi"),
    }


def _server(args: ArgoWorkflowsArgs) -> dict[str, object]:
    signed_on = args.sign_on is not None
    return {
        **_replicated("server", args.replicas),
        "secure": True,
        "authModes": ["client", "sso"] if signed_on else ["client"],
        "serviceAccount": {"create": True, "name": SERVER_ACCOUNT},
        # Its own: `ServerRights`.
        "rbac": {"create": False},
        "resources": resources(cpu="100m", memory="256Mi", memory_limit="1Gi"),
        **({"sso": _sign_on(args.sign_on, address=args.address)} if args.sign_on is not None else {}),
    }


def _sign_on(sign_on: SingleSignOn, *, address: str) -> dict[str, object]:
    return {
        "enabled": True,
        "issuer": sign_on.issuer,
        "clientId": {"name": SIGN_ON_CLIENT, "key": "client-id"},
        "clientSecret": {"name": SIGN_ON_CLIENT, "key": "client-secret"},
        "redirectUrl": f"https://{address}/oauth2/callback",
        "scopes": ["groups", "email"],
        "rbac": {"enabled": True},
    }


def _replicated(component: str, replicas: int) -> dict[str, object]:
    labels = {"app.kubernetes.io/instance": ARGO_WORKFLOWS.name, "app.kubernetes.io/component": component}
    return {
        "replicas": replicas,
        "pdb": {"enabled": survives_drain(replicas), "minAvailable": 1},
        "topologySpreadConstraints": zone_spread(labels),
        "podSecurityContext": POD_SECURITY_CONTEXT,
        "securityContext": CONTAINER_SECURITY_CONTEXT,
    }


def workflow_defaults() -> dict[str, object]:
    """What holds for every workflow that does not state it itself, as a workflow's specification."""
    return {
        "serviceAccountName": JOB_ACCOUNT,
        "securityContext": POD_SECURITY_CONTEXT,
        "activeDeadlineSeconds": DAY_SECONDS,
        "ttlStrategy": {"secondsAfterCompletion": DAY_SECONDS},
        "podGC": {"strategy": "OnPodCompletion", "deleteDelayDuration": "10m"},
        "archiveLogs": True,
        "retryStrategy": {
            "limit": "3",
            "retryPolicy": "Always",
            "expression": LOST_TO_THE_NODE,
            "backoff": {"duration": "10s", "factor": "3", "maxDuration": "10m"},
        },
    }
