"""What is near enough to have been meant."""

from quantos.documents.suggestion import suggestion


def test_a_name_that_is_near_is_meant() -> None:
    assert suggestion("fetch_dat", ["train", "fetch_data"]) == "; did you mean fetch_data?"
    assert suggestion("x", ["train", "fetch_data"]) == ""


def test_of_many_words_the_nearest_is_found() -> None:
    words = [f"node_{number}" for number in range(2000)]
    assert suggestion("nodf_1234", words) == "; did you mean node_1234?"
    assert suggestion("n" * 100_000, words) == ""
