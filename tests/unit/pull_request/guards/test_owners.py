"""Who approves what, by CODEOWNERS."""

from pathlib import Path

import pytest

from quantos.pull_request.guards.files import GUARDED_FILES
from quantos.pull_request.guards.owners import FILE, CodeOwners

ROOT = Path(__file__).resolve().parents[4]
TEXT = """
# a comment
*            @all
*.md         @writers  # another
/docs/       @docs @more
policy/      @policy
/stacks/*.py @stacks
/a/**/z.yaml @deep
/secret.txt
/quantos/policy/cost @cost
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("anything.py", ("@all",)),
        ("deep/below/any.thing", ("@all",)),
        ("README.md", ("@writers",)),
        ("x/y/README.md", ("@writers",)),
        ("docs/README.md", ("@docs", "@more")),
        ("other/docs/x.txt", ("@all",)),
        ("x/policy/y/z.py", ("@policy",)),
        ("policy/z.py", ("@policy",)),
        ("policy", ("@all",)),
        ("stacks/a.py", ("@stacks",)),
        ("stacks/deep/a.py", ("@all",)),
        ("a/z.yaml", ("@deep",)),
        ("a/b/c/z.yaml", ("@deep",)),
        ("secret.txt", ()),
        ("quantos/policy/cost/rules.py", ("@cost",)),
        ("quantos/policy/costly.py", ("@policy",)),
    ],
)
def test_the_last_pattern_that_fits_names_the_owners(path: str, owners: tuple[str, ...]) -> None:
    assert CodeOwners(TEXT).of(path) == owners


def test_an_empty_file_names_nobody() -> None:
    assert CodeOwners("").of("README.md") == ()


def test_what_guards_is_not_approved_by_who_writes_everything_else() -> None:
    owners = CodeOwners((ROOT / FILE).read_text(encoding="utf-8"))
    anybody = owners.of("components/aws/storage/bucket.py")
    places = [place for places in GUARDED_FILES.values() for place in places]
    files = [place if (ROOT / place).is_file() else f"{place}/x" for place in places]
    files += ["stacks/environments/prod.yaml", "Makefile", "new.toml", "components/conftest.py", "docs/.gitattributes"]
    files += [f"tests/unit/{place.removeprefix('quantos/')}/x.py" for place in places if not place.startswith("tests")]
    assert [file for file in files if not owners.of(file) or set(anybody) & set(owners.of(file))] == []


def test_a_plain_document_is_approved_by_anybody() -> None:
    owners = CodeOwners((ROOT / FILE).read_text(encoding="utf-8"))
    assert owners.of("README.md") == owners.of("docs/pull-requests.md") == owners.of("components/x.py")
