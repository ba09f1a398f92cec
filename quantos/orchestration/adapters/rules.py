"""The rules of an environment: budgets and credit of its teams, and where attempts run on its pools."""

from collections.abc import Sequence

from quantos.environment.settings.environment import EnvironmentSettings
from quantos.environment.settings.platform import TeamSettings
from quantos.errors import AccessError
from quantos.orchestration.ledger.accounts import Account
from quantos.orchestration.ledger.amounts import Amount, of_hours, share_of
from quantos.orchestration.ledger.credit import CreditTerms
from quantos.orchestration.protocol.rules import Rules
from quantos.orchestration.routing.offers import Offer
from quantos.orchestration.submission.assessment import placement


def environment_rules(settings: EnvironmentSettings, offers: Sequence[Offer]) -> Rules:
    """By what the environment file states of each team."""
    return Rules(
        opened=lambda team, day: Account(team=team, day=day, budget=daily_budget(settings, team)),
        credit=lambda team: credit_terms(settings, team),
        placed=lambda submission, node, left_ms: placement(submission.terms, node, offers=offers, left_ms=left_ms),
    )


def daily_budget(settings: EnvironmentSettings, team: str) -> Amount:
    """What a team may use on a day without credit. Raises AccessError for a team that is not there."""
    budget = _team(settings, team).budget
    return of_hours(cpu_hours=budget.cpu_hours, gpu_hours=budget.gpu_hours, io_tib=budget.io_tib)


def credit_terms(settings: EnvironmentSettings, team: str) -> CreditTerms:
    """What becomes of what a team leaves unused. Raises AccessError for a team that is not there."""
    burst = _team(settings, team).burst
    return CreditTerms(
        share=burst.share,
        cap=share_of(daily_budget(settings, team), burst.cap_days),
        expires_days=burst.expires_days,
    )


def most_of_a_day(settings: EnvironmentSettings, team: str) -> tuple[Amount, Amount]:
    """What a team may use on a day without credit, and with all that there can be."""
    daily = daily_budget(settings, team)
    return daily, daily + credit_terms(settings, team).cap


def _team(settings: EnvironmentSettings, team: str) -> TeamSettings:
    known = settings.platform.teams.get(team)
    if known is None:
        raise AccessError(
            f"{settings.name} has no team {team}", remedy="have it added to platform.teams of the environment file"
        )
    return known
