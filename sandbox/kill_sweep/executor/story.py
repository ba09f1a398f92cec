"""What an executor is asked, and what programs do: one gives, one fails, one is stopped, two never run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from quantos.contracts.dag.spec import Requests
from quantos.contracts.dag.submission import SubmissionRequest
from quantos.orchestration.execution.classify import End
from quantos.orchestration.protocol.effects import Create, Stop
from quantos.orchestration.protocol.rows import AttemptKey, Node, Order, RunKey
from sandbox.execution.machine import Machine, Room

RUN: Final = RunKey("research", "story")
OK, FAILS, LONG, WAITS, NEVER = "ok", "fails", "long", "waits", "never"
ENDS: Final[Mapping[str, End]] = {
    OK: "succeeded",
    FAILS: "failure",
    LONG: "cancelled",
    WAITS: "cancelled",
    NEVER: "cancelled",
}
"""How each attempt ends when its worker is not killed; `waits` is stopped while it waits, `never` before it comes."""

KEYS: Final = {node: AttemptKey(RUN, node, 1) for node in ENDS}
NODES: Final = {str(key): node for node, key in KEYS.items()}
PROGRAMS: Final = (OK, FAILS, LONG)
MACHINE: Final = Machine(room=Room(milli_cores=3000, memory_bytes=3 * 2**30))
REQUESTS: Final = Requests.model_validate({"cpu": "1", "mem": "1Gi", "gpu": 0})
WHOLE_ROOM: Final = Requests.model_validate({"cpu": "3", "mem": "3Gi", "gpu": 0})
OUTPUT, GIVEN = "answer", "42" * 1000
SAID: Final = {OK: "begun\n", FAILS: "begun\nno rows", LONG: "begun\n"}
"""What each program says; a line without an end is kept by the executor, since its worker waits for the end."""

BEGAN: Final = "story.began"
"""Topic on which programs say that they run."""

GO: Final = "go"
"""A file of its workspace for which a program waits."""

IMAGE: Final = "example.org/story:1"
_LOCK: Final = """version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "story"
version = "1"
source = { virtual = "." }
"""
_PROGRAM: Final = f"""import json, os, pathlib, subprocess, sys, time, urllib.request
params = json.loads(pathlib.Path(os.environ["QUANTOS_PARAMS"]).read_text())
node = params["node"]
said = json.dumps({{"key": node, "value": str(os.getpid())}}).encode()
urllib.request.urlopen(urllib.request.Request(params["began"], said, method="POST")).read()
if node == "{LONG}":
    subprocess.Popen(["/bin/sleep", "600"], start_new_session=True)
print("begun", flush=True)
while not os.path.exists("{GO}"):
    time.sleep(0.02)
if node == "{FAILS}":
    sys.stderr.write("no rows")
    sys.exit(3)
pathlib.Path("{OUTPUT}.txt").write_text("{GIVEN}")
pathlib.Path(os.environ["QUANTOS_OUTPUTS"]).write_text(json.dumps({{"{OUTPUT}": "{OUTPUT}.txt"}}))
"""


def write_image(images: Path) -> None:
    """Write the image of the programs into a folder of images."""
    folder = images / "story"
    (folder / "story").mkdir(parents=True)
    (folder / "story" / "__main__.py").write_text(_PROGRAM, encoding="utf-8")
    (folder / "uv.lock").write_text(_LOCK, encoding="utf-8")
    (folder / "image.toml").write_text(
        f'image = "{IMAGE}"\ncommand = ["python", "-m", "story"]\ncode = ["story"]\n', encoding="utf-8"
    )
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "story"\nversion = "1"\nrequires-python = ">=3.11"\n\n[tool.uv]\npackage = false\n',
        encoding="utf-8",
    )


def submission(url: str) -> SubmissionRequest:
    """What was submitted; programs say at `url` that they run."""
    nodes = [
        {
            "id": node,
            "kind": "python_task",
            "image": IMAGE,
            "params": {"node": node, "began": f"{url}{BEGAN}"},
            "outs": [OUTPUT] if node == OK else [],
        }
        for node in ENDS
    ]
    params = {"submission_id": "story", "env": "dev"}
    dag = {"version": 1, "pipeline_id": "story", "slo": {"max_runtime": "1h"}, "nodes": nodes}
    return SubmissionRequest.model_validate({"dag": {**dag, "edges": ()}, "params": params})


def first_orders(digest: str) -> tuple[Create | Stop, ...]:
    """What the executor is asked at once: what runs takes its whole room, the last is stopped before it comes."""
    waiting = [Create(_order(node, digest)) for node in (*PROGRAMS, WAITS)]
    return (*waiting, Stop(KEYS[NEVER]), Create(_order(NEVER, digest)))


def _order(node: str, digest: str) -> Order:
    requests = WHOLE_ROOM if node == WAITS else REQUESTS
    row = Node(
        run=RUN, digest=digest, id=node, upstream=(), requests=requests, expected_ms=1000, max_attempts=1, attempt=1,
        limit_ms=600_000,
    )  # fmt: skip
    return Order(node=row, inputs=())
