"""Texts of durations, quantities and images: what each means, and which are none."""

import pytest
from pydantic import TypeAdapter, ValidationError

from quantos.contracts.dag.values import Cores, Duration, Image, Memory, cores, duration_seconds, memory_bytes

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("45s", 45), ("90m", 5400), ("2h", 7200), ("1h30m", 5400), ("1d", 86_400), ("1d2h3m4s", 93_784), ("0h1s", 1)],
)
def test_durations_are_days_hours_minutes_and_seconds(text: str, seconds: int) -> None:
    assert duration_seconds(text) == seconds
    assert TypeAdapter(Duration).validate_python(text) == text


@pytest.mark.parametrize(
    "text", ["", "2", "2 h", "h", "-1h", "1.5h", "1m1h", "1h1h", "2H", "PT2H", "٢h", "0s", "15d", "99999999s", "1h\n"]
)
def test_what_is_no_duration_of_a_run_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Duration).validate_python(text)


@pytest.mark.parametrize(("text", "amount"), [("4", 4.0), ("0.5", 0.5), ("500m", 0.5), ("1m", 0.001)])
def test_cores(text: str, amount: float) -> None:
    assert cores(text) == pytest.approx(amount)
    assert TypeAdapter(Cores).validate_python(text) == text


@pytest.mark.parametrize(("number", "text"), [(4, "4"), (0.5, "0.5"), (100, "100"), (1.25, "1.25")])
def test_cores_may_be_a_number(number: float, text: str) -> None:
    assert TypeAdapter(Cores).validate_python(number) == text


@pytest.mark.parametrize(
    "value", ["", "4Gi", "-1", "+1", "1e3", "0", "0m", "0.0001", "5000", ".5", "4 ", "٤", "nan", True, None, 0, -1]
)
def test_what_is_no_number_of_cores_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Cores).validate_python(value)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("16Gi", 16 * 2**30), ("512Mi", 2**29), ("1.5Gi", 1.5 * 2**30), ("2G", 2e9), ("1048576", 2**20)],
)
def test_memory(text: str, amount: float) -> None:
    assert memory_bytes(text) == pytest.approx(amount)
    assert TypeAdapter(Memory).validate_python(text) == text


@pytest.mark.parametrize("text", ["", "16", "16GiB", "16gi", "16 Gi", "1m", "-1Gi", "100Ti", "1e9"])
def test_what_is_no_memory_of_a_program_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Memory).validate_python(text)


@pytest.mark.parametrize(
    "text",
    [
        "ghcr.io/archetype/feature-kit:0.3.2",
        "registry.example.com:5000/a/b_c/d.e:v1",
        "localhost/a:1",
        "team/a:1",
        "a:1",
        f"a@{DIGEST}",
        f"ghcr.io/a/b:1.0@{DIGEST}",
        f"ghcr.io/a/b:latest@{DIGEST}",
    ],
)
def test_images_name_their_version(text: str) -> None:
    assert TypeAdapter(Image).validate_python(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "ghcr.io/a/b", "ghcr.io/a/b:latest", "a/b:", "A/b:1", "a//b:1", "https://ghcr.io/a/b:1", "a b:1", "a:1\n",
        "a@sha256:abc", f"a@sha256:{'A' * 64}", "a:" + "x" * 129, "-a:1", "a/" * 300 + "b:1",
    ],
)  # fmt: skip
def test_what_is_no_image_or_of_any_version_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Image).validate_python(text)
