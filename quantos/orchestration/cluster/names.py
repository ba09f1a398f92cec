"""What the objects of a run are called in a cluster: short, of the letters that Kubernetes takes, and one name a thing.

Ids of runs and nodes are longer than names may be, and hold letters that these may not: a name ends in a digest of the
whole id, and the id stands in an annotation.
"""

import hashlib
import re
from typing import Final

from quantos.orchestration.protocol.rows import RunKey

RUN: Final = "quantos.io/run"
"""Label: a run's key. Annotation: its id, `team/submission/run`."""

NODE: Final = "quantos.io/node"
"""Annotation of a pod: the node that it runs."""

TEAM: Final = "quantos.io/team"
JOB_CLASS: Final = "quantos.io/class"
SUBMISSION: Final = "quantos.io/submission"
DIGEST: Final = "quantos.io/digest"
GENERATION: Final = "quantos.io/generation"
ORDER: Final = "quantos.io/order"
"""Annotation of a pod: what it is asked for, once it is."""

STOPPED: Final = "quantos.io/stopped"
"""Annotation of a pod: it was asked to end."""

CLAIM_GATE: Final = "quantos.io/claim"
"""Scheduling gate of a pod: until the ledger has claimed what it runs, no node takes it."""

KEPT: Final = "quantos.io/kept-until-told"
"""Finalizer of a pod: what became of it is not in the ledger yet."""

ORDER_FOLDER: Final = "/quantos/order"
ORDER_FILE: Final = "order.json"
"""In a pod, what its annotation says."""

WORK_FOLDER: Final = "/quantos/work"
"""In a pod, all that an attempt may write but its temporary files."""

_DIGITS: Final = 16
_MOST_TASK: Final = 63
_NO_LETTER: Final = re.compile(r"[^a-z0-9]+")


def run_key(run: RunKey) -> str:
    """A run's key, which is a label and a part of names."""
    return _digest(str(run))


def workflow_name(run: RunKey, generation: int, part: int) -> str:
    """Name of a part of a run's generation, at most 40 characters: pods' names begin with it."""
    return f"run-{run_key(run)}-{generation}-{part}"


def task_name(node: str) -> str:
    """Name of a node's task, at most 63 characters: the node's id as far as it can be read, and its digest."""
    readable = _NO_LETTER.sub("-", node).strip("-")[: _MOST_TASK - _DIGITS - 1].strip("-")
    return f"{readable}-{_digest(node)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
