"""Errors of the sandbox, beside the domain's own tree."""

from quantos.errors import QuantosError


class SandboxError(QuantosError):
    """The sandbox could not be started, stopped or used."""

    code = "sandbox.failed"
