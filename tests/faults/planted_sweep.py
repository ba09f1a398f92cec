"""The kill sweep on a resizer with a fault.

    python planted_sweep.py FAULT ARGUMENT...

Not a test; `test_kill_sweep.py` starts it.
"""

import sys

from lambdas import runtime
from quantos.capacity.adapters.dynamo_leases import DynamoLeases
from quantos.capacity.adapters.pulumi_engine import PulumiEngine
from quantos.capacity.adapters.s3_plans import CURRENT_KEY, PlansBucket
from quantos.capacity.adapters.stores import compose_bucket
from quantos.capacity.ports import EngineRun
from quantos.catalog.catalog import load_catalog
from quantos.contracts.plan import PlanDocument
from quantos.environment.load import load_environment
from sandbox.kill_sweep.__main__ import main
from sandbox.kill_sweep.stage import ENVIRONMENT


def keep_the_lease() -> None:
    """Nobody ever gives a lease back."""
    DynamoLeases.release = lambda *_arguments, **_named: None


def move_the_pointer_first() -> None:
    """`current.json` says what the engine is only about to do, and nobody notices that it was moved meanwhile."""
    up, replace = PulumiEngine.up, PlansBucket.replace
    settings = load_environment(ENVIRONMENT, root=runtime.ENVIRONMENTS, catalog=load_catalog())

    def early(self: PulumiEngine, document: PlanDocument, **named: object) -> EngineRun:
        compose_bucket(settings).put(CURRENT_KEY, document.to_json())
        return up(self, document, **named)

    def unwatched(self: PlansBucket, key: str, content: bytes, **_named: object) -> str:
        found = self.get(key)
        return replace(self, key, content, expected_etag=None if found is None else found[1])

    PulumiEngine.up, PlansBucket.replace = early, unwatched


if __name__ == "__main__":
    {"lease-kept": keep_the_lease, "pointer-first": move_the_pointer_first}[sys.argv[1]]()
    sys.exit(main(sys.argv[2:]))
