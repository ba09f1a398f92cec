"""Errors are passed between processes whole."""

import pickle
from collections.abc import Iterator

import pytest

from quantos.errors import QuantosError, SettingsError
from quantos.faults import Fault


def kinds(root: type[QuantosError]) -> Iterator[type[QuantosError]]:
    yield root
    for kind in root.__subclasses__():
        yield from kinds(kind)


@pytest.mark.parametrize(
    "kind",
    [kind for kind in kinds(QuantosError) if kind.__module__ == "quantos.errors"],
    ids=lambda kind: kind.__name__,
)
def test_an_error_is_whole_in_another_process(kind: type[QuantosError]) -> None:
    raised = kind("it broke", remedy="mend it", retryable=True)
    read = pickle.loads(pickle.dumps(raised))
    assert type(read) is kind
    assert str(read) == "it broke"
    assert (read.what, read.remedy, read.retryable) == ("it broke", "mend it", True)


def test_what_a_class_adds_comes_along() -> None:
    raised = SettingsError("it broke", remedy="mend it", faults=[Fault(("budget",), "none")])
    assert pickle.loads(pickle.dumps(raised)).faults == raised.faults
