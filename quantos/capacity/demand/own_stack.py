"""A function of an environment works for that environment's capacity stack and for no other."""

from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import SettingsError


def refuse_other_stack(settings: EnvironmentSettings, stack: str, *, does: str) -> None:
    """Raise SettingsError where a function that `does` something was asked to for another stack."""
    own = settings.names().stack("capacity")
    if stack != own:
        raise SettingsError(
            f"this function {does} for {own}, but was asked to for {stack}",
            remedy=f"let the schedule send stack {own}",
        )
