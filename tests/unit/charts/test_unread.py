"""Values that no environment's chart reads."""

from dataclasses import replace

from quantos.charts.adapters.folder import ChartsFolder
from quantos.charts.adapters.helm import Helm
from quantos.charts.documents import Recorded, Release
from quantos.charts.installation import Installation, installation
from quantos.charts.unread import unread_values
from tests.support.charts_folder import charts_folder

BROKER = Release(chart="broker", version="1.2.3", repository="", name="broker", namespace="bus", values={})
QUIET = {"replicas": 2, "hidden": {"network": False}, "extra": {"a": 1}}
TEMPLATE = '{{ if gt (int .Values.replicas) 1 }}{{ if .Values.extra.b }}a: "{{ .Values.extra.b }}"{{ end }}{{ end }}'


def told(tmp_path, others=None, **environments) -> list[tuple[str, str]]:
    root = charts_folder(tmp_path, whole=True)
    (root / "broker" / "templates" / "extra.yaml").write_text(f"{TEMPLATE}\n")
    charts = ChartsFolder(root)

    def installed(given) -> dict[str, Installation]:
        recorded = {
            name: Recorded(releases=(replace(BROKER, values=values),), objects=()) for name, values in given.items()
        }
        return {name: installation(each, charts, Helm(kubernetes_version="1.34.0")) for name, each in recorded.items()}

    def beside(releases) -> dict[str, Installation]:
        assert releases == {BROKER.called}
        return installed(others or {})

    unread = unread_values(installed(environments), charts, others=beside)
    return [(each.about, each.what.rpartition(" (")[2].rstrip(")")) for each in unread]


def test_a_value_that_no_environment_reads_is_told_with_all_of_them(tmp_path) -> None:
    assert told(tmp_path, dev=QUIET, prod=QUIET) == [("extra.a", "dev, prod")]


def test_a_value_that_one_environment_reads_may_be_stated_by_all(tmp_path) -> None:
    small, large = {"replicas": 1, "extra": {"b": "x"}}, {"replicas": 2, "extra": {"b": "x"}}
    assert told(tmp_path / "one", dev=small) == [("extra.b", "dev")]
    assert told(tmp_path / "two", dev=small, prod=large) == []
    assert told(tmp_path / "three", prod=large, dev=small) == []


def test_what_an_environment_reads_that_was_not_asked_for_is_no_fault_of_those_that_were(tmp_path) -> None:
    small, large = {"replicas": 1, "extra": {"b": "x"}}, {"replicas": 2, "extra": {"b": "x"}}
    assert told(tmp_path / "one", others={"prod": large}, dev=small) == []
    assert told(tmp_path / "two", others={"prod": small}, dev=small) == [("extra.b", "dev, prod")]
    only_there = {**QUIET, "hidden": {"network": False, "other": 1}}
    assert told(tmp_path / "three", others={"prod": only_there}, dev=QUIET) == [("extra.a", "dev, prod")]
