"""A small environment in a sandbox of its own, for what must not meet the other tests' stacks."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quantos.environment.settings.environment import EnvironmentSettings
from sandbox import lifecycle
from sandbox.engine.locate import find_engine
from tests.support.small_environment import ROOT, SmallEnvironment, make_small_environment


@contextmanager
def small_environment(settings: EnvironmentSettings, *, state_dir: Path) -> Iterator[SmallEnvironment]:
    """Bring the capacity stack up in a sandbox of its own in `state_dir`, which lasts as long as the block."""
    with own_sandbox(state_dir) as sandbox:
        yield make_small_environment(settings, project_dir=sandbox.project_dir, folder=state_dir / "policy")


@contextmanager
def own_sandbox(state_dir: Path) -> Iterator[lifecycle.Sandbox]:
    """Start a sandbox in `state_dir`, and stop it after the block.

    Meanwhile this process's environment targets it, for child processes and the command line too.
    """
    before = dict(os.environ)
    engine = find_engine()
    sandbox = lifecycle.start(state_dir, project_root=ROOT, engine_bin_dir=engine.bin_dir)
    try:
        os.environ.update({**sandbox.environ(), lifecycle.STATE_VARIABLE: str(state_dir)})
        yield sandbox
    finally:
        lifecycle.stop(state_dir)
        os.environ.clear()
        os.environ.update(before)
