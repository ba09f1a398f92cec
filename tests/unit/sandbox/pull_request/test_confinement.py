"""What a process gives up before it runs a stranger's code, tried in processes of their own."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from sandbox.pull_request.confinement import NOTHING_GIVEN_UP, confined_environment, credential_places

ROOT = Path(__file__).resolve().parents[4]
CONFINED = """
import json, subprocess, sys
from sandbox.pull_request.confinement import Bounds, bound, give_up
from sandbox.pull_request.own_mounts import Sight
kept = give_up(Sight(**json.loads(sys.argv[1])))
bound(Bounds(file_bytes=1_000_000))
said = subprocess.run([sys.executable, "-c", sys.argv[2], sys.argv[3]], capture_output=True, text=True, check=True)
print(json.dumps({"kept": kept, "said": json.loads(said.stdout)}))
"""
TRIES = """
import ctypes, errno, json, pathlib, socket, sys
asked = json.loads(sys.argv[1])
def tried(act):
    try:
        return act()
    except OSError as error:
        return errno.errorcode[error.errno]
def reaches(address):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as probe:
        probe.settimeout(2)
        return probe.connect(tuple(address) if isinstance(address, list) else address) or "connected"
def seen(place):
    return sorted(x.name for x in place.iterdir()) if place.is_dir() else place.read_text()
here = socket.create_server(("127.0.0.1", 0))
libc = ctypes.CDLL(None, use_errno=True)
print(json.dumps({
    "reached": [tried(lambda: reaches(address)) for address in [list(here.getsockname()), *asked.get("addresses", [])]],
    "interfaces": [name for _, name in socket.if_nameindex()],
    "seen": [tried(lambda: seen(pathlib.Path(place))) for place in asked.get("seen", [])],
    "written": [tried(lambda: pathlib.Path(at).write_bytes(b"0" * size)) for at, size in asked.get("written", [])],
    "unmounted": [libc.umount2(place.encode(), 2) for place in asked.get("unmounted", [])],
    "cleared": libc.mount(None, b"/", None, 0x1020, None),
}))
"""


def confined(sight: dict[str, object], asked: dict[str, object]) -> dict[str, Any]:
    """What a process found that was started by one that had given things up."""
    answer = subprocess.run(
        [sys.executable, "-c", CONFINED, json.dumps(sight), TRIES, json.dumps(asked)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stderr
    said = json.loads(answer.stdout)
    if not grants_namespaces():
        assert said["kept"] == list(NOTHING_GIVEN_UP)
        pytest.skip("this system grants no namespaces to a process")
    assert said["kept"] == []
    return said["said"]


def grants_namespaces() -> bool:
    """Whether another program than ours is granted the same namespaces here."""
    asked = ["unshare", "--user", "--map-current-user", "--mount", "--net", "true"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    """Folders below the system's shared one: the check's own, the head's files, and a home with keys."""
    made = {name: tmp_path / name for name in ("own", "head", "home")}
    for folder in (*made.values(), made["home"] / ".ssh"):
        folder.mkdir()
    (made["home"] / ".ssh" / "id").write_text("key", encoding="utf-8")
    (made["home"] / ".netrc").write_text("token", encoding="utf-8")
    (made["head"] / "module.py").write_text("x = 1", encoding="utf-8")
    return made


def test_the_network_and_credentials_are_gone_for_all_that_is_started(places: dict[str, Path]) -> None:
    home = places["home"]
    hidden = [str(home / ".ssh"), str(home / ".netrc"), str(home / "gone")]
    sight = {"own": str(places["own"]), "needed": [str(home), str(ROOT)], "hidden": hidden}
    said = confined(sight, {"addresses": [["192.0.2.1", 80]], "seen": hidden[:2], "unmounted": hidden[:2]})
    assert said["interfaces"] == ["lo"]
    assert said["reached"] == ["connected", "ENETUNREACH"]
    assert said["seen"] == [[], ""]
    assert said["unmounted"] == [-1, -1]
    assert (home / ".ssh" / "id").read_text(encoding="utf-8") == "key"


def test_only_its_own_folder_can_be_written_and_no_large_file(places: dict[str, Path]) -> None:
    own, head = places["own"], places["head"]
    elsewhere = [head / "module.py", head / "new.pyc", places["home"] / ".profile", Path(sys.prefix, "new.pth")]
    written = [(str(own / "state"), 1), ("/dev/null", 1), (str(own / "large"), 2_000_000)]
    sight = {"own": str(own), "needed": [str(head), str(places["home"]), str(ROOT)]}
    said = confined(sight, {"seen": [str(head)], "written": [*written, *((str(place), 1) for place in elsewhere)]})
    assert said["written"] == [1, 1, "EFBIG", *["EROFS"] * len(elsewhere)]
    assert said["cleared"] == -1
    assert said["seen"] == [["module.py"]]
    assert (own / "state").read_bytes() == b"0"


def test_what_others_leave_in_shared_folders_is_not_there(places: dict[str, Path]) -> None:
    left, scratch = places["home"] / "agent", Path(tempfile.gettempdir(), f"quantos-test-{os.getpid()}")
    sight = {"own": str(places["own"]), "needed": [str(ROOT), tempfile.gettempdir()]}
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind(str(left))
        agent.listen()
        said = confined(sight, {"addresses": [str(left)], "seen": ["/run"], "written": [(str(scratch), 1)]})
    assert said["reached"] == ["connected", "ENOENT"]
    assert said["seen"] == [[]]
    assert said["written"] == [1]
    assert not scratch.exists()


def test_variables_are_those_of_a_list_and_the_home_is_another(tmp_path: Path) -> None:
    given = {
        "PATH": "/bin",
        "LANG": "C",
        "HOME": "/home/ada",
        "AWS_SECRET_ACCESS_KEY": "x",
        "GITHUB_TOKEN": "x",
        "SSH_AUTH_SOCK": "/tmp/agent",
        "DOCKER_HOST": "unix:///x",
        "VAULT_TOKEN": "x",
        "ANYTHING": "x",
    }
    assert confined_environment(given, home=tmp_path) == {
        "PATH": "/bin",
        "LANG": "C",
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
    }


def test_only_what_is_there_is_hidden(tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".netrc").write_text("", encoding="utf-8")
    (tmp_path / "work").mkdir()
    places = credential_places(tmp_path, uid=987654)
    assert places == (str(tmp_path / ".aws"), str(tmp_path / ".netrc"))
