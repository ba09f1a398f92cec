"""Everything that is wrong with a DAG, at once, each where it stands and with what is meant."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from quantos.errors import SettingsError, SubmissionInvalidError
from quantos.faults import MOST_TOLD
from quantos.orchestration.spec.reading import examined, read_dag, read_submission
from tests.support.dags import EXAMPLE, dags, example, stated, submission, task

WRONG = (Path(__file__).resolve().parents[3] / "golden/orchestration/wrong_dag.yaml").read_text(encoding="utf-8")


def messages(text: str) -> list[str]:
    dag, faults = examined(text.encode())
    assert (dag is None) == bool(faults)
    return [fault.line("dag.yaml") for fault in faults]


def test_the_example_is_right_in_yaml_and_in_json() -> None:
    assert read_dag(EXAMPLE.encode(), shown="dag.yaml") == read_dag(json.dumps(example()).encode(), shown="dag.json")


def test_every_fault_is_told_at_once(golden: Callable[[str, str], None]) -> None:
    with pytest.raises(SettingsError) as refused:
        read_dag(WRONG.encode(), shown="dag.yaml")
    golden("orchestration/wrong_dag.txt", str(refused.value))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"pipelne_id": "x"}, "pipelne_id: is not a known key; did you mean pipeline_id?"),
        ({"version": 2}, "version: input should be 1, not 2"),
        ({"nodes": []}, "nodes: tuple should have at least 1 item"),
        ({"edges": [{"from": "a", "to": "a"}]}, "edges.0: closes a cycle: a -> a"),
        ({"edges": [{"from": "a", "to": "b"}] * 2}, "edges.1: edge a -> b stands twice"),
        ({"edges": [{"from": "a", "to": "B"}]}, "edges.0.to: there is no node B"),
        ({"nodes": [task("a"), task("b", ins=["a_out"])]}, "a_out comes from a, which does not run before: add an"),
        ({"nodes": [task("a", outs=["x"]), task("b", outs=["x"])]}, "nodes.1.outs.0: output x stands twice"),
        ({"nodes": [task("a", image=None)]}, "nodes.0.image: is missing: a python_task runs a program of an image"),
        ({"nodes": [task("a", kind="rayjob")]}, "nodes.0.kind: there is no kind rayjob; did you mean ray_job?"),
        ({"nodes": [task("a", kind="x")]}, "there is no kind x: there are python_task, ray_job, trino_sql"),
        ({"nodes": [task("a", env={"QUANTOS_TEAM": "x"})]}, "nodes.0.env.QUANTOS_TEAM: is reserved"),
        ({"nodes": [task("a", env={"TRACEPARENT": "x"})]}, "nodes.0.env.TRACEPARENT: is reserved"),
        ({"nodes": [task("a", env={"N": 3})]}, "nodes.0.env.N: input should be a valid string, not 3"),
        ({"nodes": [task(f"n{n}") for n in range(2001)]}, "nodes: has more than 2000 items"),
    ],
)  # fmt: skip
def test_one_fault(change: dict[str, Any], expected: str) -> None:
    refused = messages(json.dumps({**stated([], nodes=["a", "b"]), **change}))
    assert len(refused) == 1, refused
    assert expected in refused[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: &x 1\nb: *x", "&x is not read here"),
        ("{version: !!int 1}", "a tag"),
        ("x" * (512 * 1024 + 1), "is 524289 bytes long, of 524288 at most"),
        ("é" * (256 * 1024 + 1), "is 524290 bytes long"),
        ("", "holds no fields, but nothing"),
        ("[]", "holds no fields, but a list"),
        ("- ]", "is not YAML"),
        ('{"a": 1}{"b": 2}', "is not YAML"),
    ],
)
def test_what_is_no_document_of_a_dag(text: str, expected: str) -> None:
    assert any(expected in message for message in messages(text))


def test_faults_stand_where_their_fields_do() -> None:
    lines = WRONG.splitlines()
    _, faults = examined(WRONG.encode())
    places = {fault.field: fault.place for fault in faults}
    backoff = places["slo.retry.backof_sec"]
    assert backoff is not None
    assert lines[backoff.line - 1][backoff.column - 1 :].startswith("backof_sec")
    assert all(fault.place is not None for fault in faults)


@given(dags())
def test_any_dag_is_read_the_same_in_yaml_and_json(document: dict[str, Any]) -> None:
    dag = read_dag(yaml.safe_dump(document).encode(), shown="dag.yaml")
    assert dag == read_dag(json.dumps(document).encode(), shown="dag.json")


@given(dags(), st.data())
def test_no_one_fault_hides_another(document: dict[str, Any], data: st.DataObject) -> None:
    wrong = copy.deepcopy(document)
    ways = {
        "slo.max_runtime": lambda: wrong["slo"].update(max_runtime="2"),
        "nodes.0.kind": lambda: wrong["nodes"][0].update(kind="nothing"),
        "edges.": lambda: wrong["edges"].append({"from": "nowhere", "to": wrong["nodes"][0]["id"]}),
        "nodes.0.ins.": lambda: wrong["nodes"][0]["ins"].append("nothing_out"),
        "nodes.0.image": lambda: wrong["nodes"][0].update(image="UPPER"),
        "colour": lambda: wrong.update(colour="red"),
    }
    chosen = data.draw(st.sets(st.sampled_from(sorted(ways)), min_size=1))
    for name in chosen:
        ways[name]()
    fields = [fault.field for fault in examined(json.dumps(wrong).encode())[1]]
    assert len(fields) == len(chosen)
    assert all(any(field.startswith(name) for field in fields) for name in chosen)


_PIECES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(dags(), _PIECES, st.data())
def test_nothing_raises(document: dict[str, Any], piece: object, data: st.DataObject) -> None:
    wrong = copy.deepcopy(document)
    holder: Any = data.draw(st.sampled_from([wrong, wrong["slo"], wrong["nodes"][0], *wrong["edges"][:1]]))
    holder[data.draw(st.sampled_from(sorted(holder)) | st.text(max_size=8))] = piece
    examined(json.dumps(wrong).encode())


@given(st.text().map(str.encode) | st.binary())
def test_no_content_raises(content: bytes) -> None:
    examined(content)


def test_other_encodings_are_told_where_they_begin() -> None:
    assert examined(b"a: \xe9")[1][0].message == "is not UTF-8 at byte 3"


def test_a_submission_is_held_to_all_that_its_dag_is() -> None:
    document = submission(labels={"desk": "equities", "quantos.io/team": "x", "bad key": "y", "a": "b c"}, ttl_days=0)
    document["dag"]["nodes"][0]["kind"] = "trino_sq"
    document["dag"]["edges"][0]["from"] = "fetch_dat"
    with pytest.raises(SubmissionInvalidError) as refused:
        read_submission(json.dumps(document).encode(), shown="body")
    assert [fault.field for fault in refused.value.faults] == [
        "dag.nodes.0.kind",
        "dag.nodes.1.ins.0",
        "dag.edges.0.from",
        'params.labels."quantos.io/team"',
        'params.labels."bad key"',
        "params.labels.a",
        "params.ttl_days",
    ]


def test_a_submission_that_is_right_is_read() -> None:
    request = read_submission(yaml.safe_dump(submission(labels={"desk": "equities"})).encode(), shown="body")
    assert request.dag == read_dag(EXAMPLE.encode(), shown="dag.yaml")
    assert request.params.labels == {"desk": "equities"}


def test_json_is_read_as_json() -> None:
    node = task("a", params={"smile": "😀", "k" * 1500: 1, "slash": "/", "tab": "\x7f"})
    text = json.dumps(stated([], nodes=[]) | {"nodes": [node]}, indent="\t").replace('"/"', '"\\/"')
    assert read_dag(text.encode(), shown="dag.json").nodes[0].params == node["params"]


@pytest.mark.parametrize(
    "half", ['"\\ud83d"', '"\\ude00"', '"\\ude00\\ud83d"', '{"\\ud83d": 1}'],
)  # fmt: skip
def test_half_a_pair_is_refused_where_it_stands(half: str) -> None:
    text = json.dumps(stated([], nodes=[]) | {"nodes": [task("a", params={"x": 0})]}).replace('"x": 0', f'"x": {half}')
    (fault,) = examined(text.encode())[1]
    assert fault.path[:3] == ("nodes", 0, "params")
    assert "half of a pair" in fault.message


def test_a_nul_is_no_value_of_a_variable() -> None:
    (fault,) = messages(json.dumps(stated([], nodes=[]) | {"nodes": [task("a", env={"A": "x\0y"})]}))
    assert "nodes.0.env.A" in fault


_HEAD = '{"dag":{"version":1,"pipeline_id":"p","slo":{"max_runtime":"1h"},'
_NODES = '"nodes":[{"id":"a","kind":"python_task","image":"a/b:1"'
_TAIL = '},"params":{"submission_id":"n","env":"dev"}}'
_KEYS = ",".join(f'"{number:x}":1' for number in range(40_000))
_MANY = 100_000


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f'{_HEAD}{_NODES}}}],"edges":[{"0," * _MANY}0]{_TAIL}', id="edges"),
        pytest.param(f'{_HEAD}{_NODES}}}],"edges":[{"0," * 19_000}0]{_TAIL}', id="wrong-edges"),
        pytest.param(f'{_HEAD}"nodes":[{"0," * _MANY}0]{_TAIL}', id="nodes"),
        pytest.param(f'{_HEAD}{_NODES},"ins":[{"0," * _MANY}0]}}]{_TAIL}', id="ins"),
        pytest.param(f'{_HEAD}{_NODES},"env":{{{_KEYS}}}}}]{_TAIL}', id="env"),
        pytest.param(f"{_HEAD}{_NODES},{_KEYS}}}]{_TAIL}", id="keys"),
        pytest.param(f'{{"params":{{"labels":{{{_KEYS}}}}},"refs":{{"data":{{{_KEYS}}}}}}}', id="labels-and-refs"),
        pytest.param("a: [" + "y," * _MANY + "y]", id="words"),
        pytest.param("a: 1" + "_" * 400_000 + "x", id="one-word"),
        pytest.param("{? " * 100_000, id="keys-within-keys"),
        pytest.param('{"a":' + "[" * 99 + "0," * _MANY + "0" + "]" * 99 + "}", id="deep"),
        pytest.param(
            json.dumps(
                stated([(f"nodf_{n}", f"node_{n}") for n in range(200)], nodes=[f"node_{n}" for n in range(2000)])
            ),
            id="dangling",
        ),
    ],
)
@pytest.mark.timeout(60)
def test_of_a_body_that_is_wrong_all_over_few_faults_are_told(text: str) -> None:
    """Each of these took minutes while every fault had a schema of its own, and suggestions among all names."""
    with pytest.raises(SubmissionInvalidError) as refused:
        read_submission(text.encode(), shown="body")
    assert len(refused.value.faults) <= MOST_TOLD + 1


def test_of_many_faults_the_first_are_told_and_how_many_more_there_are() -> None:
    faults = examined(json.dumps(stated([(f"x{n}", "a") for n in range(150)], nodes=["a"])).encode())[1]
    assert len(faults) == MOST_TOLD + 1
    assert faults[-1].message == "has 50 more faults, which are told once these are mended"


@pytest.mark.parametrize("number", ["1e400", "-1e400", ".nan", ".inf"])
def test_a_number_that_no_json_has_is_refused_where_it_stands(number: str) -> None:
    text = json.dumps(stated([], nodes=[]) | {"nodes": [task("a", params={"x": [7777777]})]})
    (fault,) = examined(text.replace("7777777", number).encode())[1]
    assert fault.path == ("nodes", 0, "params", "x", 0)


@pytest.mark.parametrize("cpu", [10**400, 1e300, -1, 0])
def test_cores_that_nobody_has_are_refused(cpu: float) -> None:
    (fault,) = examined(json.dumps(stated([], nodes=[]) | {"nodes": [task("a", resources={"cpu": cpu})]}).encode())[1]
    assert fault.path == ("nodes", 0, "resources", "cpu")
