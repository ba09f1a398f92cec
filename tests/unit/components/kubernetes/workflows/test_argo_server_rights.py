"""The server reads the secrets that it logs in with, and those of nobody else."""

from components.kubernetes.workflows.argo_server_rights import ServerRightsArgs, cluster_rules, own_rules

ARGS = ServerRightsArgs(namespace="argo", account="server", secrets=("argo-archive",))


def test_no_secret_of_the_cluster_is_read() -> None:
    for rule in cluster_rules():
        assert not {"secrets", "*"} & {str(kind) for kind in rule.resources}
        assert "*" not in rule.verbs


def test_in_its_own_namespace_it_reads_its_logins_by_name() -> None:
    (rule,) = own_rules(ARGS)
    assert (rule.resource_names, rule.verbs) == (["argo-archive"], ["get"])


def test_who_signs_on_is_given_an_account_of_that_namespace() -> None:
    reading, making = own_rules(ServerRightsArgs(namespace="argo", account="server"))
    assert (reading.resource_names, reading.verbs, making.verbs) == (None, ["get"], ["create"])
