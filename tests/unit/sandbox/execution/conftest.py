"""An executor over a bucket of its own, whose workers are real processes."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.executors import BUCKET, ExecutorCase, client_of, own_account
from tests.support.script_image import write_script_image


@pytest.fixture(scope="session")
def worker_environ(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """An account, and a cache of environments, of the session."""
    with own_account(tmp_path_factory.mktemp("cache")) as environ:
        yield environ


@pytest.fixture
def executor(worker_environ: Mapping[str, str], tmp_path: Path) -> Iterator[ExecutorCase]:
    """An executor that knows the image of scripts only."""
    client = client_of(worker_environ)
    case = ExecutorCase(tmp_path / "state", client, worker_environ, images=write_script_image(tmp_path / "images"))
    yield case
    case.close()
    for entry in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=entry["Key"])
