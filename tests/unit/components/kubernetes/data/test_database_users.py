"""Databases and their owners, by a script that may run again."""

from components.kubernetes.data.database_users import DatabaseUser, sql

REGISTRY = DatabaseUser(name="registry", secret=None)
ARGO = DatabaseUser(name="argo", secret="quantos-dev/services/argo")


def test_a_password_is_read_from_the_environment_and_stands_in_no_script() -> None:
    script = sql([ARGO])
    assert "\\getenv argo_password argo_password" in script
    assert "ALTER ROLE argo PASSWORD :'argo_password';" in script
    assert "quantos-dev" not in script


def test_a_user_without_a_secret_logs_in_by_iam() -> None:
    script = sql([REGISTRY])
    assert "GRANT rds_iam TO registry;" in script
    assert "PASSWORD" not in script


def test_what_is_there_is_left_and_nothing_is_dropped() -> None:
    script = sql([REGISTRY, ARGO])
    assert script.count("WHERE NOT EXISTS") == 4
    assert "DROP" not in script


def test_only_the_owner_may_connect() -> None:
    assert "REVOKE ALL ON DATABASE argo FROM PUBLIC;" in sql([ARGO])
