"""The sandbox's life: moto as a child process, Pulumi's backend beside it, both forgotten together."""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import shutil
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from quantos.deployment.backend import file_backend_url
from sandbox.child_process import ProcessMark, end, start_detached
from sandbox.errors import SandboxError
from sandbox.project_folder import write_project
from sandbox.providers.store import STORE_VARIABLE

START_SECONDS = 60.0
STOP_SECONDS = 10.0
REGION = "us-east-1"
ACCOUNT_ID = "123456789012"
"""The account that moto answers as, whichever environment asks."""
PASSPHRASE = "sandbox"  # noqa: S105  for stacks made by hand; protects nothing: the state goes with the sandbox
STATE_KEY = "alias/quantos-sandbox-state"
STATE_FOLDER = ".quantos"
STATE_VARIABLE = "QUANTOS_STATE_DIR"
PLUGINS: Mapping[str, str] = {
    "pulumi-resource-aws": "sandbox.providers.aws",
    "pulumi-resource-eks": "sandbox.providers.eks",
    "pulumi-resource-kubernetes": "sandbox.providers.kubernetes",
}
ONE_CHECKPOINT = {"PULUMI_SKIP_CHECKPOINTS": "true"}
"""The engine writes a stack's whole state at each step, two thirds of an `up`; what nobody resumes needs it once."""
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "USER")


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox.

    Attributes:
        state_dir: everything of it, absolute; discarded by `stop` except logs and Pulumi's plugin home.
        project_dir: the generated Pulumi project to run stacks in.
        endpoint_url: moto, on loopback.
    """

    state_dir: Path
    project_dir: Path
    endpoint_url: str
    process: ProcessMark
    engine_bin_dir: Path | None = None

    @property
    def manifest_dir(self) -> Path:
        """Where the Kubernetes stand-in writes manifests when no cluster is given."""
        return self.state_dir / "manifests"

    def environ(self) -> dict[str, str]:
        """Environment variables, PATH among them, by which programs and the engine target this sandbox.

        Whole values to lay over a process's environment; nothing in them says how the sandbox was built.
        """
        folders = [self.state_dir / "bin", self.engine_bin_dir, Path(sys.executable).parent]
        path = os.pathsep.join([*(str(folder) for folder in folders if folder), os.environ.get("PATH", os.defpath)])
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_SESSION_TOKEN": "",
            "AWS_PROFILE": "default",
            "AWS_CONFIG_FILE": str(self.state_dir / "aws-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.state_dir / "aws-config"),
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PATH": path,
            "PYTHONDONTWRITEBYTECODE": "",
            "PULUMI_HOME": str(self.state_dir / "pulumi-home"),
            "PULUMI_BACKEND_URL": file_backend_url(self.state_dir / "pulumi"),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SECRETS_PROVIDER": f"awskms://{STATE_KEY}?region={REGION}",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "true",
            "QUANTOS_SANDBOX": "1",
            STORE_VARIABLE: str(self.state_dir / "store.json"),
            "QUANTOS_SANDBOX_MANIFESTS": str(self.manifest_dir),
        }


@dataclass(frozen=True)
class SandboxStatus:
    """`stale`: a sandbox was started here and ended without `stop`; moto has forgotten, so its state is void."""

    condition: Literal["running", "stopped", "stale"]
    sandbox: Sandbox | None = None


def default_state_dir(project_root: Path) -> Path:
    """Where the sandbox of a checkout lives: a folder in it that git ignores, or what `QUANTOS_STATE_DIR` names."""
    named = os.environ.get(STATE_VARIABLE)
    return Path(named) if named else project_root / STATE_FOLDER


@contextmanager
def _locked(state_dir: Path) -> Iterator[None]:
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / "sandbox.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _record(state_dir: Path) -> Path:
    return state_dir / "sandbox.json"


def _recorded(state_dir: Path) -> Sandbox | None:
    try:
        record = json.loads(_record(state_dir).read_text(encoding="utf-8"))
        engine = record["engine_bin_dir"]
        return Sandbox(
            state_dir,
            state_dir / "project",
            record["endpoint_url"],
            ProcessMark(record["pid"], record["started"]),
            Path(engine) if engine else None,
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError) as error:
        raise SandboxError(
            f"{_record(state_dir)} cannot be read: {error}", remedy=f"remove the folder {state_dir} and start again"
        ) from error


def status(state_dir: Path) -> SandboxStatus:
    """Whether a sandbox runs in `state_dir`. Raises SandboxError where its record is damaged."""
    sandbox = _recorded(state_dir.resolve())
    if sandbox is None:
        return SandboxStatus("stopped")
    return SandboxStatus("running" if sandbox.process.alive() else "stale", sandbox)


def start(state_dir: Path, *, project_root: Path, engine_bin_dir: Path | None = None) -> Sandbox:
    """The sandbox in `state_dir`, started if it does not run; state left by one that was killed is discarded.

    Two callers at once get the same one. Takes about two seconds.

    Args:
        state_dir: a folder of its own, made if need be.
        project_root: the checkout whose stacks run in it.
        engine_bin_dir: folder of the Pulumi executables; None when they are on PATH.

    Raises:
        SandboxError: moto did not come up, or the checkout has no Pulumi.yaml.
    """
    state_dir, project_root = state_dir.resolve(), project_root.resolve()
    with _locked(state_dir):
        sandbox_status = status(state_dir)
        if sandbox_status.condition == "running" and sandbox_status.sandbox is not None:
            running = sandbox_status.sandbox
            sandbox = Sandbox(
                state_dir,
                running.project_dir,
                running.endpoint_url,
                running.process,
                engine_bin_dir or running.engine_bin_dir,
            )
        else:
            _discard(state_dir)
            sandbox = _started(state_dir, engine_bin_dir)
        write_plugins(state_dir / "bin")
        write_project(project_root, folder=state_dir / "project")
        (state_dir / "pulumi").mkdir(exist_ok=True)
        drop_attributes(state_dir / "pulumi")
        (state_dir / "aws-config").write_text("[default]\n", encoding="utf-8")
        _write_record(sandbox)
    return sandbox


def _write_record(sandbox: Sandbox) -> None:
    record = _record(sandbox.state_dir)
    partial = record.with_suffix(".partial")
    content = {
        "endpoint_url": sandbox.endpoint_url,
        "pid": sandbox.process.pid,
        "started": sandbox.process.started,
        "engine_bin_dir": str(sandbox.engine_bin_dir or ""),
    }
    partial.write_text(json.dumps(content), encoding="utf-8")
    partial.replace(record)


def source_root() -> Path:
    """The files of this very project, by whose code sandboxes and checks run."""
    return Path(__file__).resolve().parent.parent


def _started(state_dir: Path, engine_bin_dir: Path | None) -> Sandbox:
    port_file, log = state_dir / "moto.port", state_dir / "logs" / "moto.log"
    port_file.unlink(missing_ok=True)
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment |= {"PYTHONPATH": str(source_root()), "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
    environment |= {
        "MOTO_LAMBDA_STUB_ECR": "true",
        "MOTO_DISABLE_GLOBAL_CORS": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    command = [sys.executable, "-P", "-m", "sandbox.moto_server", str(port_file)]
    process = start_detached(command, log=log, cwd=state_dir, environment=environment)
    deadline = time.monotonic() + START_SECONDS
    while not port_file.exists():
        if not process.alive() or time.monotonic() > deadline:
            end(process, within_seconds=STOP_SECONDS)
            tail = log.read_text(encoding="utf-8", errors="replace")[-600:].strip()
            raise SandboxError(f"moto did not start: {tail or 'no output'}", remedy=f"read {log}")
        time.sleep(0.05)
    endpoint_url = f"http://127.0.0.1:{int(port_file.read_text(encoding='utf-8'))}"
    make_state_key(endpoint_url)
    return Sandbox(state_dir, state_dir / "project", endpoint_url, process, engine_bin_dir)


def make_state_key(endpoint_url: str) -> None:
    """The key that stacks encrypt secrets with, as an account has one.

    Asked for without an SDK: the caller's profile and credentials are another account's.
    """
    key = _ask_kms(endpoint_url, "CreateKey", {})["KeyMetadata"]["KeyId"]
    _ask_kms(endpoint_url, "CreateAlias", {"AliasName": STATE_KEY, "TargetKeyId": key})


def _ask_kms(endpoint_url: str, operation: str, request: Mapping[str, str]) -> dict[str, dict[str, str]]:
    headers = {
        "X-Amz-Target": f"TrentService.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/kms/aws4_request",
    }
    call = urllib.request.Request(endpoint_url, json.dumps(request).encode(), headers)  # noqa: S310  loopback
    with urllib.request.urlopen(call, timeout=START_SECONDS) as answer:  # noqa: S310
        return json.loads(answer.read() or b"{}")


def write_plugins(folder: Path) -> None:
    """Write the stand-ins' executables into `folder`; unbuffered, since an engine waits for their port."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, module in PLUGINS.items():
        python, source = shlex.quote(sys.executable), shlex.quote(str(source_root()))
        script = f'#!/bin/sh\nPYTHONPATH={source} exec {python} -u -P -m {module} "$@"\n'
        target = folder / name
        if target.exists() and target.read_text(encoding="utf-8") == script:
            continue
        partial = folder / f".{name}.partial"
        partial.write_text(script, encoding="utf-8")
        partial.chmod(0o755)
        partial.replace(target)


def drop_attributes(backend: Path) -> None:
    """Remove the `.attrs` files of an engine that still wrote them: the engine reads what is there, and fails on one
    that a kill left empty."""
    for path in (backend / ".pulumi").rglob("*.attrs"):
        path.unlink(missing_ok=True)


def _discard(state_dir: Path) -> None:
    """Forget moto and Pulumi together; logs and Pulumi's home, which holds no state, stay."""
    for name in ("pulumi", "project", "manifests", "executor"):
        shutil.rmtree(state_dir / name, ignore_errors=True)
    files = (
        "sandbox.json",
        "store.json",
        "store.lock",
        "moto.port",
        "lake.sqlite",
        "traces.jsonl",
        "orchestration.json",
    )
    for name in files:
        (state_dir / name).unlink(missing_ok=True)


def stop(state_dir: Path) -> SandboxStatus:
    """End what `start` started and discard its state; returns what was there before.

    Raises:
        SandboxError: moto does not end.
    """
    state_dir = state_dir.resolve()
    if not state_dir.exists():
        return SandboxStatus("stopped")
    with _locked(state_dir):
        sandbox_status = status(state_dir)
        if sandbox_status.condition == "running" and sandbox_status.sandbox is not None:
            end(sandbox_status.sandbox.process, within_seconds=STOP_SECONDS)
        _discard(state_dir)
    return sandbox_status
