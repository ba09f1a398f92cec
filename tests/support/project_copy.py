"""A copy of the project as a repository of its own, in which a test changes what it likes."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from quantos.pull_request.sources import SourceTree

ROOT = Path(__file__).resolve().parents[2]
KEPT = (
    ".github",
    ".gitignore",
    "Pulumi.yaml",
    "pyproject.toml",
    "uv.lock",
    "cli",
    "components",
    "lambdas",
    "policy_packs",
    "quantos",
    "sandbox",
    "stacks",
)
EMPTY_PROGRAM = '''"""A layer of nothing."""


def program(settings):
    """Declare nothing."""
'''


def copy_project(folder: Path, *, environments: Sequence[str], emptied: Sequence[str] = ()) -> Path:
    """The project's sources in `folder`, committed on `main`; layers in `emptied` declare nothing."""
    ignored = shutil.ignore_patterns("__pycache__")
    folder.mkdir(parents=True)
    for name in KEPT:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy2(source, folder / name)
    for path in (folder / "stacks" / "environments").glob("*.yaml"):
        if path.stem not in environments:
            path.unlink()
    for layer in emptied:
        program_of(folder, layer).write_text(EMPTY_PROGRAM, encoding="utf-8")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "base")
    return folder


def program_of(folder: Path, layer: str) -> Path:
    """The file with which a layer's program begins."""
    return folder / SourceTree(folder).program(layer)


def git(folder: Path, *arguments: str) -> str:
    """Run git in `folder` as somebody."""
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def start_check(folder: Path, *arguments: str, scratch: Path, out: Path) -> "subprocess.Popen[str]":
    """Start `quantos pr-check` of the copy, from a shell that targets other places; it writes in `scratch`."""
    scratch.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-P",
        "-c",
        "from cli.main import main; main()",
        "pr-check",
        "--out",
        str(out),
        *arguments,
    ]
    elsewhere = {"PULUMI_BACKEND_URL": "s3://nowhere", "QUANTOS_KUBECONFIG": "/nowhere", "AWS_PROFILE": "nowhere"}
    variables: Mapping[str, str] = {**os.environ, **elsewhere, "PYTHONPATH": str(folder), "TMPDIR": str(scratch)}
    return subprocess.Popen(
        command, cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def processes_in(folder: Path) -> list[str]:
    """Command lines of processes that speak of `folder`, or work in it."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            at = str((process / "cwd").readlink())
        except OSError:
            continue
        if str(folder) in line or at.startswith(str(folder)):
            found.append(line)
    return found
