"""Revisions of a repository made for the test."""

import subprocess
from pathlib import Path

import pytest

from quantos.errors import RevisionError
from quantos.pull_request.model import Revision
from sandbox.pull_request.revisions import base_of, extract, head_of


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(root), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """`main` at one commit, and a branch checked out that has gone on from it."""
    root = tmp_path / "project"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    (root / "file").write_text("base", encoding="utf-8")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "base")
    git(root, "checkout", "-q", "-b", "change")
    (root / "file").write_text("head", encoding="utf-8")
    git(root, "commit", "-q", "-a", "-m", "head")
    return root


def test_the_base_is_where_the_head_left_main(repository: Path) -> None:
    base = base_of(repository, head_of(repository, asked=None), asked=None)
    assert base == Revision(label="merge base with main", commit=git(repository, "rev-parse", "main"))
    assert (extract(repository, base.commit, folder=repository.parent / "base") / "file").read_text() == "base"


def test_the_working_tree_is_the_head_and_counts_what_is_not_committed(repository: Path) -> None:
    (repository / "new").write_text("", encoding="utf-8")
    (repository / "file").write_text("changed", encoding="utf-8")
    head = head_of(repository, asked=None)
    assert (head.label, head.uncommitted_files) == ("working tree", 2)


def test_a_revision_that_is_not_there_is_refused(repository: Path) -> None:
    with pytest.raises(RevisionError, match="nowhere"):
        base_of(repository, head_of(repository, asked=None), asked="nowhere")


def test_a_head_that_shares_nothing_with_main_needs_a_base(repository: Path) -> None:
    git(repository, "checkout", "-q", "--orphan", "apart")
    git(repository, "commit", "-q", "-m", "apart")
    git(repository, "branch", "-q", "-D", "main")
    with pytest.raises(RevisionError, match="shares history"):
        base_of(repository, head_of(repository, asked=None), asked=None)


def test_a_folder_that_is_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RevisionError):
        head_of(tmp_path, asked=None)
