"""The form of commit messages."""

from pathlib import Path

import pytest

from scripts.commit_message import complaints, main

WHY = "\n\nIt was not there, and nobody missed it until now.\n"


@pytest.mark.parametrize(
    "subject",
    [
        "Let every environment stand in one sandbox",
        "Need no engine for a plan",
        "Bring the chain up to the bucket",
        "String the stages together",
        "Raise boto3 from 1.40 to 1.41",
        "A" * 72,
    ],
)
def test_a_good_message_passes(subject: str) -> None:
    assert list(complaints(subject + WHY)) == []


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("", "empty"),
        ("# only what git wrote\n", "empty"),
        ("A" * 73 + WHY, "73 characters"),
        ("let it be" + WHY, "begin with a capital"),
        ("Added a rule" + WHY, "imperative"),
        ("Adding a rule" + WHY, "imperative"),
        ("Fixes the rule" + WHY, "imperative"),
        ("Hold the rule." + WHY, "full stop"),
        ("Hold the rule\nbecause", "second line"),
        ("Hold the rule", "no body"),
        ("Hold the rule\n\n# nothing but git's own lines\n", "no body"),
    ],
)
def test_what_is_wrong_is_said(message: str, said: str) -> None:
    assert any(said in complaint for complaint in complaints(message))


@pytest.mark.parametrize("subject", ["Merge branch 'x'", 'Revert "Hold"', "fixup! Hold the rule"])
def test_what_git_writes_itself_passes(subject: str) -> None:
    assert list(complaints(subject)) == []


def test_the_hook_refuses_by_its_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "COMMIT_EDITMSG"
    file.write_text("added x", encoding="utf-8")
    assert main(str(file)) == 1
    assert "imperative" in capsys.readouterr().err
    file.write_text(f"Add x{WHY}", encoding="utf-8")
    assert main(str(file)) == 0
