"""Where things lie in the artifacts bucket, for whoever writes or reads them there."""

import re
from typing import Final

MODELS: Final = "models/"
REPORTS: Final = "reports/"
WORKFLOWS: Final = "workflows/"
"""Beside models and reports, the files that steps of a workflow hand on, by namespace."""

_PART: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def model_key(pipeline_id: str, version: str) -> str:
    """Key of a trained model. Raises ValueError where a part could lead out of its folder."""
    return f"{MODELS}{_part(pipeline_id)}/{_part(version)}/model.bin"


def metrics_key(submission_id: str) -> str:
    """Key of what a submission measured. Raises ValueError as `model_key` does."""
    return f"{REPORTS}{_part(submission_id)}/metrics.json"


def _part(name: str) -> str:
    if not _PART.fullmatch(name):
        raise ValueError(
            f"{name!r} names no object: letters, digits, dot, dash and underscore, a letter or digit first"
        )
    return name
