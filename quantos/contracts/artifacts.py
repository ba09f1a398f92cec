"""Where things lie in the artifacts bucket, for whoever writes or reads them there."""

from typing import Final

MODELS: Final = "models/"
REPORTS: Final = "reports/"
WORKFLOWS: Final = "workflows/"
"""Beside models and reports, the files that steps of a workflow hand on, by namespace."""
