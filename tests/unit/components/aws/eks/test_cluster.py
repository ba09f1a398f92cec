"""What the cluster installs is what environments pin."""

from components.aws.eks import cluster
from quantos.environment.settings import cluster as settings


def test_environments_pin_every_add_on_that_the_cluster_installs() -> None:
    assert set(cluster.ADDONS) == settings.ADDONS
