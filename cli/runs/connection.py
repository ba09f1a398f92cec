"""Where the API of an environment is, and who asks it."""

import getpass
import os
from typing import Final

from cli.console import err
from cli.places import ENVIRONMENTS, ROOT
from cli.runs.client import ApiClient, own_token
from cli.target import sandbox_asked
from quantos.catalog.catalog import load_catalog
from quantos.environment.functions import HTTP_ROUTES
from quantos.environment.load import load_environment
from quantos.errors import OrchestrationError
from sandbox.api.tokens import open_issuer
from sandbox.lifecycle import default_state_dir
from sandbox.orchestration.record import recorded_service

TEAM_VARIABLE: Final = "QUANTOS_TEAM"
SUBJECT_VARIABLE: Final = "QUANTOS_SUBJECT"
API_VARIABLE: Final = "QUANTOS_API"


def connected(environment: str) -> ApiClient:
    """A client of an environment's API; says which on standard error.

    In the sandbox a token is made for the team and subject that `QUANTOS_TEAM` and `QUANTOS_SUBJECT` name.
    """
    settings = load_environment(environment, root=ENVIRONMENTS, catalog=load_catalog())
    if not sandbox_asked():
        address = os.environ.get(API_VARIABLE, "").rstrip("/")
        if not address:
            raise OrchestrationError(
                f"{API_VARIABLE} is not set",
                remedy=f"set it to the output api_endpoint of {settings.names().stack('control')}, or add --sandbox",
            )
        err.print(f"target: {environment} at {address}", style="dim")
        return ApiClient(address, own_token())
    state_dir = default_state_dir(ROOT)
    address = recorded_service(state_dir, environment).address
    team = os.environ.get(TEAM_VARIABLE) or next(iter(settings.platform.teams))
    subject = os.environ.get(SUBJECT_VARIABLE) or getpass.getuser()
    scopes = sorted({route.scope for route in HTTP_ROUTES if route.scope})
    err.print(f"target: {environment} in the sandbox at {address}, as {subject} of {team}", style="dim")
    return ApiClient(address, open_issuer(state_dir, settings.api).token(team, subject, scopes=scopes))
