"""`quantos charts check` and `quantos manifests`: what they say, their exit codes, and folders that are not there."""

import pytest

from cli.environments import charts
from quantos.charts.documents import Recorded, Release
from tests.support.charts_folder import charts_folder
from tests.unit.cli.conftest import Command

BROKER = Release(
    chart="broker",
    version="1.2.3",
    repository="https://charts.example.dev",
    name="broker",
    namespace="bus",
    values={"replicas": 2},
)


@pytest.fixture
def installed(monkeypatch) -> list[Release]:
    """What every environment's platform layer would install."""
    releases = [BROKER]
    monkeypatch.setattr(charts, "record", lambda settings: Recorded(releases=tuple(releases), objects=()))
    monkeypatch.delenv(charts.CHARTS_VARIABLE, raising=False)
    return releases


def test_every_environment_is_checked_and_says_so(quantos: Command, installed, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv(charts.CHARTS_VARIABLE, str(charts_folder(tmp_path)))
    said = quantos("charts", "check")
    assert said.code == 0
    assert said.out.splitlines() == [
        line
        for environment in ("dev", "prod", "staging")
        for line in (
            f"{environment}: 1 releases, 0 objects, 0 complaints",
            f"{environment}: 0 of 1 releases rendered: links were not followed",
        )
    ]


def test_findings_are_told_by_kind_and_what_no_environment_needs_at_the_end(
    quantos: Command, installed, tmp_path
) -> None:
    installed[0] = Release(**{**vars(BROKER), "values": {"replicas": 2, "extra": {"a": 1}}})
    said = quantos("charts", "check", "--charts", str(charts_folder(tmp_path, whole=True)))
    assert said.code == 1
    told = [line.split(": ")[:2] for line in said.err.splitlines() if line.startswith("refused dev")]
    assert told == sorted(told)
    assert ["refused dev", "budget"] in told
    whole = [line for line in said.err.splitlines() if line.startswith("refused all")]
    assert "extra.a: the chart does not read this value" in whole[0]
    assert {line.split(": ")[1] for line in whole} == {"effect", "exception"}
    assert said.out.splitlines()[-1].startswith("all: 3 environments, ")


def test_advice_is_one_line_a_rule_and_release_unless_all_is_wanted(quantos: Command, installed, tmp_path) -> None:
    installed.append(Release(**{**vars(BROKER), "name": "other"}))
    folder = charts_folder(tmp_path, whole=True)
    again = folder / "broker" / "templates" / "again.yaml"
    again.write_text((folder / "broker" / "templates" / "deployment.yaml").read_text().replace("Widget", "Gadget"))
    again.write_text(again.read_text().replace(".Release.Name }}", ".Release.Name }}-again"))

    def advice(*options) -> list[str]:
        said = quantos("charts", "check", "--env", "dev", "--charts", str(folder), *options)
        return [line for line in said.err.splitlines() if line.startswith("advised") and "pod-image-registry" in line]

    first, second = advice()
    assert "release bus/broker (broker)" in first
    assert "release bus/other (broker)" in second
    assert first.endswith(" (and 1 more like it: --verbose)")
    assert len(advice("--verbose")) == 4
    assert not any("more like it" in line for line in advice("--verbose"))


def test_an_exception_is_judged_only_with_every_environment_and_an_exemption_with_its_own(
    quantos: Command, installed, tmp_path
) -> None:
    said = quantos("charts", "check", "--env", "dev", "--charts", str(charts_folder(tmp_path, whole=True)))
    (told,) = [line for line in said.err.splitlines() if ": exception: " in line]
    assert told.startswith("refused dev: exception: pod-read-only-root * harbor/harbor-*: no pod of a chart needs")


def test_a_complaint_names_environment_release_and_path(quantos: Command, installed, tmp_path, monkeypatch) -> None:
    installed.append(Release(**{**vars(BROKER), "name": "other", "values": {"replica": 2}}))
    monkeypatch.setenv(charts.CHARTS_VARIABLE, str(charts_folder(tmp_path)))
    said = quantos("charts", "check", "--env", "staging")
    assert said.code == 1
    assert said.err.startswith(
        "refused staging: values: release bus/other (broker): replica: the chart does not know this key"
    )
    assert said.out.splitlines()[0] == "staging: 2 releases, 0 objects, 1 complaints (values 1)"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        pytest.param((), "Error: no folder of charts is given", id="none-given"),
        pytest.param(("--charts", "/nowhere/at/all"), "Error: there is no folder of charts", id="not-there"),
        pytest.param(("--charts", ".", "--env", "test"), "Error: ", id="no-such-environment"),
    ],
)
def test_what_cannot_be_checked_is_an_error(quantos: Command, installed, arguments, why) -> None:
    said = quantos("charts", "check", *arguments)
    assert said.code == 1
    assert said.first_line.startswith(why)


def test_manifests_go_to_a_new_folder_and_to_no_other(quantos: Command, installed, tmp_path) -> None:
    folder = tmp_path / "out"
    said = quantos("manifests", "dev", "--out", str(folder))
    assert (said.code, said.out) == (0, f"dev-platform: 1 releases, 0 objects, 2 files in {folder}\n")
    assert (folder / "releases" / "bus" / "broker" / "release.yaml").is_file()
    assert quantos("manifests", "dev", "--out", str(folder)).code == 1
