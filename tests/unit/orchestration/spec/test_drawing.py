"""A drawing shows every node and edge, and what runs first stands first."""

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from hypothesis import given

from quantos.contracts.dag.spec import DagSpec
from quantos.orchestration.spec.drawing import layout, lines, picture_of, svg
from quantos.orchestration.spec.reading import read_dag
from tests.support.dags import EXAMPLE, dags

SVG = "{http://www.w3.org/2000/svg}"


def test_the_example(golden: Callable[[str, str], None]) -> None:
    dag = read_dag(EXAMPLE.encode(), shown="dag.yaml")
    golden("orchestration/example_dag.svg", svg(picture_of(dag)).rstrip("\n"))
    golden("orchestration/example_dag.txt", "\n".join(lines(dag)))


@given(dags())
def test_arrows_go_to_the_right_and_nothing_lies_over_another(document: dict[str, Any]) -> None:
    dag = DagSpec.model_validate(document)
    where = layout(picture_of(dag))
    assert set(where.nodes) == {node.id for node in dag.nodes}
    places = [*where.nodes.values(), *where.lanes.values()]
    assert len(set(places)) == len(places)
    for edge in dag.edges:
        path = where.path(edge.source, edge.target)
        assert [place.column for place in path] == list(range(path[0].column, path[-1].column + 1))
        assert set(path[1:-1]).isdisjoint(where.nodes.values())
    root = ElementTree.fromstring(svg(picture_of(dag)))
    assert len(root.findall(f"{SVG}path")) == len(dag.edges)
    assert len(root.findall(f"{SVG}g")) == len(dag.nodes)


@given(dags())
def test_a_terminal_reads_nodes_in_an_order_in_which_they_can_run(document: dict[str, Any]) -> None:
    dag = DagSpec.model_validate(document)
    order = [line.split()[1] for line in lines(dag)]
    assert sorted(order) == sorted(node.id for node in dag.nodes)
    assert all(order.index(edge.source) < order.index(edge.target) for edge in dag.edges)
