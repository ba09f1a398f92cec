"""What every section of an environment file shares: frozen, closed, and texts as AWS and Kubernetes take them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from quantos.environment.conventions import LOG_RETENTION_DAYS

Layer = Literal["foundation", "capacity", "platform", "control"]
Region = Literal[
    "us-east-1", "us-east-2", "us-west-2", "ca-central-1", "eu-west-1", "eu-west-2", "eu-central-1", "eu-central-2",
    "ap-northeast-1", "ap-southeast-1", "ap-southeast-2", "ap-east-1",
]  # fmt: skip


def _kept_by_cloudwatch(days: int) -> int:
    if days not in LOG_RETENTION_DAYS:
        nearest = min(LOG_RETENTION_DAYS, key=lambda kept: abs(kept - days))
        allowed = ", ".join(map(str, sorted(LOG_RETENTION_DAYS)))
        raise ValueError(f"{days} is no time that CloudWatch Logs keeps a log, such as {nearest}: it takes {allowed}")
    return days


def _not_of_aws(value: str) -> str:
    if value.lower().startswith("aws:"):
        raise ValueError("begins with aws:, which AWS keeps for its own tags")
    return value


LogRetentionDays = Annotated[int, AfterValidator(_kept_by_cloudwatch)]
TagValue = Annotated[
    str, Field(min_length=1, max_length=256, pattern=r"^[\p{L}\p{Z}\p{N}_.:/=+@-]+$"), AfterValidator(_not_of_aws)
]
DnsLabel = Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$")]
"""A `Slug` of which Kubernetes and ECR make names as well: its last character is no dash."""
DnsName = Annotated[
    str, Field(max_length=253, pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")
]
CertificateArn = Annotated[
    str, Field(pattern=r"^arn:aws:acm:[a-z0-9-]+:[0-9]{12}:certificate/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
]


class Settings(BaseModel):
    """A section: a field that it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
