import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from quantos.errors import EngineError
from sandbox.engine.build import MODULES
from sandbox.engine.cache import cache_of
from sandbox.engine.executable import Engine
from sandbox.engine.locate import default_sources, find_engine, installed_engine
from sandbox.engine.progress import EngineProgress
from tests.support import engine_binaries
from tests.support.engine_binaries import FakeSource, user_environment, write_engine

SlowBuild: TypeAlias = Callable[[], "subprocess.Popen[str]"]

SLOW_BUILD = """
import sys, time
from dataclasses import dataclass
from pathlib import Path
from sandbox.engine.locate import find_engine
from engine_binaries import FakeSource

class SlowSource(FakeSource):
    def fill(self, staging, *, environment, reporter):
        super().fill(staging, environment=environment, reporter=reporter)
        (home / "building").touch()
        while not (home / "go").exists():
            time.sleep(0.02)

home = Path(sys.argv[1])
environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
stages = []
engine = find_engine(environment=environment, sources=(SlowSource(log=home / "log"),), progress=stages.append)
print(engine.bin_dir, any("Waiting for process" in event.stage for event in stages))
"""


def entries(home: Path) -> list[str]:
    return sorted(file.name for file in cache_of({"HOME": str(home)}).root.iterdir() if file.name != "lock")


def wait_for(file: Path, process: "subprocess.Popen[str]") -> None:
    while not file.exists():
        assert process.poll() is None, "the build ended before it began"
        time.sleep(0.02)


@pytest.fixture
def start_slow_build(tmp_path: Path) -> Iterator[SlowBuild]:
    python_path = os.pathsep.join([str(Path(engine_binaries.__file__).parent), str(MODULES.parents[2])])
    with contextlib.ExitStack() as running:

        def start() -> "subprocess.Popen[str]":
            process = subprocess.Popen(
                [sys.executable, "-c", SLOW_BUILD, str(tmp_path)],
                env={**os.environ, "PYTHONPATH": python_path},
                stdout=subprocess.PIPE,
                text=True,
            )
            running.enter_context(process)
            running.callback(process.kill)
            return process

        yield start


def test_engine_on_path_is_taken_before_any_source(tmp_path: Path) -> None:
    bin_dir = write_engine(tmp_path / "bin", "v3.259.0")
    source = FakeSource(log=tmp_path / "log")
    engine = find_engine(environment=user_environment(tmp_path, bin_dir), sources=(source,))
    assert engine == Engine(bin_dir=bin_dir, version="3.259.0", source="path")
    assert not source.log.exists()


def test_old_engine_on_path_is_passed_over_and_said_so(tmp_path: Path) -> None:
    bin_dir = write_engine(tmp_path / "bin", "v3.100.0")
    seen: list[EngineProgress] = []
    engine = find_engine(
        environment=user_environment(tmp_path, bin_dir),
        sources=(FakeSource(log=tmp_path / "log"),),
        progress=seen.append,
    )
    assert engine.source == "built"
    assert any("3.100.0, accepted are" in event.stage for event in seen)


def test_sources_are_tried_in_order_until_one_gives_an_engine(tmp_path: Path) -> None:
    log = tmp_path / "log"
    sources = (FakeSource(log=log, origin="download", failure="no route"), FakeSource(log=log))
    engine = find_engine(environment=user_environment(tmp_path), sources=sources)
    assert engine.source == "built"
    assert log.read_text(encoding="utf-8").split() == ["download", "built"]
    assert entries(tmp_path) == ["fake-built"]


def test_default_order_is_download_then_build() -> None:
    assert [source.origin for source in default_sources()] == ["download", "built"]


def test_second_call_takes_the_kept_engine(tmp_path: Path) -> None:
    source = FakeSource(log=tmp_path / "log")
    environment = user_environment(tmp_path)
    first = find_engine(environment=environment, sources=(source,))
    assert find_engine(environment=environment, sources=(source,)) == first
    assert installed_engine(environment=environment, sources=(source,)) == first
    assert source.log.read_text(encoding="utf-8").split() == ["built"]


def test_installed_engine_gets_nothing(tmp_path: Path) -> None:
    source = FakeSource(log=tmp_path / "log")
    assert installed_engine(environment=user_environment(tmp_path), sources=(source,)) is None
    assert not source.log.exists()
    assert not cache_of({"HOME": str(tmp_path)}).root.exists()


def test_every_way_that_failed_is_named(tmp_path: Path) -> None:
    log = tmp_path / "log"
    sources = (FakeSource(log=log, origin="download", failure="no route"), FakeSource(log=log, failure="no Go"))
    with pytest.raises(EngineError, match=r"no pulumi on PATH; no route; no Go") as caught:
        find_engine(environment=user_environment(tmp_path), sources=sources)
    assert caught.value.remedy == "remedy of built"
    assert entries(tmp_path) == []


def test_engine_that_came_out_unusable_is_not_kept(tmp_path: Path) -> None:
    source = FakeSource(log=tmp_path / "log", version="dev")
    with pytest.raises(EngineError, match="the engine just got is not usable"):
        find_engine(environment=user_environment(tmp_path), sources=(source,))
    assert entries(tmp_path) == []


def test_broken_kept_engine_is_replaced(tmp_path: Path) -> None:
    source = FakeSource(log=tmp_path / "log")
    environment = user_environment(tmp_path)
    engine = find_engine(environment=environment, sources=(source,))
    (engine.bin_dir / "pulumi").write_text("", encoding="utf-8")
    assert find_engine(environment=environment, sources=(source,)) == engine
    assert source.log.read_text(encoding="utf-8").split() == ["built", "built"]
    assert cache_of(environment).folder(source.entry_name).is_dir()


def test_two_processes_build_once_and_the_second_waits(tmp_path: Path, start_slow_build: SlowBuild) -> None:
    first = start_slow_build()
    wait_for(tmp_path / "building", first)
    second = start_slow_build()
    time.sleep(1.5)
    (tmp_path / "go").touch()
    outputs = [process.communicate(timeout=60)[0].split() for process in (first, second)]
    assert outputs[0][0] == outputs[1][0]
    assert outputs[1][1] == "True"
    assert (tmp_path / "log").read_text(encoding="utf-8").split() == ["built"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_build_leaves_nothing_that_is_used(
    tmp_path: Path, start_slow_build: SlowBuild, number: signal.Signals
) -> None:
    process = start_slow_build()
    wait_for(tmp_path / "building", process)
    process.send_signal(number)
    process.communicate(timeout=60)
    source = FakeSource(log=tmp_path / "log")
    environment = user_environment(tmp_path)
    assert installed_engine(environment=environment, sources=(source,)) is None
    find_engine(environment=environment, sources=(source,))
    assert entries(tmp_path) == ["fake-built"]


def test_unwritable_cache_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / ".cache").write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(EngineError, match="cannot be written") as caught:
        find_engine(environment=user_environment(tmp_path), sources=(FakeSource(log=tmp_path / "log"),))
    assert "XDG_CACHE_HOME" in caught.value.remedy


def test_cache_follows_xdg_and_ignores_a_relative_one(tmp_path: Path) -> None:
    assert cache_of({"XDG_CACHE_HOME": "/x", "HOME": "/h"}).root == Path("/x/quantos/engine")
    assert cache_of({"XDG_CACHE_HOME": "x", "HOME": "/h"}).root == Path("/h/.cache/quantos/engine")
    with pytest.raises(EngineError, match="both unset"):
        cache_of({})
