"""What is near enough to have been meant."""

from quantos.documents.suggestion import suggestion


def test_a_name_that_is_near_is_meant() -> None:
    assert suggestion("fetch_dat", ["train", "fetch_data"]) == "; did you mean fetch_data?"
    assert suggestion("x", ["train", "fetch_data"]) == ""
