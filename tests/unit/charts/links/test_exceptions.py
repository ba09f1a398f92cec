"""Exceptions: stated with a reason, and refused once nothing needs them."""

import pytest

from quantos.charts.links.broken import BrokenLink
from quantos.charts.links.exceptions import EXEMPT, Exempt, sorted_out, stale

LINK = BrokenLink(kind="budget", subject="Deployment web/web", about="no budget", what="it has none", remedy="make one")
TABLE = (
    Exempt(kind="budget", subject="Deployment web/*", about="no budget", reason="it is a batch"),
    Exempt(kind="quota", subject="Deployment web/web", reason="never"),
)


@pytest.mark.parametrize(
    ("exempt", "takes"),
    [
        ({}, True),
        ({"subject": "Deployment web/w*"}, True),
        ({"about": "no *"}, True),
        ({"subject": "Deployment web"}, False),
        ({"about": "quorum"}, False),
        ({"kind": "quota"}, False),
    ],
)
def test_an_exception_takes_links_of_its_kind_by_its_patterns(exempt, takes) -> None:
    given = {"kind": "budget", "subject": "Deployment web/web", "about": "no budget", "reason": "r", **exempt}
    assert Exempt(**given).takes(LINK) == takes


def test_what_is_exempt_is_left_out_and_an_exception_that_nothing_needs_is_told() -> None:
    other = BrokenLink(kind="budget", subject="Deployment x/x", about="no budget", what="", remedy="")
    left, needed = sorted_out([LINK, other], TABLE)
    assert left == [other]
    (unneeded,) = stale(needed, TABLE)
    assert (unneeded.kind, unneeded.subject) == ("exception", "quota Deployment web/web")


@pytest.mark.parametrize(("service", "exempt"), [("ebs-csi-node", True), ("ebs-csi-controller", False)])
def test_of_the_services_of_disks_only_that_of_the_nodes_may_be_without_pods(service, exempt) -> None:
    link = BrokenLink(kind="service", subject=f"Service storage/{service}", about="no pods", what="", remedy="")
    assert (sorted_out([link])[0] == []) == exempt


def test_every_exception_states_its_reason() -> None:
    assert [each for each in EXEMPT if len(each.reason.split()) < 5] == []
