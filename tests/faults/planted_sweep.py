"""The kill sweep on resizers with a planted fault: prints what it finds, a line a fault.

    python planted_sweep.py FOLDER

Not a test; `test_kill_sweep.py` starts it.
"""

import sys
from pathlib import Path
from unittest.mock import patch

from quantos.capacity.adapters.pulumi_engine import PulumiEngine
from quantos.capacity.adapters.s3_plans import CURRENT_KEY, PlansBucket
from quantos.capacity.adapters.stores import compose_bucket
from quantos.contracts.plan import PlanDocument
from quantos.deployment import lease
from quantos.deployment.adapters.dynamo_leases import DynamoLeases
from quantos.deployment.changes import EngineRun
from sandbox.errors import SandboxError
from sandbox.kill_sweep.moments import single_points
from sandbox.kill_sweep.stage import Stage, open_stage
from sandbox.kill_sweep.sweep import recorded_effects, tried


def kept_lease(stage: Stage) -> str:
    """Nobody gives a lease back, and no holder is ever taken for dead, which the recording shows already."""
    with (
        patch.object(DynamoLeases, "release", lambda *_arguments, **_named: None),
        patch.object(lease, "provably_gone", lambda *_arguments, **_named: False),
    ):
        try:
            return f"{len(recorded_effects(stage))} effects"
        except SandboxError as exc:
            return exc.what


def early_pointer(stage: Stage) -> str:
    """`current.json` says what the engine is only about to do; seen where the engine dies in doing it."""
    up, replace = PulumiEngine.up, PlansBucket.replace

    def early(self: PulumiEngine, document: PlanDocument, **named: object) -> EngineRun:
        compose_bucket(stage.settings).put(CURRENT_KEY, document.to_json())
        return up(self, document, **named)

    def unwatched(self: PlansBucket, key: str, content: bytes, **_named: object) -> str:
        found = self.get(key)
        return replace(self, key, content, expected_etag=None if found is None else found[1])

    with patch.object(PulumiEngine, "up", early), patch.object(PlansBucket, "replace", unwatched):
        points = single_points(recorded_effects(stage))
        point = next(one for one in points if str(one.first).startswith("before eks POST"))
        (verdict,) = tried(stage, [point], jobs=1, seed=0)
    return "; ".join(verdict.failures)


def main(folder: str) -> None:
    stage = open_stage(Path(folder) / "stage")
    for fault in (kept_lease, early_pointer):
        sys.stdout.write(f"{fault.__name__}: {fault(stage)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
