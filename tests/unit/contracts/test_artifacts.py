"""Keys of the artifacts bucket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.contracts.artifacts import metrics_key, model_key


def test_a_model_lies_under_its_pipeline_and_version() -> None:
    assert model_key("alpha-1", "2026.11.21") == "models/alpha-1/2026.11.21/model.bin"


def test_metrics_lie_under_their_submission() -> None:
    assert metrics_key("01HZX") == "reports/01HZX/metrics.json"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "a\n", "ä", "-a", "a" * 129])
def test_what_could_lead_out_of_its_folder_is_refused(name: str) -> None:
    for make in (lambda: model_key(name, "1"), lambda: model_key("p", name), lambda: metrics_key(name)):
        with pytest.raises(ValueError, match="names no object"):
            make()


@given(st.text())
def test_whatever_is_taken_stays_in_its_folder(name: str) -> None:
    try:
        key = metrics_key(name)
    except ValueError:
        return
    assert key.count("/") == 2
    assert ".." not in key.split("/")
