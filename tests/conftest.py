"""What every test may use: expected outputs on disk, recorded only when asked for."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.kube_control_plane import set_cluster_aside

settings.register_profile("untimed", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("untimed")

GOLDEN = Path(__file__).parent / "golden"
Golden = Callable[[str, str], None]
SLOW = frozenset((Path(__file__).parent / "slow.txt").read_text(encoding="utf-8").splitlines())
"""Cases that take longer than an eighth of a second on an idle machine; `scripts/slow_tests.py` writes them down."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that records."""
    parser.addoption("--update-golden", action="store_true", help="Record expected outputs instead of comparing.")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make unit` leaves out."""
    for item in items:
        if item.nodeid in SLOW:
            item.add_marker("slow")


def pytest_configure() -> None:
    """Set a running cluster aside, and let SIGINT through.

    A shell ignores SIGINT in what it starts in the background, and children would inherit that.
    """
    set_cluster_aside()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares a text with the file of that name under `tests/golden`; a missing file is a failure."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n", encoding="utf-8")
        assert text + "\n" == path.read_text(encoding="utf-8"), "where this is meant, run it with --update-golden"

    return compare
