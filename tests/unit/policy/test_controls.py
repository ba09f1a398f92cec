"""Every rule names a control that can be looked up."""

import re
from pathlib import Path

import pytest

from quantos.policy.controls import FIRM_PAGE
from quantos.policy.cost.rules import GROUP_RULES, PLAN_RULES, STACK_RULES
from quantos.policy.rule import Control
from quantos.policy.security.rules import RULES as SECURITY_RULES

ROOT = Path(__file__).resolve().parents[3]
RULES = (*GROUP_RULES, *PLAN_RULES, *STACK_RULES, *SECURITY_RULES)
CONTROLS = {rule.name: rule.control for rule in RULES}


@pytest.mark.parametrize("control", CONTROLS.values(), ids=CONTROLS)
def test_a_control_has_a_page(control: Control) -> None:
    page, _, section = control.link.partition("#")
    assert control.text
    if page == FIRM_PAGE:
        titles = re.findall(r"^## (.+)$", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert section in {title.lower().replace(" ", "-") for title in titles}
    else:
        assert page.startswith("https://")
