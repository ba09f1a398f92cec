"""The place that a backend URL names is the same whatever options it carries."""

from pathlib import Path

import pytest

from quantos.deployment.backend import FileBackend, S3Backend, file_backend_url, parse_backend
from quantos.errors import SettingsError


@pytest.mark.parametrize(
    ("url", "backend"),
    [
        ("file:///srv/state", FileBackend(Path("/srv/state"))),
        ("file:///srv/state?metadata=skip", FileBackend(Path("/srv/state"))),
        ("file:///srv/a%20b/?no_tmp_dir=true&metadata=skip", FileBackend(Path("/srv/a b"))),
        ("file://~/state?metadata=skip", FileBackend(Path.home() / "state")),
        ("s3://bucket", S3Backend("bucket", "")),
        ("s3://bucket?region=eu-west-1", S3Backend("bucket", "", "eu-west-1")),
        ("s3://bucket/a/b/?region=eu-west-1&awssdk=v2", S3Backend("bucket", "a/b/", "eu-west-1")),
    ],
)
def test_the_place_is_read_beside_any_options(url: str, backend: FileBackend | S3Backend) -> None:
    assert parse_backend(url) == backend


def test_the_url_of_a_folder_names_it_and_asks_for_plain_files(tmp_path: Path) -> None:
    url = file_backend_url(tmp_path)
    assert parse_backend(url) == FileBackend(tmp_path)
    assert url.endswith("?metadata=skip")


def test_a_backend_whose_files_cannot_be_read_is_refused() -> None:
    with pytest.raises(SettingsError, match="azblob"):
        parse_backend("azblob://state")
