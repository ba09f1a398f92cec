"""Values that no environment's chart reads."""

from dataclasses import replace

from quantos.charts.adapters.folder import ChartsFolder
from quantos.charts.adapters.helm import Helm
from quantos.charts.documents import Recorded, Release
from quantos.charts.installation import installation
from quantos.charts.unread import unread_values
from tests.support.charts_folder import charts_folder

BROKER = Release(chart="broker", version="1.2.3", repository="", name="broker", namespace="bus", values={})
QUIET = {"replicas": 2, "hidden": {"network": False}, "extra": {"a": 1}}
TEMPLATE = '{{ if gt (int .Values.replicas) 1 }}{{ if .Values.extra.b }}a: "{{ .Values.extra.b }}"{{ end }}{{ end }}'


def told(tmp_path, **environments) -> list[tuple[str, str]]:
    root = charts_folder(tmp_path, whole=True)
    (root / "broker" / "templates" / "extra.yaml").write_text(f"{TEMPLATE}\n")
    charts = ChartsFolder(root)
    installed = {
        name: installation(
            Recorded(releases=(replace(BROKER, values=values),), objects=()), charts, Helm(kubernetes_version="1.34.0")
        )
        for name, values in environments.items()
    }
    return [(each.about, each.what.rpartition(" (")[2].rstrip(")")) for each in unread_values(installed, charts)]


def test_a_value_that_no_environment_reads_is_told_with_all_of_them(tmp_path) -> None:
    assert told(tmp_path, dev=QUIET, prod=QUIET) == [("extra.a", "dev, prod")]


def test_a_value_that_one_environment_reads_may_be_stated_by_all(tmp_path) -> None:
    small, large = {"replicas": 1, "extra": {"b": "x"}}, {"replicas": 2, "extra": {"b": "x"}}
    assert told(tmp_path / "one", dev=small) == [("extra.b", "dev")]
    assert told(tmp_path / "two", dev=small, prod=large) == []
    assert told(tmp_path / "three", prod=large, dev=small) == []
