"""What programs, the rules that judge them and what records them agree on."""

from typing import Final

POSTGRES_PORT: Final = 5432
"""The registry's, as AWS gives it by default."""

TOKEN_ANNOTATION: Final = "quantos.io/uses-service-account-token"  # noqa: S105  the name of an annotation
"""Says of a pod why it holds the token of its service account."""
