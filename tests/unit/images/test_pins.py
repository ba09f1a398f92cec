"""Digests are written where they stand, and not a character else changes."""

from pathlib import Path

import pytest

from images.errors import ImageError
from images.pins import BLANK, blanked, pinned
from quantos.catalog.catalog import load_catalog
from quantos.environment.load import load_environment

ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENTS = ROOT / "stacks" / "environments"
ONE, TWO = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
TEXT = f"""# whose it is
functions:
  image_digest: "{BLANK}"   # the one of all functions
  log_retention_days: 30
platform:
  images: {{ray: {BLANK}, task-runner: {BLANK}}}  # ours
"""


def test_comments_and_layout_stay() -> None:
    after = pinned(TEXT, {"functions": ONE, "task-runner": TWO})
    assert after.text == TEXT.replace(f'"{BLANK}"', ONE).replace(f"task-runner: {BLANK}", f"task-runner: {TWO}")
    assert after.without_place == ()


def test_an_image_that_the_environment_does_not_run_is_told() -> None:
    after = pinned(TEXT, {"node-agent": ONE})
    assert (after.text, after.without_place) == (TEXT, ("node-agent",))


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_committed_environments_are_pinned_in_place_and_blanked_again(name: str, tmp_path: Path) -> None:
    text = (ENVIRONMENTS / f"{name}.yaml").read_text(encoding="utf-8")
    after = pinned(text, {"functions": ONE, "ray": TWO}).text
    assert len(after) == len(text)
    assert sum(a != b for a, b in zip(text.splitlines(), after.splitlines(), strict=True)) == 2
    (tmp_path / f"{name}.yaml").write_text(after, encoding="utf-8")
    settings = load_environment(name, root=tmp_path, catalog=load_catalog())
    assert settings.functions.image_digest == ONE
    assert settings.platform.images["ray"] == TWO
    assert blanked(after) == blanked(text)


def test_a_digest_behind_an_anchor_is_refused() -> None:
    text = f"functions:\n  image_digest: &d {BLANK}\nplatform:\n  images: {{ray: *d}}\n"
    with pytest.raises(ImageError, match="laid out so that digests cannot be written"):
        pinned(text, {"functions": ONE})


def test_what_is_no_yaml_is_refused() -> None:
    with pytest.raises(ImageError, match="is no YAML"):
        pinned("functions: [", {"functions": ONE})
