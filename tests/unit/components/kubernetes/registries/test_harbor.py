"""Harbor makes no secret of its own, keeps nothing on its disks that matters, and is reached inside only."""

from collections.abc import Iterator, Mapping

from components.kubernetes.registries.harbor import CREDENTIALS, FOLDER, PROPERTIES, HarborArgs, statements, values

ARGS = HarborArgs(
    namespace="harbor",
    cluster_name="quantos-dev",
    region="us-east-1",
    role_name="quantos-dev-harbor",
    host="harbor.dev.quantos.internal",
    ingress_class="internal",
    bucket_name="artifacts",
    kms_key_arn="key-arn",
    database_host="db",
    database_port="5432",
    database_user="harbor",
    secret="quantos-dev/services/harbor",
    token_secret="quantos-dev/services/harbor-token",
    tls_secret="quantos-dev/services/harbor-tls",
    scan_database="harbor.dev.quantos.internal/mirror",
    storage_class="gp3",
    replicas=2,
    tags={},
)
SECRETS = {
    "existingSecretAdminPassword": "HARBOR_ADMIN_PASSWORD",
    "existingSecretSecretKey": "secretKey",
    "core.existingSecret": "secret",
    "core.existingXsrfSecret": "CSRF_KEY",
    "jobservice.existingSecret": "JOBSERVICE_SECRET",
    "registry.existingSecret": "REGISTRY_HTTP_SECRET",
    "registry.credentials.existingSecret": "REGISTRY_HTPASSWD",
    "database.external.existingSecret": "password",
}
"""Every place where the chart makes a value of its own if it is not told of a secret, and the key it looks for."""


def flat(tree: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def test_the_chart_makes_no_secret_at_render() -> None:
    told = dict(flat(values(ARGS)))
    for place, key in SECRETS.items():
        assert told[place] == CREDENTIALS, place
        assert key in PROPERTIES
    assert told["core.secretName"] == "harbor-token"
    assert told["internalTLS.certSource"] == "secret"
    assert told["expose.tls.certSource"] == "none"


def test_no_value_is_a_password() -> None:
    told = dict(flat(values(ARGS)))
    assert not [place for place in told if place.lower().endswith(("password", "accesskey", "secretkey"))
                and not place.startswith("existingSecret")]  # fmt: skip


def test_parts_of_which_there_are_several_share_no_disk() -> None:
    told = dict(flat(values(ARGS)))
    assert told["persistence.imageChartStorage.type"] == "s3"
    assert told["jobservice.jobLoggers"] == ["database"]
    assert told["database.type"] == "external"


def test_every_hop_is_by_tls() -> None:
    told = dict(flat(values(ARGS)))
    assert told["internalTLS.enabled"] is True
    assert told["expose.tls.enabled"] is True
    assert told["expose.ingress.annotations.alb.ingress.kubernetes.io/backend-protocol"] == "HTTPS"
    assert told["database.external.sslmode"] == "require"


def test_the_registry_keeps_to_its_folder() -> None:
    by_sid = {statement.sid: statement for statement in statements("artifacts", kms_key_arn="key-arn")}
    assert by_sid["KeepLayers"].resources == (f"arn:aws:s3:::artifacts/{FOLDER}/*",)
    assert by_sid["FindLayers"].conditions == {"StringLike": {"s3:prefix": [FOLDER, f"{FOLDER}/*"]}}
    assert by_sid["UseKey"].resources == ("key-arn",)


def test_nothing_is_kept_of_claims_that_the_chart_does_not_make() -> None:
    persistence = values(ARGS)["persistence"]
    assert isinstance(persistence, dict)
    assert "resourcePolicy" not in persistence
