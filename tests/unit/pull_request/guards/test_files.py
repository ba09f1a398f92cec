"""Files that guard the project."""

from pathlib import Path

import pytest

from quantos.pull_request.guards.files import GUARDED_FILES, UNGUARDED, changed_files, guard_of
from quantos.pull_request.model import Guard
from tests.support.source_trees import write_tree

ROOT = Path(__file__).resolve().parents[4]


def test_every_place_that_is_guarded_is_there() -> None:
    places = [place for places in GUARDED_FILES.values() for place in places]
    assert [place for place in (*places, *UNGUARDED) if not (ROOT / place).exists()] == []


@pytest.mark.parametrize(
    ("path", "guard"),
    [
        ("policy_packs/cost/__main__.py", "packs"),
        ("quantos/policy/out/evil.py", "packs"),
        ("quantos/policy_of_ours.py", None),
        ("cli/commands/plan.py", "check"),
        ("sandbox/providers/aws/rows/s3.py", "check"),
        ("quantos/environment/provider_rules.py", "reading"),
        ("quantos/environment/settings/limits.py", "reading"),
        ("quantos/documents/yaml_document.py", "reading"),
        ("quantos/charts/links/exceptions.py", "reading"),
        ("quantos/audit/chain.py", "audit"),
        ("quantos/deployment/adapters/layers.py", "check"),
        ("quantos/capacity/resize/resizer.py", "resizing"),
        ("quantos/capacity/adapters/pulumi_engine.py", "resizing"),
        ("lambdas/resize/handler.py", "resizing"),
        ("lambdas/ingest/handler.py", None),
        ("quantos/capacity/planning/plan.py", None),
        ("tests/engine/test_layers.py", "tests"),
        ("tests/services/test_admission_policies.py", "tests"),
        ("tests/faults/test_kill_sweep.py", "tests"),
        ("tests/unit/audit/test_chain.py", "tests"),
        ("tests/unit/capacity/resize/test_resizer.py", "tests"),
        ("tests/unit/lambdas/resize/test_handler.py", "tests"),
        ("tests/unit/cli/test_main.py", "tests"),
        ("tests/unit/policy_packs/test_x.py", "tests"),
        ("tests/unit/capacity/planning/test_plan.py", None),
        ("tests/unit/components/test_bucket.py", None),
        ("tests/unit/components/conftest.py", "workflow"),
        ("components/usercustomize.py", "workflow"),
        ("docs/.gitattributes", "workflow"),
        ("stacks/a.pth", "workflow"),
        ("Pulumi.dev-control.yaml", "workflow"),
        ("sitecustomize.py", "workflow"),
        (".envrc", "workflow"),
        ("yaml.py", "workflow"),
        ("yaml/__init__.py", "workflow"),
        (".venv/bin/python", "workflow"),
        ("README.md", None),
        ("docs/README.md", None),
        ("components/README.md", None),
        ("stacks/control.py", None),
    ],
)
def test_which_guard_a_file_is(path: str, guard: Guard | None) -> None:
    assert guard_of(path) == guard


def test_what_became_of_each_file_is_said_once_and_by_the_first_guard_that_holds_it(tmp_path: Path) -> None:
    base = write_tree(
        tmp_path / "base", {"quantos/policy/a.py": "1", "Makefile": "1", "uv.lock": "1", "docs/other": "1"}
    )
    head = write_tree(
        tmp_path / "head", {"quantos/policy/a.py": "2", "Makefile": "1", "scripts/new.py": "", "docs/other": "2"}
    )
    assert list(changed_files(head, base)) == [
        ("packs", "quantos/policy/a.py", "changed"),
        ("workflow", "scripts/new.py", "added"),
        ("workflow", "uv.lock", "removed"),
    ]
