from importlib import import_module
from pkgutil import iter_modules

import pytest

from sandbox.providers.aws import rows
from sandbox.providers.aws.row import Identity, Row
from sandbox.providers.aws.rows import UnmodelledTypeError, all_rows, find_row
from sandbox.providers.aws.rows.eks import scaling_refusal
from sandbox.providers.schema import SdkSchemas, UnknownTypeError
from sandbox.providers.validation import failures
from scripts.aws_parity import PAGE, page

SCHEMAS = SdkSchemas("pulumi_aws")


def names(row: Row) -> set[str]:
    marks = row.replaces | row.kept | row.local | row.volatile | ({row.name} if row.name else set())
    return {mark.partition(".")[0] for mark in marks}


@pytest.mark.parametrize("row", all_rows(), ids=lambda row: row.resource)
def test_a_row_speaks_only_of_properties_which_its_type_has(row: Row) -> None:
    schema = SCHEMAS.type(row.resource)
    assert names(row) <= {*schema.inputs, *schema.outputs}


def test_every_row_that_is_written_is_served() -> None:
    modules = [import_module(f"{rows.__name__}.{module.name}") for module in iter_modules(rows.__path__)]
    written = {value.resource for module in modules for value in vars(module).values() if isinstance(value, Row)}
    assert sorted(written - {row.resource for row in all_rows()}) == [], (
        "name each in ROWS of its module, and the module in MODULES of sandbox/providers/aws/rows/__init__.py"
    )
    assert [row.resource for row in all_rows() if find_row(row.resource) is not row] == []


def test_the_parity_page_is_what_the_rows_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m scripts.aws_parity`"


def test_a_type_without_a_row_is_refused_with_the_file_to_add_it_to() -> None:
    with pytest.raises(UnmodelledTypeError) as raised:
        find_row("aws:rds/cluster:Cluster")
    assert "rows/rds.py" in raised.value.remedy


def test_a_type_that_the_sdk_does_not_have_is_refused() -> None:
    with pytest.raises(UnknownTypeError):
        SCHEMAS.type("aws:eks/nodeGrup:NodeGrup")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        pytest.param({"clusterNam": "x"}, "clusterNam", id="unknown"),
        pytest.param(
            {"scalingConfig": {"minSize": "1", "desiredSize": 1, "maxSize": 1}}, "scalingConfig.minSize", id="kind"
        ),
        pytest.param({"scalingConfig": {"minSize": 1, "desiredSize": 1}}, "scalingConfig.maxSize", id="missing"),
        pytest.param({"taints": [{"key": "a", "effect": True}]}, "taints[0].effect", id="in-a-list"),
        pytest.param({"labels": {"a": 1}}, "labels.a", id="in-a-map"),
    ],
)
def test_types_of_the_sdk_are_held_at_every_depth(change: dict, path: str) -> None:
    right = {
        "clusterName": "dev",
        "nodeRoleArn": "arn",
        "subnetIds": ["subnet-1"],
        "scalingConfig": {"minSize": 1, "desiredSize": 1, "maxSize": 1},
    }
    fields = SCHEMAS.type("aws:eks/nodeGroup:NodeGroup").inputs
    assert list(failures(SCHEMAS, fields, value=right)) == []
    assert [found.path for found in failures(SCHEMAS, fields, value={**right, **change})] == [path]


@pytest.mark.parametrize(
    ("sizes", "refused"),
    [
        ((1, 1, 1), False),
        ((0, 0, 1), False),
        ((2, 1, 3), True),
        ((1, 4, 3), True),
        ((0, 0, 0), True),
        ((5, 5, 4), True),
    ],
)
def test_eks_refuses_sizes_at_its_boundaries(sizes: tuple[int, int, int], refused: bool) -> None:
    scaling = dict(zip(("minSize", "desiredSize", "maxSize"), sizes, strict=True))
    assert (scaling_refusal(scaling) is not None) is refused


def test_an_id_is_read_back_into_the_properties_it_was_made_of() -> None:
    identity = Identity("{clusterName}:{nodeGroupName}")
    assert identity.parts(identity.of({"clusterName": "dev", "nodeGroupName": "cpu"})) == {
        "clusterName": "dev",
        "nodeGroupName": "cpu",
    }
