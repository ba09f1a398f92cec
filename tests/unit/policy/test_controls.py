"""Every rule that is written is in a pack, and names a control that can be looked up."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

from quantos import policy
from quantos.policy.config import COST_RULES, SECURITY_RULES
from quantos.policy.controls import FIRM_PAGE
from quantos.policy.cost.increase import COST_INCREASE
from quantos.policy.rule import Control, Rule

ROOT = Path(__file__).resolve().parents[3]


def written() -> Iterator[Rule]:
    """Rules of every module, by themselves or in tuples."""
    for module in walk_packages(policy.__path__, f"{policy.__name__}."):
        for value in vars(import_module(module.name)).values():
            yield from (each for each in (value if isinstance(value, tuple) else (value,)) if isinstance(each, Rule))


CONTROLS = {rule.name: rule.control for rule in written()}


def test_every_rule_that_is_written_is_in_a_pack() -> None:
    assert set(CONTROLS) - {*COST_RULES, *SECURITY_RULES, COST_INCREASE.name} == set(), (
        "name each in RESOURCE_RULES or STACK_RULES of quantos/policy/security/rules.py, or of quantos/policy/cost"
    )
    assert {*COST_RULES, *SECURITY_RULES} <= set(CONTROLS)


@pytest.mark.parametrize("control", CONTROLS.values(), ids=CONTROLS)
def test_a_control_has_a_page(control: Control) -> None:
    page, _, section = control.link.partition("#")
    assert control.text
    if page == FIRM_PAGE:
        titles = re.findall(r"^## (.+)$", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert section in {title.lower().replace(" ", "-") for title in titles}
    else:
        assert page.startswith("https://")
