"""The comment under a pull request."""

from dataclasses import replace

from quantos.pull_request.markdown import comment, refused_by
from tests.conftest import Golden
from tests.support.pull_requests import make_environment, make_finding, make_layer, make_mixed, make_refusal, urn_of


def test_comment_matches_golden(golden: Golden) -> None:
    golden("pull_request/comment.md", comment(make_mixed()))


def test_the_verdict_comes_first() -> None:
    assert comment(make_mixed()).startswith("## ❌ Refused: 3 violations, 1 failure\n")
    assert refused_by(make_mixed()) == "3 violations, 1 failure"
    assert refused_by(make_finding(make_environment(make_layer()))) == ""
    assert comment(make_finding(make_environment(make_layer()))).startswith("## ✅ Passed: 1 layer judged\n")


def test_an_empty_change_says_that_everything_was_skipped() -> None:
    told = comment(make_finding(make_environment(make_layer(status="skipped", reason="no file changed"))))
    assert told.startswith("## ✅ Passed: the change touches no layer of any environment\n")
    assert "Skipped `dev-capacity`: no file changed" in told


def test_a_change_that_waits_for_approval_says_for_whose() -> None:
    mixed, passed = make_mixed(), make_finding(make_environment(make_layer()))
    said = comment(replace(passed, guards=mixed.guards[:2]))
    assert said.startswith("## 🔒 Passes once approved by @security: 1 layer judged\n")
    assert "- rule: private-buckets is removed (`quantos/policy/exposure.py:12`)\n- policy packs: " in said


def test_what_two_environments_are_told_alike_is_said_once() -> None:
    told = comment(make_mixed())
    assert told.count("pool cpu may cost") == 1
    assert "`dev-capacity`, `prod-capacity`" in told


def test_a_message_of_many_lines_stays_one_item() -> None:
    layer = make_layer(refusals=(make_refusal(message="first\n\n# second", urn=urn_of("cpu")),))
    assert ": first # second (`" in comment(make_finding(make_environment(layer)))
