"""One name declared twice."""

from quantos.charts.links.clashes import clashes
from tests.support.cluster_objects import cluster, made, release


def test_one_name_is_declared_once() -> None:
    one, other = release("one"), release("other")
    config = made("ConfigMap", "config")
    assert list(clashes(cluster(bringing=[(one, [config]), (other, [made("ConfigMap", "else")])]))) == []
    (both,) = clashes(cluster(bringing=[(one, [config]), (other, [made("ConfigMap", "config")])]))
    assert both.about == "release web/one (one), release web/other (other)"
    (ours,) = clashes(cluster(config, bringing=[(one, [made("ConfigMap", "config")])]))
    assert "the program" in ours.about
    assert list(clashes(cluster(config, made("ConfigMap", "config", place="other")))) == []
    again = made("ConfigMap", "config")
    assert list(clashes(cluster(bringing=[(one, [config, again])]))) == []
