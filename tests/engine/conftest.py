"""One sandbox and one Pulumi engine for all engine tests; each test makes stacks of its own in it."""

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kubernetes import client, config
from pulumi import automation

from sandbox import lifecycle
from sandbox.engine.locate import find_engine
from tests.support.kube_control_plane import WHY_NONE, control_plane
from tests.support.own_sandbox import own_sandbox

LEAKS = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""The Automation API leaves event loops and sockets of inline programs to the garbage collector."""
PROJECT_ROOT = Path(__file__).resolve().parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(LEAKS)


def pytest_sessionfinish() -> None:
    """What failed programs left speaks when it is collected; within Python 3.11's parser that is another error."""
    gc.collect()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lifecycle.Sandbox]:
    """A running sandbox in a folder of its own, whose environment is this process's until the tests end."""
    state_dir = tmp_path_factory.mktemp("sandbox")
    started = lifecycle.start(state_dir, project_root=PROJECT_ROOT, engine_bin_dir=find_engine().bin_dir)
    before = dict(os.environ)
    os.environ.update(started.environ())
    yield started
    lifecycle.stop(state_dir)
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def module_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lifecycle.Sandbox]:
    """A sandbox for the tests of one module, which make an environment of a name that others make too."""
    with own_sandbox(tmp_path_factory.mktemp("own")) as started:
        yield started


@pytest.fixture(scope="session")
def kubeconfig() -> Iterator[Path]:
    """A kubeconfig of a real control plane; without one, the tests which need it are skipped."""
    with control_plane() as path:
        if path is None:
            pytest.skip(WHY_NONE)
        yield path


@pytest.fixture
def node(kubeconfig: Path) -> str:
    """Name of a node that runs pods; a control plane without any skips the tests which wait for pods."""
    nodes = client.CoreV1Api(config.new_client_from_config(str(kubeconfig))).list_node(limit=1).items
    if not nodes:
        pytest.skip("the control plane has no node that runs pods")
    metadata = nodes[0].metadata
    assert metadata is not None
    assert metadata.name is not None
    return metadata.name


@pytest.fixture
def stack(sandbox: lifecycle.Sandbox, request: pytest.FixtureRequest) -> Iterator[Callable[..., automation.Stack]]:
    """Makes a stack of an inline program; it is thrown away with the sandbox."""
    made: list[automation.Stack] = []

    def make(program: Callable[[], None]) -> automation.Stack:
        name = f"{request.node.name.replace('[', '-').replace(']', '')[:60]}-{len(made)}"
        made.append(automation.create_or_select_stack(name, project_name="quantos", program=program))
        return made[-1]

    yield make
    gc.collect()
