import contextlib
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from quantos.errors import EngineError
from sandbox.engine.build import MODULES, GoBuild, go_version_in, required_go_version
from sandbox.engine.child import run_watched
from sandbox.engine.download import Download, DownloadLimits
from sandbox.engine.progress import EngineProgress, Reporter
from sandbox.engine.version import PINNED_VERSION
from tests.support.engine_binaries import user_environment, write_executable

QUICK = DownloadLimits(route_s=0.6, stall_s=0.6, total_s=30)
FAKE_GO = """
case "$1 $2" in
  "env GOVERSION") echo "{version}";;
  "list -m") echo "{sdk}";;
  "list -deps")
    echo "go: downloading example.com/a v1.0.0" >&2
    printf 'a/one\\na/two\\n'
    for p; do :; done
    echo "$p";;
  "build -v") {build};;
esac
"""
BUILD_OK = 'echo a/one >&2; echo a/two >&2; for p; do [ "$o" = -o ] && echo "#!/bin/sh" > "$p"; o=$p; done'


def python_source(code: str) -> Sequence[str]:
    return (sys.executable, "-c", code)


def fill(source: Download | GoBuild, staging: Path, environment: dict[str, str]) -> list[EngineProgress]:
    seen: list[EngineProgress] = []
    staging.mkdir()
    source.fill(staging, environment=environment, reporter=Reporter(seen.append))
    return seen


def go_environment(tmp_path: Path, *, version: str = "go1.26.8", build: str = BUILD_OK) -> dict[str, str]:
    sdk = tmp_path / "sdk"
    write_executable(sdk / "python" / "cmd" / "pulumi-language-python-exec", "exit 0")
    write_executable(tmp_path / "bin" / "go", FAKE_GO.format(version=version, sdk=sdk, build=build))
    return user_environment(tmp_path, tmp_path / "bin")


def test_download_without_an_answer_is_given_up_and_its_process_ends(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = f"import os, pathlib, time; pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid())); time.sleep(60)"
    started_s = time.monotonic()
    with pytest.raises(EngineError, match="no route to the official download"):
        fill(Download(command=python_source(code), limits=QUICK), tmp_path / "staging", user_environment(tmp_path))
    assert time.monotonic() - started_s < 10
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text(encoding="utf-8")), 0)


def test_download_is_bounded_by_fifteen_seconds_unless_told_otherwise() -> None:
    assert DownloadLimits().route_s == 15


def test_download_that_stops_half_way_is_given_up(tmp_path: Path) -> None:
    code = "import pathlib, sys, time; pathlib.Path(sys.argv[1], 'x').write_bytes(bytes(2_000_000)); time.sleep(60)"
    with pytest.raises(EngineError, match="stopped at 2 MB"):
        fill(Download(command=python_source(code), limits=QUICK), tmp_path / "staging", user_environment(tmp_path))


def test_download_that_keeps_growing_may_take_longer_than_the_route_limit(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys, time\n"
        "for n in range(6): pathlib.Path(sys.argv[1], f'x{n}').write_bytes(bytes(1_200_000)); time.sleep(0.3)\n"
    )
    source = Download(command=python_source(code), limits=replace(QUICK, stall_s=10))
    seen = fill(source, tmp_path / "staging", user_environment(tmp_path))
    assert max(event.done for event in seen) >= 7
    assert not (tmp_path / "staging" / "scratch").exists()


def test_failed_installer_is_quoted(tmp_path: Path) -> None:
    code = "import sys; print('Traceback', file=sys.stderr); sys.exit('host not found')"
    with pytest.raises(EngineError, match="the official download failed: host not found"):
        fill(Download(command=python_source(code)), tmp_path / "staging", user_environment(tmp_path))


def test_build_makes_every_executable_and_counts_packages(tmp_path: Path) -> None:
    seen = fill(GoBuild(), tmp_path / "staging", go_environment(tmp_path))
    made = sorted(file.name for file in (tmp_path / "staging" / "bin").iterdir())
    assert made == ["pulumi", "pulumi-language-python", "pulumi-language-python-exec"]
    assert [(event.done, event.total) for event in seen if "Linking the Pulumi engine" in event.stage] == [(2, 2)]
    assert [event.done for event in seen if "Downloading Go modules of the Pulumi engine" in event.stage][-1] == 1


def test_build_without_go_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no Go on PATH") as caught:
        fill(GoBuild(), tmp_path / "staging", {"HOME": str(tmp_path), "PATH": str(tmp_path)})
    assert "Install Go 1.25.11 or newer" in caught.value.remedy


@pytest.mark.parametrize("version", ["go1.19", "go1.25.10", ""])
def test_build_refuses_a_go_that_is_too_old(tmp_path: Path, version: str) -> None:
    with pytest.raises(EngineError, match=r"go1\.25\.11 is needed"):
        fill(GoBuild(), tmp_path / "staging", go_environment(tmp_path, version=version))


def test_failed_build_quotes_the_end_of_its_output(tmp_path: Path) -> None:
    environment = go_environment(tmp_path, build="echo 'no space left on device' >&2; exit 1")
    with pytest.raises(EngineError, match=r"exit code 1:\nno space left on device"):
        fill(GoBuild(), tmp_path / "staging", environment)


def test_pinned_modules_agree_with_the_pinned_version() -> None:
    wanted = f"github.com/pulumi/pulumi/pkg/v3 v{PINNED_VERSION}"
    assert wanted in (MODULES / "cli" / "go.mod").read_text(encoding="utf-8")
    assert required_go_version(MODULES) == (1, 25, 11)


def test_changed_module_gives_another_cache_entry(tmp_path: Path) -> None:
    module = tmp_path / "cli" / "go.mod"
    module.parent.mkdir()
    module.write_text("go 1.25.0\n", encoding="utf-8")
    before = GoBuild(modules=tmp_path).entry_name
    module.write_text("go 1.25.1\n", encoding="utf-8")
    assert GoBuild(modules=tmp_path).entry_name != before


@pytest.mark.parametrize(("text", "version"), [("go1.26.8", (1, 26, 8)), ("go1.26rc1", (1, 26, 0)), ("devel", None)])
def test_go_version_text(text: str, version: tuple[int, int, int] | None) -> None:
    assert go_version_in(text) == version


def test_error_in_a_listener_ends_the_child_and_what_it_started(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    reader = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)

    def tick() -> None:
        with contextlib.suppress(BlockingIOError):
            if os.read(reader, 100):
                raise KeyboardInterrupt

    started_s = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_watched(
            ["/bin/sh", "-c", f"exec 3>{alive}; sleep 100 & echo started >&3; wait"],
            cwd=tmp_path,
            environment=user_environment(tmp_path),
            log=tmp_path / "log",
            on_tick=tick,
            interval_s=0.05,
        )
    os.set_blocking(reader, True)
    assert os.read(reader, 100) == b"", "the end of the pipe comes when its last holder is gone"
    assert time.monotonic() - started_s < 50
    os.close(reader)
