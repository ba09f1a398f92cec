"""Holds a commit message to the project's form: a subject in the imperative of at most 72 characters, then why.

Run by a hook with the file of the message: `python -m scripts.commit_message FILE`. Exit code 1 says what to change.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

LONGEST: Final = 72
NO_IMPERATIVE: Final = re.compile(
    r"\w+(ed|ing)\b|(adds|fixes|makes|moves|removes|renames|updates|uses)\b", re.IGNORECASE
)
KEPT_WORDS: Final = frozenset({"bring", "embed", "feed", "need", "proceed", "shed", "speed", "string", "weed"})
GIT_WRITES: Final = ("Merge ", "Revert ", "fixup! ", "squash! ", "amend! ")


def complaints(message: str) -> Iterator[str]:
    """What is wrong with a commit message, whose lines that begin with `#` are git's own."""
    lines = [line.rstrip() for line in message.splitlines() if not line.startswith("#")]
    subject, *rest = lines or [""]
    if subject.startswith(GIT_WRITES):
        return
    if not subject:
        yield "the subject is empty: say what the commit does"
        return
    if len(subject) > LONGEST:
        yield f"the subject has {len(subject)} characters: at most {LONGEST}, the rest belongs to the body"
    first = subject.split()[0]
    if not first[0].isupper():
        yield f"the subject begins with {first!r}: begin with a capital"
    if NO_IMPERATIVE.match(first) and first.lower() not in KEPT_WORDS:
        yield f"the subject begins with {first!r}: name the deed in the imperative, as in `Add`, `Hold`, `Refuse`"
    if subject.endswith("."):
        yield "the subject ends with a full stop: leave it out"
    if rest and rest[0]:
        yield "the second line is not empty: leave one between subject and body"
    if not any(rest):
        yield "there is no body: say why, in a sentence"


def main(path: str) -> int:
    """Tell what is wrong with the message in a file."""
    said = list(complaints(Path(path).read_text(encoding="utf-8")))
    for complaint in said:
        print(complaint, file=sys.stderr)
    return int(bool(said))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
