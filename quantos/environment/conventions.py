"""What programs, the rules that judge them and what records them agree on."""

from typing import Final

POSTGRES_PORT: Final = 5432
"""The registry's, as AWS gives it by default."""

POOL_LABEL: Final = "quantos.io/pool"
"""Label of every node: the pool that it is of."""

SYSTEM_POOL: Final = "system"
"""The fixed nodes of the cluster, and what their template is named by."""

SYSTEM_AMI_TYPE: Final = "AL2023_x86_64_STANDARD"
"""Their image."""

SERVICE_SCOPE: Final = "services"
"""Secrets of services, beside those of each team, which are called by the team."""

FUNCTIONS_IMAGE: Final = "functions"
"""Repository of the image that holds every function."""

TOKEN_ANNOTATION: Final = "quantos.io/uses-service-account-token"  # noqa: S105  the name of an annotation
"""Says of a pod why it holds the token of its service account."""

LOG_RETENTION_DAYS: Final = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)
"""For how long CloudWatch Logs keeps a log, and for no other time.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
"""
