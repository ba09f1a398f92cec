"""Errors of images, beside the domain's own tree."""

from quantos.errors import QuantosError


class ImageError(QuantosError):
    """An image could not be defined, built, loaded, pinned or run."""

    code = "images.failed"
