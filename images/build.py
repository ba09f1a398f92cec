"""Builds images: a base, packages, tools and code on it, each a layer, and what they hold beside."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from images.bases.base import Base
from images.definition import PYTHON, ImageDefinition
from images.layers.code import code_of, git
from images.layers.engine import TOOLS, EngineFiles
from images.layers.packages import PACKAGES, packages_of
from images.layers.store import Layer, LayerStore
from images.oci import OciImage, Program, oci_image, write_archive
from images.sbom import bill_of_materials

ARCHIVE_SUFFIX: Final = ".tar"
SBOM_SUFFIX: Final = ".cdx.json"
_BASE_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class BuiltImage:
    """An image as it was written: its archive, and the list of what it holds."""

    image: OciImage
    archive: Path
    sbom: Path


@dataclass(frozen=True, kw_only=True)
class Builder:
    """What images are built from.

    `engine` is asked for only where a definition has it among its tools.
    """

    project: Path
    base: Base
    store: LayerStore
    engine: Callable[[], EngineFiles]
    environ: Mapping[str, str]

    def build(self, definition: ImageDefinition, *, into: Path, tell: Tell) -> BuiltImage:
        """Build an image and write it, with its list of components, into a folder.

        Raises:
            ImageError: a layer cannot be made.
        """
        layers = self._layers(definition, tell)
        image = oci_image(definition.name, layers, self._program(definition))
        components = [*self.base.components, *(component for layer in layers for component in layer.components)]
        into.mkdir(parents=True, exist_ok=True)
        archive, sbom = into / f"{definition.name}{ARCHIVE_SUFFIX}", into / f"{definition.name}{SBOM_SUFFIX}"
        tell("archive")
        write_archive(image, archive, annotations=revision(self.project))
        sbom.write_text(bill_of_materials(definition.name, image.digest, components), encoding="utf-8")
        return BuiltImage(image=image, archive=archive, sbom=sbom)

    def _layers(self, definition: ImageDefinition, tell: Tell) -> tuple[Layer, ...]:
        compress = self.base.interpreter.compress
        layers = list(self.base.layers)
        tell("packages")
        packages = packages_of(definition, project=self.project, base=self.base, environ=self.environ)
        if packages is not None:
            layers.append(self.store.layer(packages.content(), compress=compress))
        if definition.tools:
            tell("engine")
            layers.append(self.store.layer(self.engine().content(), compress=compress))
        tell("code")
        code = code_of(definition, project=self.project, base=self.base)
        layers.append(self.store.layer(code.content(), compress=compress))
        return tuple(layers)

    def _program(self, definition: ImageDefinition) -> Program:
        first, *rest = definition.entrypoint
        entrypoint = [self.base.interpreter.path if first == PYTHON else first, *rest]
        path = self.base.environment.get("PATH", _BASE_PATH)
        environment = {
            **self.base.environment,
            "PATH": f"{TOOLS}:{path}" if definition.tools else path,
            "PYTHONPATH": f"{definition.home}:{PACKAGES}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": "/tmp",  # noqa: S108  the only folder that a program may write
            "USER": definition.name,  # numbers are in no passwd, and Go's programs ask who they are
            **definition.environment,
        }
        labels = {
            "org.opencontainers.image.title": definition.name,
            "org.opencontainers.image.base.name": self.base.name,
            "org.opencontainers.image.base.digest": self.base.digest,
        }
        if definition.tools:
            engine = self.engine()
            plugin = "with" if engine.has_plugin else "without"
            labels["io.quantos.engine"] = f"{engine.version}, {engine.origin}, {plugin} the plugin of AWS"
        return Program(
            entrypoint=entrypoint,
            command=definition.command,
            environment=environment,
            user=definition.user,
            folder=definition.home,
            labels=labels,
        )


def revision(project: Path) -> dict[str, str]:
    """Which commit lies in the working tree, and whether it is changed; said beside an image and never in it."""
    commit = git(["rev-parse", "HEAD"], project=project).strip()
    changed = git(["status", "--porcelain", "--untracked-files=no"], project=project).strip()
    return {"org.opencontainers.image.revision": f"{commit}-changed" if changed else commit}
