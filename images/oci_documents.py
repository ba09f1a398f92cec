"""Documents of the OCI image format, as far as they are read here; what else stands in them is left alone.

Source: OCI image specification 1.1, "Image Manifest", "Image Configuration", "Image Index"; Docker image format 1.2.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Platform(_Document):
    """What an image runs on."""

    architecture: str = "amd64"
    os: str = "linux"


class Descriptor(_Document):
    """What names a blob."""

    media_type: str = Field(alias="mediaType")
    digest: Digest
    platform: Platform = Platform()
    annotations: dict[str, str] = {}


class Index(_Document):
    """A list of manifests, or of further lists."""

    manifests: tuple[Descriptor, ...]


class Manifest(_Document):
    """The configuration and layers of an image."""

    config: Descriptor
    layers: tuple[Descriptor, ...]


class RunConfig(_Document):
    """What a container of the image starts with."""

    environment: tuple[str, ...] | None = Field(default=None, alias="Env")
    entrypoint: tuple[str, ...] | None = Field(default=None, alias="Entrypoint")
    command: tuple[str, ...] | None = Field(default=None, alias="Cmd")
    user: str = Field(default="", alias="User")
    folder: str = Field(default="", alias="WorkingDir")

    @property
    def variables(self) -> dict[str, str]:
        """The environment by name."""
        return dict(pair.split("=", 1) for pair in self.environment or ())


class Rootfs(_Document):
    """Digests of the layers' tars, the lowest first."""

    diff_ids: tuple[Digest, ...]


class Config(_Document):
    """An image's configuration."""

    config: RunConfig = RunConfig()
    rootfs: Rootfs


class DockerImage(_Document):
    """An image in an archive of Docker: paths within it."""

    config: str = Field(alias="Config")
    layers: tuple[str, ...] = Field(alias="Layers")


class DockerArchive(_Document):
    """What an archive of Docker holds."""

    images: tuple[DockerImage, ...]
