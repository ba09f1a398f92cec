"""The `platform:` section of an environment file: the services in the cluster."""

from typing import Annotated, Final, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from quantos.environment.settings.base import CertificateArn, DnsLabel, DnsName, Settings, TagValue

S3Prefix = Annotated[str, Field(pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/([!-~]*/)?$", max_length=400)]
"""A folder of a bucket, its last character a slash."""
HttpsUrl = Annotated[str, Field(pattern=r"^https://[a-z0-9][a-z0-9.-]{0,252}(/[A-Za-z0-9._~/-]*)?$", max_length=400)]
"""Of a service on port 443, without a login."""
RepositoryName = Annotated[str, Field(max_length=40, pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]


class QuotaSettings(Settings):
    """What one share of the platform is; a namespace has as many shares as its work needs."""

    cpu: PositiveInt
    memory_gib: PositiveInt
    pods: PositiveInt
    storage_gib: PositiveInt


class BudgetSettings(Settings):
    """What a team may use on a UTC day: hours of cores, hours of GPUs, TiB read from and written to the lake."""

    cpu_hours: PositiveFloat = 500.0
    gpu_hours: NonNegativeFloat = 8.0
    io_tib: PositiveFloat = 2.0


class BurstSettings(Settings):
    """Credit for more than a day's budget: a share of what a day leaves unused is kept for some days.

    `cap_days` bounds all credit, in budgets of a day.
    """

    share: float = Field(default=0.5, ge=0, le=1)
    cap_days: NonNegativeFloat = 2.0
    expires_days: int = Field(default=14, ge=1, le=60)


class TeamSettings(Settings):
    """A team that runs jobs: `weight` is its fair share of what teams contend for.

    `statements` are the places in S3 from which its SQL may come; `urgent_subjects` may submit with high priority.
    """

    weight: PositiveInt
    cost_centre: TagValue
    budget: BudgetSettings = BudgetSettings()
    burst: BurstSettings = BurstSettings()
    statements: tuple[S3Prefix, ...] = ()
    urgent_subjects: tuple[str, ...] = ()


class RunsSettings(Settings):
    """What capacity plans take the runs that teams submit for: what an hour of a vCPU that they miss costs, and how
    important they are beside strategies, 0 to 100. By default they are to wait rarely, and give way to whatever answers
    somebody.

    `lineage` are those who are sent events of lineage beside our own store, as Marquez takes OpenLineage; `traces` is
    the collector that spans are sent to by OTLP. Functions reach port 443 of the network and nothing else.
    """

    miss_usd_per_vcpu_hour: PositiveFloat = 0.25
    priority: int = Field(default=20, ge=0, le=100)
    lineage: tuple[HttpsUrl, ...] = Field(default=(), max_length=5)
    traces: HttpsUrl | None = None


NO_RUNS_STATED: Final = RunsSettings()


class SignOnSettings(Settings):
    """Who says who somebody is: an OpenID Connect issuer. Our client's id and secret are in AWS Secrets Manager."""

    issuer: str = Field(pattern=r"^https://")


class WorkerSettings(Settings):
    """How many workers a service may have, and how large each is: cores and GiB."""

    minimum: PositiveInt
    maximum: PositiveInt
    cpu: PositiveInt
    memory_gib: PositiveInt

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} is above maximum {self.maximum}")
        return self


class InferenceSettings(Settings):
    """The pool on whose nodes models are served, and the workers that serve them."""

    pool: DnsLabel
    workers: WorkerSettings


class MaterializeSettings(Settings):
    """Materialize is under the Business Source License: whoever runs it holds a key, kept in Secrets Manager."""

    license_secret: str = Field(min_length=1)


class ConsumerSettings(Settings):
    """A Deployment in the cluster that reads topics as a group of the same name.

    It has a replica for each `lag` records that it is behind, within `minimum` and `maximum`.
    """

    namespace: DnsLabel
    topics: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")], ...] = Field(min_length=1)
    lag: PositiveInt
    minimum: NonNegativeInt
    maximum: PositiveInt

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} is above maximum {self.maximum}")
        return self


class PlatformSettings(Settings):
    """The services in the cluster.

    `domain` is the private zone they are named in, and `certificate_arn` the certificate for `*.domain` that load
    balancers show: nothing in the cluster reaches the API by which they could look for one. `replicas` is how many
    there are of each service that can be more than one. `retention_days` is how long metrics, logs and traces are
    kept, `metrics_gib` what Prometheus may fill, `analytics_gib` what one replica of ClickHouse may.
    `borrowing_share` is how much of what the others have of a pool a team may borrow. `images` are digests of the
    project's own images by repository.
    """

    domain: DnsName
    certificate_arn: CertificateArn
    replicas: int = Field(ge=1, le=5)
    retention_days: PositiveInt
    metrics_gib: PositiveInt
    analytics_gib: PositiveInt
    quota_share: QuotaSettings
    teams: dict[DnsLabel, TeamSettings] = Field(min_length=1)
    runs: RunsSettings = Field(default=NO_RUNS_STATED, exclude_if=lambda value: value == NO_RUNS_STATED)
    borrowing_share: float = Field(ge=0, le=1)
    trino: WorkerSettings
    inference: InferenceSettings
    sign_on: SignOnSettings | None = None
    consumers: dict[DnsLabel, ConsumerSettings] = {}
    materialize: MaterializeSettings | None = None
    images: dict[RepositoryName, Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]]
