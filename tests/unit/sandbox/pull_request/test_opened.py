"""A wrong environment file is refused, and the rest of it judged."""

from pathlib import Path

import yaml

from sandbox.pull_request.opened import open_environment
from tests.support.project_copy import ROOT


def project(root: Path, old: str = "", new: str = "") -> Path:
    text = (ROOT / "stacks" / "environments" / "dev.yaml").read_text(encoding="utf-8")
    assert old in text
    folder = root / "stacks" / "environments"
    folder.mkdir(parents=True)
    (folder / "dev.yaml").write_text(text.replace(old, new, 1) if old else text, encoding="utf-8")
    return root


def test_a_right_file_is_taken_as_it_is(tmp_path: Path) -> None:
    root = project(tmp_path / "head")
    opened = open_environment("dev", root=root, base_root=None, folder=tmp_path / "mended")
    assert opened.settings is not None
    assert (opened.environments, opened.refusals, opened.notes) == (root / "stacks" / "environments", (), ())


def test_a_type_without_a_price_refuses_and_the_rest_is_judged_with_the_base_s(tmp_path: Path) -> None:
    root = project(tmp_path / "head", "instance_types: [r7i.2xlarge, r6i.2xlarge]", "instance_types: [x9zz.large]")
    opened = open_environment("dev", root=root, base_root=project(tmp_path / "base"), folder=tmp_path / "mended")
    (refusal,) = opened.refusals
    assert "x9zz.large" in refusal.message
    assert opened.settings is not None
    assert opened.settings.pools["memory"].instance_types == ("r7i.2xlarge", "r6i.2xlarge")
    written = yaml.safe_load((opened.environments / "dev.yaml").read_text(encoding="utf-8"))
    assert written["pools"]["memory"]["instance_types"] == ["r7i.2xlarge", "r6i.2xlarge"]
    assert "pools.memory.instance_types" in opened.notes[0]


def test_faults_that_hide_each_other_are_all_told(tmp_path: Path) -> None:
    root = project(tmp_path / "head", "instance_types: [r7i.2xlarge, r6i.2xlarge]", "instance_types: [x9zz.large]")
    path = root / "stacks" / "environments" / "dev.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("mode: act", "mode: haste", 1), encoding="utf-8")
    opened = open_environment("dev", root=root, base_root=project(tmp_path / "base"), folder=tmp_path / "mended")
    assert [refusal.message.partition(":")[0] for refusal in opened.refusals] == ["mode", "pools.memory.instance_types"]
    assert opened.settings is not None


def test_a_new_environment_that_is_wrong_cannot_be_judged(tmp_path: Path) -> None:
    root = project(tmp_path / "head", "mode: act", "mode: haste")
    opened = open_environment("dev", root=root, base_root=None, folder=tmp_path / "mended")
    assert opened.settings is None
    assert len(opened.refusals) == 1
