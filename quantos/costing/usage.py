"""What is assumed of use: the environment file's figures for whatever is priced by how much it is used."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

from pydantic import ConfigDict

from quantos.errors import CostingError

UsageName: TypeAlias = Literal[
    "api_million_requests",
    "athena_tib_scanned",
    "cross_zone_gib",
    "dynamodb_gib",
    "dynamodb_million_reads",
    "dynamodb_million_writes",
    "ecr_gib",
    "endpoint_gib",
    "glue_dpu_hours",
    "internet_gib",
    "kms_million_requests",
    "lambda_custom_metrics",
    "lambda_gib_seconds",
    "lambda_million_requests",
    "load_balancer_units",
    "log_gib_per_day",
    "msk_paid_metrics",
    "nat_gib",
    "rds_backup_gib",
    "s3_gib",
    "s3_million_reads",
    "s3_million_writes",
    "s3_replicated_gib",
    "secret_million_reads",
    "sns_million_notifications",
    "sqs_million_requests",
]
"""Every assumption there is; what each counts is in docs/costs.md. Unless its name says otherwise, in one month."""

OTHERWISE = "otherwise"
Figure: TypeAlias = float | Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Assumed figures: one for each resource of a kind alike, or by a resource's name, `otherwise` for the others.

    `node_disks_gib` is what the environment file says of the nodes of pools by name: it is looked at where a node
    group's launch template stands in another stack.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", allow_inf_nan=False)

    figures: Mapping[UsageName, Figure]
    node_disks_gib: Mapping[str, float] = field(default_factory=dict)

    def of(self, name: UsageName, resource: str) -> float:
        """The figure for one resource. Raises CostingError where nothing was assumed: use is never 0 by silence."""
        figure = self.figures.get(name)
        if isinstance(figure, Mapping):
            figure = figure.get(resource, figure.get(OTHERWISE))
        if figure is None:
            raise CostingError(
                f"{resource} is priced by use, but nothing is assumed: usage.{name} is absent or does not name it",
                remedy=f"state usage.{name} in the environment file, 0 where it is not used",
            )
        return float(figure)
