"""What a program is shown, may write and is given, as the program itself finds it."""

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from quantos.orchestration.attempt.launch import landlock_version
from quantos.orchestration.attempt.launching import Launch

pytestmark = pytest.mark.skipif(landlock_version() == 0, reason="this kernel has no Landlock")


def launched(tmp_path: Path, code: str, **more: object) -> subprocess.CompletedProcess[str]:
    """Run code as a program whose folder is `own`."""
    own = tmp_path / "own"
    own.mkdir(exist_ok=True)
    fields = {"cores": 1, "memory_bytes": 2**30, "reads": (), "writes": (own,), "variables": {"GIVEN": "this"}, **more}
    launch = Launch(name="a", command=(os.path.realpath(sys.executable), "-c", code), folder=own, **fields)
    command = launch.write(tmp_path / "launch.json")
    environ = {"AWS_SECRET_ACCESS_KEY": "the caller's", "RAY_ADDRESS": "there"}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=30)


def said(tmp_path: Path, expression: str, **more: object) -> object:
    run = launched(tmp_path, f"import json, os, resource; print(json.dumps({expression}))", **more)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_a_program_is_told_its_own_variables_only(tmp_path: Path) -> None:
    assert said(tmp_path, "dict(os.environ)") == {"GIVEN": "this", "LC_CTYPE": "C.UTF-8"}
    kept = said(tmp_path, "dict(os.environ)", keeps=("RAY_",))
    assert kept == {"GIVEN": "this", "LC_CTYPE": "C.UTF-8", "RAY_ADDRESS": "there"}


def test_a_program_writes_its_own_folder_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "link").symlink_to(tmp_path / "other")
    assert launched(tmp_path, "open('mine', 'w').write('x')").returncode == 0
    for path in (tmp_path / "other" / "file", "link/file", "/tmp/file", Path.home() / "file"):
        assert "PermissionError" in launched(tmp_path, f"open({str(path)!r}, 'w')").stderr
    assert list((tmp_path / "other").iterdir()) == []


def test_a_program_changes_and_removes_nothing_of_others(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("kept")
    for code in (f"os.truncate({str(other)!r}, 0)", f"os.unlink({str(other)!r})", f"os.rename({str(other)!r}, 'mine')"):
        assert launched(tmp_path, f"import os; {code}").returncode == 1
    assert other.read_text() == "kept"


def test_a_program_reads_what_it_is_shown_and_no_other_files_of_its_user(tmp_path: Path) -> None:
    shown, hidden = tmp_path / "shown", tmp_path / "hidden"
    for folder in (shown, hidden):
        folder.mkdir()
        (folder / "file").write_text("text")
    assert said(tmp_path, f"open({str(shown / 'file')!r}).read()", reads=(shown,)) == "text"
    assert "PermissionError" in launched(tmp_path, f"open({str(hidden / 'file')!r})", reads=(shown,)).stderr
    assert "PermissionError" in launched(tmp_path, f"import os; os.listdir({str(Path.home())!r})").stderr


@pytest.mark.skipif(landlock_version() < 6, reason="this kernel's Landlock knows no signals")
def test_a_program_ends_what_it_started_and_no_other_process(tmp_path: Path) -> None:
    own = "import subprocess; child = subprocess.Popen(['/bin/sleep', '60']); child.kill(); assert child.wait() == -9"
    assert launched(tmp_path, own).returncode == 0
    with subprocess.Popen(["/bin/sleep", "60"]) as other:
        for whom in ("os.getppid()", str(other.pid)):
            assert "PermissionError" in launched(tmp_path, f"import os; os.kill({whom}, 15)").stderr
        assert other.poll() is None
        other.kill()


def test_what_a_program_starts_is_confined_too(tmp_path: Path) -> None:
    code = (
        f"import subprocess, sys; sys.exit(subprocess.run(['/usr/bin/touch', {str(tmp_path / 'file')!r}]).returncode)"
    )
    assert launched(tmp_path, code).returncode == 1
    assert not (tmp_path / "file").exists()


def test_limits_are_set_for_good(tmp_path: Path) -> None:
    limits = said(tmp_path, "[resource.getrlimit(kind) for kind in (resource.RLIMIT_DATA, resource.RLIMIT_CORE)]")
    assert limits == [[2**30, 2**30], [0, 0]]
    assert "MemoryError" in launched(tmp_path, "bytearray(2**31)").stderr
    assert resource.getrlimit(resource.RLIMIT_DATA)[1] != 2**30


def test_a_program_has_the_cores_that_it_is_given(tmp_path: Path) -> None:
    assert said(tmp_path, "len(os.sched_getaffinity(0))") == 1
    everything = said(tmp_path, "len(os.sched_getaffinity(0))", cores=4096)
    assert everything == len(os.sched_getaffinity(0))


def test_shared_memory_is_its_own(tmp_path: Path) -> None:
    code = "import multiprocessing, os; multiprocessing.Lock(); open('/dev/shm/mine', 'w').write('x')"
    run = launched(tmp_path, code, own_shared_memory=True)
    assert run.returncode == 0, run.stderr
    assert not Path("/dev/shm/mine").exists()


def test_without_shared_memory_of_its_own_it_has_none(tmp_path: Path) -> None:
    assert launched(tmp_path, "open('/dev/shm/mine', 'w')").returncode == 1


def test_a_program_dies_with_whoever_started_it(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    code = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)"
    starter = f"""
import pathlib, subprocess, sys, time
sys.path.insert(0, {str(Path(__file__).resolve().parents[4])!r})
from quantos.orchestration.attempt.launching import Launch
own = pathlib.Path({str(own)!r})
launch = Launch(name="a", command=({os.path.realpath(sys.executable)!r}, "-c", {code!r}), folder=own, variables={{}},
                reads=(), writes=(own,), cores=1, dies_with_parent=True)
child = subprocess.Popen(launch.write(own.parent / "launch.json"))
while not (own / "pid").exists() or not (own / "pid").read_text(): time.sleep(0.01)
print(child.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        process.wait()
    status = Path(f"/proc/{pid}/stat")
    for _ in range(100):
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        signal.sigtimedwait([], 0.05)
    raise AssertionError(f"process {pid} lives on")
