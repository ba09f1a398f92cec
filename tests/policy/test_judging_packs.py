"""Packs as a check of a pull request takes them: asked for their rules, and configured to judge to the end."""

import json
import os
from pathlib import Path

import pytest

from quantos.errors import EngineError
from quantos.policy.adapters.packs import PolicyPack, render_packs
from quantos.pull_request.adapters.judging_packs import judging
from quantos.pull_request.adapters.pack_rules import registered_rules
from tests.support.environments import make_settings

PACKS = Path(__file__).resolve().parents[2] / "policy_packs"


def test_no_mandatory_rule_ends_an_update_and_its_limits_stay(tmp_path: Path) -> None:
    rendered = render_packs(make_settings(), packs_root=PACKS, folder=tmp_path)
    found = judging(rendered, folder=tmp_path, environment=os.environ)
    assert [known.pack.path for known in found] == [pack.path for pack in rendered]
    for before, known in zip(rendered, found, strict=True):
        given = json.loads(before.config.read_text(encoding="utf-8"))
        config = json.loads(known.pack.config.read_text(encoding="utf-8"))
        mandatory = [rule for rule in known.rules if rule.level == "mandatory"]
        assert mandatory
        for rule in mandatory:
            assert config[rule.name].pop("enforcementLevel") == "advisory"
            assert config[rule.name] == given.get(rule.name, {})
            assert rule.remedy
            assert rule.url


def test_a_level_that_the_configuration_sets_is_left_alone(tmp_path: Path) -> None:
    config = tmp_path / "off.json"
    config.write_text(json.dumps({"step-up": {"enforcementLevel": "disabled"}}), encoding="utf-8")
    pack = PolicyPack(path=PACKS / "cost" / "analyzer", config=config)
    (known,) = judging([pack], folder=tmp_path, environment=os.environ)
    assert json.loads(known.pack.config.read_text(encoding="utf-8"))["step-up"] == {"enforcementLevel": "disabled"}


def test_a_pack_that_does_not_load_says_so_in_its_own_words(tmp_path: Path) -> None:
    broken = tmp_path / "broken" / "analyzer"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho 'no rules today' >&2\nexit 1\n", encoding="utf-8")
    broken.chmod(0o755)
    with pytest.raises(EngineError, match="broken does not load: no rules today"):
        registered_rules(broken, environment=os.environ)
