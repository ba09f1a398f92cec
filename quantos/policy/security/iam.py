"""Who may do what: documents that name actions, resources and principals, and trust nobody else."""

from collections.abc import Iterator

from quantos.policy.controls import firm, fsbp
from quantos.policy.security.access.actions import is_loose, privileged
from quantos.policy.security.access.arns import Breadth, breadth, parsed_arn
from quantos.policy.security.access.callers import Callers, callers, callers_of_service, identities
from quantos.policy.security.access.conditions import condition_tests, picks_resources
from quantos.policy.security.access.patterns import is_pattern
from quantos.policy.security.access.places import Kind, statements_of, types_with
from quantos.policy.security.access.principals import ACTING_FOR_THEIR_ACCOUNT, Standing, principals
from quantos.policy.security.access.subjects import has_subject
from quantos.policy.security.documents import Statement
from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.resource import Resource, ResourceRule
from quantos.policy.security.unscoped_actions import UNSCOPED_ACTIONS

ROLE = "aws:iam/role:Role"
KEYS = ("aws:kms/key:Key", "aws:kms/keyPolicy:KeyPolicy", "aws:kms/replicaKey:ReplicaKey")
GIVEN = (Kind.RESOURCE, Kind.TRUST, Kind.ENDPOINT)
"""Policies that name principals."""


def _granting(resource: Resource, *kinds: Kind) -> Iterator[Statement]:
    return (statement for statement in statements_of(resource, *kinds) if statement.allows)


def _wide_actions(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    for statement in _granting(resource, Kind.IDENTITY, Kind.RESOURCE, Kind.TRUST):
        wide = [action for action in statement.actions if is_loose(action)]
        if wide and not _is_account_of_key(resource, statement, limits):
            reached = dict.fromkeys(name for action in wide for name in privileged(action))
            among = f", {next(iter(reached))} among them," if reached else ""
            yield f"{resource.name} allows {', '.join(wide)}{among} in {statement.sid}"


def _is_account_of_key(resource: Resource, statement: Statement, limits: SecurityLimits) -> bool:
    """A key's policy gives the key to its account, whose IAM policies then say who may do what."""
    roots = [{"AWS": (f"arn:aws:iam::{account}:root",)} for account in limits.accounts]
    return resource.type in KEYS and statement.principals in roots and statement.actions == ("kms:*",)


def _wide_resources(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    for statement in _granting(resource, Kind.IDENTITY):
        loose = [action for action in statement.actions if action not in UNSCOPED_ACTIONS]
        if loose and any(breadth(arn) is Breadth.EVERYTHING for arn in statement.resources):
            yield f"{resource.name} allows {', '.join(loose)} on every resource in {statement.sid}"


def _wide_privileges(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    for statement in _granting(resource, Kind.IDENTITY):
        rights = dict.fromkeys(name for action in statement.actions for name in privileged(action))
        chosen = picks_resources(condition_tests(statement.written))
        wide = [arn for arn in statement.resources if breadth(arn) is not Breadth.NAMED and not chosen]
        if rights and wide:
            yield f"{resource.name} allows {', '.join(rights)} on {', '.join(wide)} in {statement.sid}"
        identities = [name for name in rights if name.startswith(("iam:", "sts:"))]
        for arn in statement.resources if identities else ():
            account = "" if (parsed := parsed_arn(arn)) is None else parsed.account
            if account and not is_pattern(account) and account not in limits.accounts:
                yield f"{resource.name} allows {', '.join(identities)} on {arn}, not of account {limits.account_id}"


def _anybody(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    for statement in _granting(resource, *GIVEN):
        given = principals(statement, accounts=limits.accounts)
        everybody = any(principal.standing is Standing.EVERYBODY for principal in given)
        if everybody and callers(condition_tests(statement.written), accounts=limits.accounts) is Callers.ANYBODY:
            yield f"{resource.name} allows anybody {', '.join(statement.actions)} in {statement.sid}"


def _foreign(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    for statement in _granting(resource, Kind.RESOURCE, Kind.ENDPOINT):
        left = callers(condition_tests(statement.written), accounts=limits.accounts)
        given = list(principals(statement, accounts=limits.accounts))
        named = [each.name for each in given if each.standing in {Standing.FOREIGN, Standing.FEDERATED}]
        strangers = named if left is not Callers.ACCOUNT else []
        if any(each.standing is Standing.SERVICE for each in given) and not _has_source(statement, limits):
            strangers = [*strangers, "a service for whomever it acts"]
        if left is Callers.FOREIGN and any(each.standing is Standing.EVERYBODY for each in given):
            strangers = [*strangers, "whoever its conditions name"]
        for who in strangers:
            what = ", ".join(statement.actions)
            yield f"{resource.name} allows {who} {what} in {statement.sid}, not of account {limits.account_id}"


def _has_source(statement: Statement, limits: SecurityLimits) -> bool:
    """Whether a service may act for the account only, its organisation or what is named: no confused deputy."""
    left = callers_of_service(condition_tests(statement.written), accounts=limits.accounts)
    return left in {Callers.ACCOUNT, Callers.KNOWN}


def _foreign_trust(resource: Resource, limits: SecurityLimits) -> Iterator[str]:
    granting = list(_granting(resource, Kind.TRUST))
    if not granting or any(not statement.principals for statement in granting):
        yield f"{resource.name} does not say whom it trusts"
    for statement in granting:
        yield from (f"{resource.name} trusts {who} in {statement.sid}" for who in _strangers(statement, limits))


def _strangers(statement: Statement, limits: SecurityLimits) -> Iterator[str]:
    tests = condition_tests(statement.written)
    own = identities(tests, accounts=limits.accounts) is Callers.ACCOUNT
    for principal in principals(statement, accounts=limits.accounts):
        if principal.standing is Standing.FOREIGN or (principal.standing is Standing.EVERYBODY and not own):
            yield f"{principal.name}, which is not of account {limits.account_id}"
        elif principal.standing is Standing.FEDERATED and not has_subject(tests, provider=principal.name):
            yield f"everybody whom {principal.name} knows"
        elif (
            principal.standing is Standing.SERVICE
            and principal.name not in ACTING_FOR_THEIR_ACCOUNT
            and not _has_source(statement, limits)
        ):
            yield f"{principal.name}, for whomever it acts"


def _lasting_identity(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    yield f"{resource.name} is an identity whose keys last until somebody ends them"


DOCUMENT_RULES: tuple[ResourceRule, ...] = (
    ResourceRule(
        name="iam-named-actions",
        description="Policy documents name each action that they allow.",
        remedy="list the actions that the code calls; a pattern that must stay belongs in TOLERATED_PATTERNS",
        control=fsbp("IAM.21"),
        types=types_with(Kind.IDENTITY, Kind.RESOURCE, Kind.TRUST),
        complaints=_wide_actions,
    ),
    ResourceRule(
        name="iam-named-resources",
        description="Policies of identities name the resources that they allow anything on.",
        remedy="name resources by ARN; an action that IAM holds to none belongs in UNSCOPED_ACTIONS with the reason",
        control=firm("a grant names what it is about", section="grants"),
        types=types_with(Kind.IDENTITY),
        complaints=_wide_resources,
    ),
    ResourceRule(
        name="iam-named-privileges",
        description="Rights by which a holder takes more rights, or reads secrets, are about named resources.",
        remedy="name what it is about in full, by the beginning of its name or by its tags, and roles of the account",
        control=firm("a grant names what it is about", section="grants"),
        types=types_with(Kind.IDENTITY),
        complaints=_wide_privileges,
    ),
    ResourceRule(
        name="iam-named-principals",
        description="Policies of resources and trust policies allow nothing to everybody.",
        remedy="name the principals, or add a condition on the account or organisation they act for",
        control=firm("a grant names whom it is for", section="grants"),
        types=types_with(*GIVEN),
        complaints=_anybody,
    ),
    ResourceRule(
        name="iam-own-principals",
        description="Policies of resources allow nothing to other accounts, nor to services that act for them.",
        remedy="name principals of the account, and of a service aws:SourceAccount; exempt what another has to reach",
        control=firm("a grant names whom it is for", section="grants"),
        types=types_with(Kind.RESOURCE, Kind.ENDPOINT),
        complaints=_foreign,
    ),
)
"""Rules of every policy, whatever carries it: a type that has no other rule is not judged by these."""
IAM_RULES: tuple[ResourceRule, ...] = (
    ResourceRule(
        name="iam-trust",
        description="Roles are taken by AWS services, by their own account, or by one named subject of a provider.",
        remedy="trust a service, by aws:SourceAccount, or a role of the account; of a provider name the subject",
        control=firm("a grant names whom it is for", section="grants"),
        types=(ROLE,),
        complaints=_foreign_trust,
    ),
    ResourceRule(
        name="iam-roles-only",
        description="There are no IAM users and no access keys that last.",
        remedy="give a program a role, and people roles by single sign-on",
        control=firm("nobody holds a key that lasts", section="identities"),
        types=("aws:iam/user:User", "aws:iam/accessKey:AccessKey", "aws:iam/userLoginProfile:UserLoginProfile"),
        complaints=_lasting_identity,
    ),
)
