"""Revisions of the project: which a change is compared with, and their files."""

import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

from quantos.errors import RevisionError
from quantos.pull_request.model import Revision

MAIN_BRANCHES = ("origin/main", "main")
WORKING_TREE = "working tree"


def base_of(root: Path, head: Revision, *, asked: str | None) -> Revision:
    """What the head is compared with: what was asked for, or where it left the main branch.

    Raises:
        RevisionError: there is no such revision, or no main branch to have left.
    """
    if asked is not None:
        return Revision(label=asked, commit=_commit(root, asked))
    for branch in MAIN_BRANCHES:
        if commit := _git(root, "merge-base", branch, head.commit, check=False):
            return Revision(label=f"merge base with {branch}", commit=commit)
    raise RevisionError(
        f"none of {', '.join(MAIN_BRANCHES)} shares history with the head",
        remedy="fetch the main branch with its history, or name a revision: --base REF",
    )


def head_of(root: Path, *, asked: str | None) -> Revision:
    """The revision to check: a commit, or the files as they lie in the folder. Raises RevisionError."""
    if asked is not None:
        return Revision(label=asked, commit=_commit(root, asked))
    changed = _git(root, "status", "--porcelain", "--untracked-files=all").splitlines()
    return Revision(label=WORKING_TREE, commit=_commit(root, "HEAD"), uncommitted_files=len(changed))


def extract(root: Path, commit: str, *, folder: Path) -> Path:
    """Write the files of a commit into `folder`, and return it. Raises RevisionError."""
    folder.mkdir(parents=True)
    command = _command(root, ["archive", "--format=tar", commit])
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as git:
        if git.stdout is not None:
            with tarfile.open(fileobj=git.stdout, mode="r|") as archive:
                archive.extractall(folder, filter="data")
    if git.returncode:
        raise RevisionError(f"commit {commit} cannot be read", remedy="fetch it, or name another revision")
    return folder


def _commit(root: Path, name: str) -> str:
    commit = _git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", check=False)
    if not commit:
        raise RevisionError(
            f"{root} has no revision {name!r}", remedy="name a commit, branch or tag of a git repository, or fetch it"
        )
    return commit


def _git(root: Path, *arguments: str, check: bool = True) -> str:
    answer = subprocess.run(_command(root, arguments), capture_output=True, text=True, check=False)
    if check and answer.returncode:
        raise RevisionError(
            f"git {arguments[0]} failed: {answer.stderr.strip()}", remedy="run from a git checkout of the project"
        )
    return answer.stdout.strip() if not answer.returncode else ""


def _command(root: Path, arguments: Sequence[str]) -> list[str]:
    """Git as in a continuous integration, where files may belong to another user."""
    return ["git", "-c", f"safe.directory={root}", "-C", str(root), *arguments]
