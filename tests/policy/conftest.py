"""A sandbox of its own for the policy tests, and stacks in it which run under a pack."""

import gc
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import lifecycle
from sandbox.engine.locate import find_engine

LEAKS = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""The Automation API leaves event loops and sockets of inline programs to the garbage collector."""
PROJECT_ROOT = Path(__file__).resolve().parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(LEAKS)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lifecycle.Sandbox]:
    """A running sandbox whose environment is this process's until the module's tests end."""
    state_dir = tmp_path_factory.mktemp("policy-sandbox")
    started = lifecycle.start(state_dir, project_root=PROJECT_ROOT, engine_bin_dir=find_engine().bin_dir)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in started.environ().items():
            patch.setitem(os.environ, name, value)
        yield started
    lifecycle.stop(state_dir)
    gc.collect()


@pytest.fixture(scope="session")
def project_names() -> Iterator[str]:
    """A fresh Pulumi project each, so that stacks of one name do not meet."""
    return (f"policy{number}" for number in itertools.count())
