"""Packs that judge to the end: what is mandatory is told as advice, so that the first refusal hides no other.

In an `up`, an engine ends at the first mandatory violation. A check wants all of them, and judges itself.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from quantos.errors import EngineError
from quantos.policy.adapters.packs import PolicyPack
from quantos.pull_request.adapters.pack_rules import registered_rules
from quantos.pull_request.model import PackRule
from quantos.translation import Vendor, translated

_CONFIGURATIONS = Vendor(raises=(OSError, UnicodeError, json.JSONDecodeError))


@dataclass(frozen=True)
class JudgingPack:
    """A pack by which no mandatory rule ends an update, and the rules that it registers."""

    pack: PolicyPack
    rules: tuple[PackRule, ...]


def judging(packs: Sequence[PolicyPack], *, folder: Path, environment: Mapping[str, str]) -> list[JudgingPack]:
    """The packs with configurations of their own in `folder`, by which mandatory rules only advise.

    A level that the rendered configuration sets, such as `disabled`, is left as it is. Raises EngineError for a pack
    that does not load, and for a configuration that cannot be read or written.
    """
    judging_packs: list[JudgingPack] = []
    for pack in packs:
        rules = registered_rules(pack.path, environment=environment)
        config = folder / f"judging-{pack.config.name}"
        with translated(
            _CONFIGURATIONS,
            into=EngineError,
            what=f"{config} cannot be made of {pack.config}",
            remedy="see that both folders can be used",
        ):
            folder.mkdir(parents=True, exist_ok=True)
            config.write_text(json.dumps(_advising(pack.config, rules), indent=1), encoding="utf-8")
        judging_packs.append(JudgingPack(PolicyPack(path=pack.path, config=config), rules))
    return judging_packs


def _advising(config: Path, rules: Sequence[PackRule]) -> dict[str, dict[str, object]]:
    given: dict[str, dict[str, object]] = json.loads(config.read_text(encoding="utf-8"))
    lowered = {
        rule.name: {"enforcementLevel": "advisory", **given.get(rule.name, {})}
        for rule in rules
        if rule.level in {"mandatory", "remediate"}
    }
    return given | lowered
