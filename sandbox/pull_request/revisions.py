"""Revisions of the project: which a change is compared with, and their files."""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from quantos.errors import RevisionError
from quantos.pull_request.model import Revision
from quantos.pull_request.sources import SourceTree

MAIN_BRANCHES = ("origin/main", "main")
WORKING_TREE = "working tree"
_LINK, _EXECUTABLE, _SUBMODULE = "120000", "100755", "160000"


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


def checked_out(root: Path) -> SourceTree:
    """The files of a checkout as they lie there: those that git tracks, and new ones that it does not ignore.

    Raises:
        RevisionError: there is no repository, or a file has a name or is a link that no project needs.
    """
    names = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    listed = frozenset(name for name in names if name and ((root / name).is_symlink() or (root / name).is_file()))
    for name in sorted(listed):
        _hold_to_names(name)
        _hold_to_project(root, name)
    return SourceTree(root, listed)


def extract(root: Path, commit: str, *, folder: Path) -> SourceTree:
    """Write the files of a commit into `folder`, byte for byte: no attribute of the commit leaves out or alters one.

    Raises:
        RevisionError: the commit cannot be read, or a file has a name or is a link that no project needs.
    """
    folder.mkdir(parents=True)
    entries = sorted(_entries(root, commit), key=lambda entry: entry.mode == _LINK)
    try:
        with tempfile.TemporaryFile() as contents:
            asked = "".join(f"{entry.content}\n" for entry in entries).encode()
            subprocess.run(_command(root, ["cat-file", "--batch"]), input=asked, stdout=contents, check=False)
            contents.seek(0)
            for entry in entries:
                _write(folder / entry.path, entry, contents=contents)
    except OSError as exc:
        raise RevisionError(f"commit {commit} cannot be written: {exc}", remedy="correct its files") from exc
    for entry in entries:
        _hold_to_project(folder, entry.path)
    return SourceTree(folder, frozenset(entry.path for entry in entries))


@dataclass(frozen=True)
class _Entry:
    """A file of a commit: git's mode and name of its content, and its path."""

    mode: str
    content: str
    path: str


def _entries(root: Path, commit: str) -> Iterator[_Entry]:
    for line in _git(root, "ls-tree", "-r", "-z", "--full-tree", commit).split("\0"):
        described, _, path = line.partition("\t")
        if described and not described.startswith(_SUBMODULE):
            _hold_to_names(path)
            yield _Entry(described[:6], described.rpartition(" ")[2], path)


def _write(path: Path, entry: _Entry, *, contents: IO[bytes]) -> None:
    """Write the file whose content git tells next."""
    header = contents.readline().split()
    if len(header) != len(("name", "kind", "bytes")):
        raise RevisionError(f"{entry.path} cannot be read from git", remedy="fetch the commit with all its files")
    content = contents.read(int(header[2]))
    contents.read(len(b"\n"))
    path.parent.mkdir(parents=True, exist_ok=True)
    if entry.mode == _LINK:
        path.symlink_to(os.fsdecode(content))
        return
    with path.open("xb") as file:
        file.write(content)
    path.chmod(0o755 if entry.mode == _EXECUTABLE else 0o644)


def _hold_to_names(name: str) -> None:
    if not name.isprintable() or not {"", ".", "..", ".git"}.isdisjoint(name.lower().split("/")):
        raise RevisionError(f"a file is named {name!r}, which is no plain name", remedy="give it another one")


def _hold_to_project(root: Path, name: str) -> None:
    """Refuse a link that is absolute, leads out of the project, or in a circle."""
    path = root / name
    if not path.is_symlink():
        return
    leads = path.readlink()
    try:
        inside = not leads.is_absolute() and path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        inside = False
    if not inside:
        raise RevisionError(
            f"{name} is a link to {leads}, which is not in the project", remedy="commit the file itself in its place"
        )


def _commit(root: Path, name: str) -> str:
    commit = _git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", check=False)
    if not commit:
        raise RevisionError(
            f"{root} has no revision {name!r}", remedy="name a commit, branch or tag of a git repository, or fetch it"
        )
    return commit


def _git(root: Path, *arguments: str, check: bool = True) -> str:
    answer = subprocess.run(
        _command(root, arguments), capture_output=True, encoding="utf-8", errors="surrogateescape", check=False
    )
    if check and answer.returncode:
        raise RevisionError(
            f"git {arguments[0]} failed: {answer.stderr.strip()}", remedy="run from a git checkout of the project"
        )
    return answer.stdout.removesuffix("\n") if not answer.returncode else ""


def _command(root: Path, arguments: Sequence[str]) -> list[str]:
    """Git as in a continuous integration, where files may belong to another user."""
    return ["git", "-c", f"safe.directory={root}", "-C", str(root), *arguments]
