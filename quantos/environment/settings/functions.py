"""What an environment file says of the functions, and of the HTTP API in front of them."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from quantos.environment.settings.base import CertificateArn, DnsName, LogRetentionDays, Settings

FunctionName = Literal[
    "ingest", "learn", "forecast", "resize", "audit", "anchor", "submit", "dispatch", "runs", "sweep", "api"
]


class FunctionSettings(Settings):
    """The image that holds every function, and how the functions run.

    `warm` says how many instances of a function are kept initialised, by provisioned concurrency, for those whose
    first call may not be slow; each is billed around the clock.

    A resize keeps six and a half minutes in hand to end a step under way, so that a shorter timeout leaves it no time
    to begin one; by default it has all that Lambda grants, less a minute to tell how it ended. Lambda gives a
    core for each 1,769 MiB (its documentation, "Configure Lambda function memory"), which the engine can fill.
    """

    image_digest: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    memory_mib: int = Field(default=2048, ge=512, le=10240)
    resize_timeout_seconds: int = Field(default=840, ge=480, le=840)
    log_retention_days: LogRetentionDays
    warm: dict[FunctionName, PositiveInt] = {}


class ApiDomainSettings(Settings):
    """A name of one's own for the HTTP API, under which callers show a certificate as well (mutual TLS).

    The certificate is ACM's, of the region; `trust_store_uri` names the PEM file of the authorities whose clients are
    let in. With it, the API's own address answers nobody.
    """

    name: DnsName
    certificate_arn: CertificateArn
    trust_store_uri: str = Field(pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^\s]+$")


class ApiSettings(Settings):
    """Who may call the HTTP API, and how often.

    `issuer` is the OpenID provider whose tokens are taken, for one of `audiences`; `team_claim` is the claim of a token
    that names its team. `latency_ms` is the 99th percentile
    from which an alarm goes off; `concurrency` is how many requests are answered at a time.
    """

    issuer: str = Field(pattern=r"^https://[^\s/]+(/\S*)?$")
    audiences: tuple[str, ...] = Field(min_length=1)
    team_claim: str = Field(default="team", pattern=r"^[A-Za-z][A-Za-z0-9_:./-]{0,199}$")
    burst_requests: PositiveInt
    requests_per_second: PositiveFloat
    latency_ms: PositiveInt
    concurrency: PositiveInt
    domain: ApiDomainSettings | None = None
