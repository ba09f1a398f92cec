"""A real root and real packages: built twice in caches of their own, an image is the same bytes, and it runs.

It needs mmdebstrap and root; without them it skips.
"""

import json
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from images.bases.base import Base, unpack
from images.bases.sources import debian_base
from images.build import Builder, BuiltImage
from images.definition import ImageDefinition
from images.errors import ImageError
from images.layers.engine import EngineFiles
from images.layers.store import layer_store
from images.running.function import FunctionSetting, UnpackedImage, may_run, running, unpacked
from tests.support.small_images import commit, small_definition

ROOT = Path(__file__).resolve().parents[2]
GROUP = "functions"
"""A group of the lock with few packages, one of them compiled."""

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(
        shutil.which("mmdebstrap") is None or os.geteuid() != 0, reason="needs mmdebstrap, and root to run it"
    ),
]


def no_engine() -> EngineFiles:
    raise AssertionError("no image here has an engine")


@pytest.fixture(scope="module")
def base() -> Base:
    return debian_base("bookworm", store=layer_store(os.environ), environ=os.environ)


def definition() -> ImageDefinition:
    return small_definition(code=("lambdas",), groups=(GROUP,), entrypoint=("python", "-m", "awslambdaric"))


def built(base: Base, folder: Path) -> BuiltImage:
    caches = {**os.environ, "XDG_CACHE_HOME": str(folder)}
    kept = {"UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv"))}
    builder = Builder(project=ROOT, base=base, store=layer_store(caches), engine=no_engine, environ={**caches, **kept})
    return builder.build(definition(), into=folder / "out", tell=lambda _what: None)


def test_packages_of_the_lock_are_the_same_bytes_twice(base: Base, tmp_path: Path) -> None:
    one, two = built(base, tmp_path / "one"), built(base, tmp_path / "two")
    assert one.image.digest == two.image.digest
    assert one.archive.read_bytes() == two.archive.read_bytes()
    named = {component["name"]: component for component in json.loads(one.sbom.read_text())["components"]}
    assert len(named["awslambdaric"]["hashes"][0]["content"]) == 64
    assert named["libc6"]["purl"].startswith("pkg:deb/debian/libc6@")

    root = tmp_path / "root"
    unpack([layer.blob for layer in one.image.layers], root)
    packages = root / "opt" / "python"
    assert (packages / "awslambdaric" / "__pycache__" / "bootstrap.cpython-311.pyc").is_file()
    assert not (packages / "bin").exists()
    records = [path.read_text(encoding="utf-8") for path in packages.rglob("RECORD")]
    assert not any("bin/" in record for record in records)
    written = [path for path in root.rglob("*") if path.is_file() and str(tmp_path).encode() in path.read_bytes()]
    assert written == []


HANDLER = """import os, socket


def tries(what):
    try:
        what()
    except OSError as exc:
        return type(exc).__name__
    return "done"


def write(path):
    def act():
        with open(path, "w") as file:
            file.write("x")
    return act


def handler(event, context):
    if "fill_mib" in event:
        return len(bytearray(event["fill_mib"] << 20))
    return {
        "event": event,
        "left": context.get_remaining_time_in_millis() > 0,
        "user": [os.getuid(), os.getgid()],
        "home": tries(write("/app/x")),
        "tmp": tries(write("/tmp/x")),
        "outside": tries(lambda: socket.create_connection(("192.0.2.1", 80), timeout=2)),
        "aws": tries(lambda: socket.create_connection(("127.0.0.1", 4566), timeout=2)),
    }
"""


@pytest.fixture(scope="module")
def image(base: Base, tmp_path_factory: pytest.TempPathFactory) -> UnpackedImage:
    """A function of one file, in an image of its own."""
    if reason := may_run():
        pytest.skip(f"no container can be run here: {reason}")
    if shutil.which("go") is None:
        pytest.skip("needs Go, to build the emulator of the Lambda runtime interface")
    project = tmp_path_factory.mktemp("function") / "project"
    (project / "answering").mkdir(parents=True)
    (project / "answering" / "handler.py").write_text(HANDLER, encoding="utf-8")
    for name in ("pyproject.toml", "uv.lock"):
        shutil.copy(ROOT / name, project / name)
    commit(project)
    builder = Builder(
        project=project, base=base, store=layer_store(os.environ), engine=no_engine, environ=dict(os.environ)
    )
    definition = small_definition(
        code=("answering",), groups=(GROUP,), entrypoint=("python", "-m", "awslambdaric"), user="993:990"
    )
    written = builder.build(definition, into=project.parent / "out", tell=lambda _what: None)
    return unpacked(written.archive, environ=os.environ)


@pytest.fixture
def aws_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def setting(aws_port: int, *, memory_mib: int = 256) -> FunctionSetting:
    return FunctionSetting(
        name="answering", handler="answering.handler.handler", memory_mib=memory_mib, timeout_seconds=20, variables={},
        aws_port=aws_port, readable={},
    )  # fmt: skip


def test_a_function_may_write_one_folder_and_reach_the_stand_in_for_aws_only(
    image: UnpackedImage, aws_port: int
) -> None:
    with running(image, setting(aws_port), environ=os.environ) as function:
        answer = function.call({"a": 1})
        again = function.call({"a": 2})
        assert function.init_seconds() > 0
        assert 0 < function.memory().peak_bytes < 256 << 20
    assert (answer.error, again.error) == ("", "")
    assert answer.value == {
        "event": {"a": 1},
        "left": True,
        "user": [993, 990],
        "home": "OSError",
        "tmp": "done",
        "outside": "OSError",
        "aws": "done",
    }


def test_a_function_that_takes_more_than_its_memory_is_ended_and_told(image: UnpackedImage, aws_port: int) -> None:
    with running(image, setting(aws_port, memory_mib=128), environ=os.environ) as function:
        assert function.call({"fill_mib": 16}).value == 16 << 20
        with pytest.raises(ImageError, match="gives no answer"):
            function.call({"fill_mib": 512})
        assert function.memory().killed > 0


def test_what_a_function_raises_is_its_answer(image: UnpackedImage, aws_port: int) -> None:
    with running(image, setting(aws_port), environ=os.environ) as function:
        assert function.call({"fill_mib": "many"}).error.startswith("TypeError: ")
