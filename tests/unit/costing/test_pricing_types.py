"""Whatever the project can declare has a price or is listed as free with the reason."""

import ast
from collections.abc import Iterator
from pathlib import Path

from quantos.catalog.free_types import free_types, is_free
from quantos.costing.pricing import PRICERS
from sandbox.providers.aws.rows import all_rows

ROOT = Path(__file__).resolve().parents[3]


def test_every_type_that_the_sandbox_models_is_priced_or_free() -> None:
    unknown = sorted(row.resource for row in all_rows() if row.resource not in PRICERS and not is_free(row.resource))
    assert unknown == [], "give each a pricer in quantos/costing, or a reason in quantos/catalog/data/free_types.csv"


def test_no_type_is_both_priced_and_free() -> None:
    assert sorted(kind for kind in PRICERS if is_free(kind)) == []
    assert all(reason for reason in free_types().values())


def declared_objects() -> Iterator[tuple[str, str]]:
    """The API version and kind of every custom resource that a component declares, where both stand in its call."""
    for path in sorted((ROOT / "components").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            target.id: node.value.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                given = {word.arg: word.value for word in node.keywords}
                found = [_text(given.get(key), constants) for key in ("api_version", "kind")]
                if all(found):
                    yield found[0], found[1]


def _text(node: ast.expr | None, constants: dict[str, object]) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    return str(constants.get(node.id, "")) if isinstance(node, ast.Name) else ""


def test_every_custom_resource_of_the_components_is_priced_or_free() -> None:
    found = {f"kubernetes:{version}:{kind}" for version, kind in declared_objects()}
    assert "kubernetes:external-secrets.io/v1:ExternalSecret" in found
    assert sorted(kind for kind in found if kind not in PRICERS and not is_free(kind)) == []
