"""Which layers a change can touch."""

from pathlib import Path

import pytest

from quantos.environment.names import LAYERS
from quantos.pull_request.sources import INSTRUMENTS, SourceTree
from quantos.pull_request.touched import removed, touch_of
from tests.support.source_trees import write_tree

ROOT = Path(__file__).resolve().parents[3]
FILES = {
    "Pulumi.yaml": "name: quantos\n",
    "stacks/__init__.py": "",
    "stacks/__main__.py": "from stacks.programs import declare\n",
    "stacks/programs.py": (
        "from importlib import import_module\n\nPROGRAMS = {'platform': 'stacks.platform_services'}\n\n"
        "def declare(s):\n    import_module(PROGRAMS[s])\n"
    ),
    "stacks/foundation.py": "from components import bucket\n",
    "stacks/capacity.py": "import components.pool\n",
    "stacks/platform_services/__init__.py": "from . import queues\n",
    "stacks/platform_services/queues.py": "def program():\n    from components.queue import Queue\n",
    "stacks/control.py": "from components.function import Function\n",
    "stacks/environments/dev.yaml": "name: dev\n",
    "stacks/environments/prod.yaml": "name: prod\n",
    "components/__init__.py": "",
    "components/bucket.py": "",
    "components/pool.py": "",
    "components/queue.py": "",
    "components/function.py": "",
    "components/unused.py": "",
    "policy_packs/__init__.py": "",
    "policy_packs/cost/__init__.py": "",
    "policy_packs/cost/__main__.py": "from quantos.prices import PRICES\n",
    "quantos/__init__.py": "",
    "quantos/prices.py": "",
    "lambdas/ingest/handler.py": "",
    "docs/page.md": "",
    "tests/test_it.py": "",
}
ALL = ("foundation", "capacity", "platform", "control")


def tree(root: Path, **changed: str | None) -> SourceTree:
    return write_tree(root, {**FILES, **changed})


def touched(tmp_path: Path, changed: dict[str, str | None], environment: str = "dev") -> tuple[str, ...]:
    base, head = tree(tmp_path / "base"), tree(tmp_path / "head", **changed)
    touch = touch_of(environment, head=head, base=base)
    return tuple(layer.layer for layer in touch.layers if layer.touched)


@pytest.mark.parametrize(
    ("path", "layers"),
    [
        pytest.param("docs/page.md", (), id="documentation"),
        pytest.param("tests/test_it.py", (), id="tests"),
        pytest.param("lambdas/ingest/handler.py", (), id="a-function-is-named-by-its-image"),
        pytest.param("components/unused.py", (), id="a-component-that-nobody-uses"),
        pytest.param("stacks/environments/prod.yaml", (), id="another-environment"),
        pytest.param("components/bucket.py", ("foundation",), id="imported-as-a-name-of-a-package"),
        pytest.param("components/pool.py", ("capacity",), id="imported-as-a-module"),
        pytest.param("components/queue.py", ("platform",), id="imported-inside-a-function-of-a-relative-import"),
        pytest.param("stacks/control.py", ("control",), id="a-program"),
        pytest.param("stacks/environments/dev.yaml", ALL, id="its-environment-file"),
        pytest.param("stacks/programs.py", ALL, id="what-runs-every-program"),
        pytest.param("components/__init__.py", ALL, id="a-package-above"),
        pytest.param("components/charts.yaml", ALL, id="data-beside-components"),
        pytest.param("components/out/charts.csv", ALL, id="in-a-folder-of-a-name-that-git-ignores"),
        pytest.param("components/__pycache__/pool.cpython-311.pyc", ALL, id="compiled-code-beside-components"),
        pytest.param("quantos/prices.py", ALL, id="what-a-pack-imports"),
        pytest.param("policy_packs/cost/exemptions.yaml", ALL, id="data-of-a-pack"),
        pytest.param("sandbox/providers/aws/rows/s3.py", ALL, id="a-stand-in"),
        pytest.param("uv.lock", ALL, id="locked-versions"),
    ],
)
def test_a_changed_file_touches(tmp_path: Path, path: str, layers: tuple[str, ...]) -> None:
    assert touched(tmp_path, {path: "# changed\n" + (FILES.get(path) or "")}) == layers


def test_a_program_that_cannot_be_parsed_touches_its_layer(tmp_path: Path) -> None:
    assert touched(tmp_path, {"stacks/control.py": "imp ort x\0"}) == ("control",)


def test_tables_that_only_running_them_tells_touch_every_layer(tmp_path: Path) -> None:
    assert touched(tmp_path, {"stacks/programs.py": "PROGRAMS = dict(read())\n"}) == ALL


def test_nothing_changed_touches_nothing(tmp_path: Path) -> None:
    assert touched(tmp_path, {}) == ()


def test_a_program_that_imports_what_only_running_it_tells_is_touched_by_any_module(tmp_path: Path) -> None:
    blind = "import importlib, os\nimportlib.import_module(os.environ['X'])\n"
    base = tree(tmp_path / "base", **{"stacks/control.py": blind})
    head = tree(tmp_path / "head", **{"stacks/control.py": blind, "components/unused.py": "# changed\n"})
    touch = touch_of("dev", head=head, base=base)
    assert [layer.layer for layer in touch.layers if layer.touched] == ["control"]


def test_a_layer_that_the_base_does_not_have_is_new(tmp_path: Path) -> None:
    without = dict.fromkeys(("stacks/platform_services/__init__.py", "stacks/platform_services/queues.py"))
    touch = touch_of("dev", head=tree(tmp_path / "head"), base=tree(tmp_path / "base", **without))
    assert [(layer.layer, layer.in_base) for layer in touch.layers if layer.touched] == [("platform", False)]
    assert touch.in_base


def test_a_program_that_moved_is_followed_at_both_revisions(tmp_path: Path) -> None:
    moved = {"stacks/platform_services/__init__.py": None, "stacks/platform_services/queues.py": None}
    queues = FILES["stacks/platform_services/queues.py"]
    before = {"stacks/programs.py": "", "stacks/platform/__init__.py": "from . import queues\n"}
    base = tree(tmp_path / "base", **moved, **before, **{"stacks/platform/queues.py": queues})
    touch = touch_of("dev", head=tree(tmp_path / "head"), base=base)
    assert all(layer.in_base for layer in touch.layers)
    assert base.program("platform") == "stacks/platform/__init__.py"
    assert [layer.program for layer in touch.layers if layer.layer == "platform"] == [
        "stacks/platform_services/__init__.py"
    ]


def test_an_environment_that_the_base_does_not_have_is_new_as_a_whole(tmp_path: Path) -> None:
    base = tree(tmp_path / "base", **{"stacks/environments/prod.yaml": None})
    touch = touch_of("prod", head=tree(tmp_path / "head"), base=base)
    assert not touch.in_base
    assert all(layer.touched and not layer.in_base for layer in touch.layers)


def test_a_layer_stands_on_what_its_program_reads_and_what_that_reads(tmp_path: Path) -> None:
    head = tree(
        tmp_path / "head",
        **{
            "stacks/capacity.py": "ref = pulumi.StackReference(settings.names().qualified_stack('foundation'))\n",
            "stacks/platform_services/queues.py": "StackReference(n.qualified_stack('capacity'))\n",
            "stacks/control.py": "StackReference(f'organization/quantos/{name}')\n",
        },
    )
    touch = touch_of("dev", head=head, base=tree(tmp_path / "base"))
    assert {layer.layer: layer.stands_on for layer in touch.layers} == {
        "foundation": frozenset(),
        "capacity": {"foundation"},
        "platform": {"foundation", "capacity"},
        "control": {"foundation", "capacity", "platform"},
    }


def test_what_the_head_no_longer_declares_is_told(tmp_path: Path) -> None:
    names = "quantos/environment/names.py"
    base = tree(tmp_path / "base", **{names: "LAYERS = ('foundation', 'control')\n"})
    head = tree(tmp_path / "head", **{names: "LAYERS = ('foundation',)\n", "stacks/environments/prod.yaml": None})
    assert [note.partition(":")[0] for note in removed(head, base)] == [
        "Environment prod is gone",
        "Layer control is gone",
    ]
    assert removed(base, base) == ()


def test_what_a_change_is_judged_by_is_there() -> None:
    assert [name for name in INSTRUMENTS if not (ROOT / name).exists()] == []


def test_the_programs_of_the_project_are_where_its_table_says() -> None:
    project = SourceTree(ROOT)
    assert [project.program(layer) for layer in LAYERS] == [
        "stacks/foundation.py",
        "stacks/capacity.py",
        "stacks/platform_services/__init__.py",
        "stacks/control.py",
    ]
