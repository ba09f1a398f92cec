"""What the cluster installs is what environments pin."""

from components.aws.eks import cluster
from quantos.environment.settings import cluster as settings


def test_environments_pin_every_add_on_that_the_cluster_installs() -> None:
    assert set(cluster.ADDONS) == settings.ADDONS


def test_roles_of_one_name_in_two_accounts_or_folders_have_an_entry_each() -> None:
    roles = [
        "arn:aws:iam::123456789012:role/admin",
        "arn:aws:iam::999988887777:role/admin",
        "arn:aws:iam::123456789012:role/team/admin",
    ]
    entries = cluster.administrators(roles, account_id="123456789012")
    assert [entry.principal_arn for entry in entries.values()] == roles
    assert list(entries) == ["admin", "999988887777:role/admin", "team/admin"]
