"""What a worker and its supervisor tell each other is there whole or not at all, and one claims."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from quantos.deployment.holders import ProcessMark
from quantos.orchestration.attempt.folder import AttemptFolder, Claim, Exit, folder_of


def test_of_many_one_claims_it(tmp_path: Path) -> None:
    folder = AttemptFolder(tmp_path / "a")
    folder.prepare(b"order")
    claims = [Claim(process=ProcessMark("host", pid, "1"), at_ms=pid) for pid in range(1, 9)]
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(folder.claim, claims))
    assert sum(won) == 1
    assert folder.claimed() == claims[won.index(True)]


def test_a_folder_says_what_was_kept_in_it(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "alpha/bt-1/1/a/1")
    folder.prepare(b"order")
    assert (folder.order.read_bytes(), folder.claimed(), folder.exited(), folder.stop_asked_ms()) == (
        b"order",
        None,
        None,
        None,
    )
    outcome = Exit(end="failure", detail="exit code 3", evidence="CPython", started_ms=1, ended_ms=2)
    folder.exit(outcome)
    folder.ask_to_stop(now_ms=7)
    folder.ask_to_stop(now_ms=8)
    assert (folder.exited(), folder.stop_asked_ms()) == (outcome, 7)


def test_preparing_again_leaves_what_is_there(tmp_path: Path) -> None:
    folder = AttemptFolder(tmp_path / "a")
    folder.prepare(b"order")
    (folder.workspace / "file").touch()
    assert folder.claim(Claim(process=None, at_ms=1))
    folder.prepare(b"order")
    assert (folder.workspace / "file").exists()
    assert folder.claimed() == Claim(process=None, at_ms=1)


def test_names_have_folders_of_their_own(tmp_path: Path) -> None:
    assert folder_of(tmp_path, "alpha/a/1/b/1").path != folder_of(tmp_path, "alpha/a/1/b/2").path


def test_a_folder_that_is_half_removed_is_claimed_by_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = AttemptFolder(tmp_path / "a")
    folder.prepare(b"order")
    claim = Claim(process=ProcessMark("host", 1, "1"), at_ms=1)
    assert folder.claim(claim)

    def killed_halfway(path: Path, **_: bool) -> None:
        (path / "claim.json").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", killed_halfway)
        with pytest.raises(KeyboardInterrupt):
            folder.remove()
    with pytest.raises(FileNotFoundError):
        folder.claim(claim)
    folder.remove()
    assert list(tmp_path.iterdir()) == []
