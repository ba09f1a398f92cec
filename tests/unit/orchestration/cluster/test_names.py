"""Names are short, of letters that Kubernetes takes, and one for each thing."""

import re

from hypothesis import given
from hypothesis import strategies as st

from quantos.contracts.dag.submission import SUBMISSION_ID
from quantos.orchestration.cluster.names import run_key, task_name, workflow_name
from quantos.orchestration.protocol.rows import RunKey

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
NODES = st.from_regex(r"[a-z][a-z0-9_-]{0,62}", fullmatch=True)
TEAMS = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
RUNS = st.builds(RunKey, TEAMS, st.from_regex(SUBMISSION_ID, fullmatch=True), st.integers(1, 9999))


@given(run=RUNS, generation=st.integers(1, 99), part=st.integers(1, 10))
def test_workflows_leave_room_for_what_argo_appends(run: RunKey, generation: int, part: int) -> None:
    name = workflow_name(run, generation, part)
    assert DNS_LABEL.fullmatch(name)
    assert len(name) <= 40


@given(node=NODES)
def test_a_task_is_named_by_letters_that_argo_takes(node: str) -> None:
    assert DNS_LABEL.fullmatch(task_name(node))
    assert len(task_name(node)) <= 63


@given(nodes=st.sets(NODES, min_size=2, max_size=20), runs=st.sets(RUNS, min_size=2, max_size=20))
def test_no_two_are_called_the_same(nodes: set[str], runs: set[RunKey]) -> None:
    assert len({task_name(node) for node in nodes}) == len(nodes)
    assert len({run_key(run) for run in runs}) == len(runs)


def test_what_differs_in_letters_that_names_lack_differs() -> None:
    assert task_name("a_b") != task_name("a-b")
    assert task_name("fetch_data").startswith("fetch-data-")
    assert run_key(RunKey("a", "b", 11)) != run_key(RunKey("a", "b1", 1))
