"""What a process gives up before it runs a stranger's code, tried in processes of their own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.pull_request.confinement import (
    NO_CREDENTIALS,
    NO_NETWORK,
    confined_environment,
    credential_places,
)

ROOT = Path(__file__).resolve().parents[4]
PROBE = '''
import ctypes, json, pathlib, socket, subprocess, sys
from sandbox.pull_request.confinement import give_up
hidden = json.loads(sys.argv[1])
kept = give_up(hidden)
said = subprocess.run([sys.executable, "-c", """
import ctypes, json, pathlib, socket, sys
def reaches(address):
    probe = socket.socket(); probe.settimeout(2)
    try:
        probe.connect(address)
    except OSError as error:
        return str(error.errno)
    return "connected"
here = socket.create_server(("127.0.0.1", 0))
hidden = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
unmounted = [libc.umount2(place.encode(), 2) for place in hidden]
seen = [[x.name for x in pathlib.Path(p).iterdir()] if pathlib.Path(p).is_dir() else pathlib.Path(p).read_text()
        for p in hidden]
print(json.dumps({
    "loopback": reaches(here.getsockname()), "outside": reaches(("192.0.2.1", 80)),
    "interfaces": [name for _, name in socket.if_nameindex()], "seen": seen, "unmounted": unmounted,
}))
""", sys.argv[1]], capture_output=True, text=True, check=True).stdout
print(json.dumps({"kept": kept, **json.loads(said)}))
'''


def grants_namespaces() -> bool:
    """Whether another program than ours is granted the same namespaces here."""
    asked = ["unshare", "--user", "--map-current-user", "--mount", "--net", "true"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def test_the_network_and_credentials_are_gone_for_all_that_is_started(tmp_path: Path) -> None:
    keys, token = tmp_path / ".ssh", tmp_path / ".netrc"
    keys.mkdir()
    (keys / "id").write_text("key", encoding="utf-8")
    token.write_text("token", encoding="utf-8")
    given = json.dumps([str(keys), str(token)])
    answer = subprocess.run(
        [sys.executable, "-c", PROBE, given], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert answer.returncode == 0, answer.stderr
    said = json.loads(answer.stdout)
    if not grants_namespaces():
        assert said["kept"] == [NO_NETWORK, NO_CREDENTIALS]
        pytest.skip("this system grants no namespaces to a process")
    assert said["kept"] == []
    assert said["interfaces"] == ["lo"]
    assert said["loopback"] == "connected"
    assert said["outside"] == "101"  # ENETUNREACH
    assert said["seen"] == [[], ""]
    assert said["unmounted"] == [-1, -1]
    assert (keys / "id").read_text(encoding="utf-8") == "key"


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
