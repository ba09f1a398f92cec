"""What differs is named by its place, with both values."""

from typing import Any

from quantos.contracts.dag.submission import SubmissionRequest
from quantos.orchestration.submission.comparison import MOST_LINES, difference
from tests.support.dags import submission


def request(**params: Any) -> SubmissionRequest:
    return SubmissionRequest.model_validate(submission(**params))


def test_the_same_differs_in_nothing() -> None:
    assert difference(request(), request()) == ()


def test_each_difference_is_one_line() -> None:
    earlier = request(labels={"a": "1", "b": "2"}, priority="low")
    later = request(labels={"a": "3", "c": "2"})
    assert difference(earlier, later) == (
        "params.labels.a: '1' -> '3'",
        "params.labels.b: '2' -> nothing",
        "params.labels.c: nothing -> '2'",
        "params.priority: 'low' -> nothing",
    )


def test_a_list_of_another_length_is_told_as_a_whole_and_shortened() -> None:
    document = submission()
    document["dag"]["nodes"] = document["dag"]["nodes"][:1]
    document["dag"]["edges"] = []
    lines = difference(request(), SubmissionRequest.model_validate(document))
    assert [line.partition(":")[0] for line in lines] == ["dag.nodes", "dag.edges"]
    assert all(len(line) < 200 for line in lines)


def test_no_more_lines_are_told_than_a_person_reads() -> None:
    labels = {f"l{number}": "x" for number in range(30)}
    assert len(difference(request(), request(labels=labels))) <= MOST_LINES + 1
    assert "and" not in difference(request(), request(labels=labels))[0]
