"""What people ask for in a trial, and how the programs end: one node fails once, one run is cancelled and run again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from pydantic import JsonValue

from quantos.orchestration.protocol.rows import AttemptKey, FailureClass, RunKey

TEAM, SUBJECT = "research", "ann"
STEADY, STOPPED = "steady", "stopped"
RUNS: Final = (RunKey(TEAM, STEADY), RunKey(TEAM, STOPPED), RunKey(TEAM, STOPPED, 2))
UNTIL_STOPPED: Final = AttemptKey(RUNS[1], "slow", 1)
OUTPUTS: Final[Mapping[str, Sequence[str]]] = {
    "fetch": ("rows",),
    "features": ("table",),
    "train": ("model_uri", "metrics_json"),
    "slow": ("slow_rows",),
    "after": ("model_uri",),
}
"""What each node gives."""


@dataclass(frozen=True)
class Ask:
    """One request of a person about a submission, who repeats it until it is answered.

    `once` is what it waits for: an attempt that runs, or a run that has ended.
    """

    submission_id: str
    target: str
    body: bytes = b""
    once: AttemptKey | RunKey | None = None


def asks() -> tuple[Ask, ...]:
    """All requests, in order."""
    return (
        Ask(STEADY, "/api/orch/submit", _submission(STEADY, ["fetch", "features", "train"])),
        Ask(STOPPED, "/api/orch/submit", _submission(STOPPED, ["slow", "after"])),
        Ask(STOPPED, f"/api/orch/cancel/{STOPPED}", once=UNTIL_STOPPED),
        Ask(STOPPED, f"/api/orch/rerun/{STOPPED}", once=RUNS[1]),
    )


def end_of(attempt: AttemptKey) -> Literal["succeeded"] | FailureClass | None:
    """How an attempt ends by itself; None where it runs until it is stopped."""
    if attempt == UNTIL_STOPPED:
        return None
    return "failure" if (attempt.node, attempt.attempt) == ("features", 1) else "succeeded"


def _submission(submission_id: str, nodes: Sequence[str]) -> bytes:
    arrows = list(pairwise(nodes))
    taken = {later: list(OUTPUTS[earlier]) for earlier, later in arrows}
    dag: dict[str, JsonValue] = {
        "version": 1,
        "pipeline_id": submission_id,
        "slo": {"max_runtime": "1h", "retry": {"max_attempts": 2, "backoff_sec": 30}},
        "nodes": [_node(name, taken.get(name, [])) for name in nodes],
        "edges": [{"from": earlier, "to": later} for earlier, later in arrows],
    }
    return json.dumps({"dag": dag, "params": {"submission_id": submission_id, "env": "dev"}}).encode()


def _node(name: str, ins: Sequence[str]) -> JsonValue:
    return {"id": name, "kind": "python_task", "image": "ghcr.io/a/b:1", "ins": list(ins), "outs": list(OUTPUTS[name])}
