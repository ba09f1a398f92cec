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

TOKEN_ANNOTATION: Final = "quantos.io/uses-service-account-token"  # noqa: S105  the name of an annotation
"""Says of a pod why it holds the token of its service account."""
