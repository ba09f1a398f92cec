"""How both packs report: what rules say of a subject, less what is exempted, and exemptions that nothing needs."""

from collections.abc import Callable, Mapping
from datetime import date

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    ReportViolation,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from quantos.environment.names import layer_of
from quantos.errors import NotYetKnownError, QuantosError
from quantos.policy.configured import EXEMPTIONS_KEY, LIMITS_KEY, parsed_exemptions
from quantos.policy.exemptions import EXEMPTION_NEEDED, Exemption, Subject, unneeded, verdict
from quantos.policy.rule import sentence
from quantos.urn import Urn

SCHEMA = PolicyConfigSchema(properties={LIMITS_KEY: {"type": "object"}, EXEMPTIONS_KEY: {"type": "array"}})
Config = Mapping[str, object]


class Judge:
    """Reports for one engine, day by day: `today` is what exemptions are held against, and of which day prices are."""

    def __init__(self, *, today: date) -> None:
        self.today = today
        self._needed: set[Exemption] = set()

    def report(
        self,
        subject: Subject,
        messages: Callable[[], tuple[str, ...]],
        *,
        config: Config,
        tell: Callable[[str], None],
    ) -> None:
        """Tell what `messages` comes to under the exemptions in `config`.

        What keeps a rule from running refuses, but for a value that is not known yet: that is the engine's to tell.
        """
        exemptions = parsed_exemptions(config)
        try:
            said = _judged(messages)
        except (UnknownValueError, NotYetKnownError) as exc:
            self._needed.update(exemption for exemption in exemptions if exemption.concerns(subject))
            raise _unknown(exc) from exc
        result = verdict(said, subject, exemptions=exemptions, today=self.today)
        self._needed.update(result.needed)
        for message in result.messages:
            tell(message)

    def idle_exemptions(self) -> StackValidationPolicy:
        """Advice to remove exemptions that nothing needed. Comes after every other policy of the pack."""

        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            layer = next((layer_of(Urn.parse(resource.urn).stack) for resource in args.resources), "")
            exemptions = parsed_exemptions(args.get_config())
            for message in unneeded(exemptions, needed=self._needed, layer=layer, today=self.today):
                report(f"{message}. Remove it from the environment file.", None)

        return StackValidationPolicy(
            name=EXEMPTION_NEEDED,
            description="Each exemption lets something off that would be refused.",
            validate=validate,
            enforcement_level=EnforcementLevel.ADVISORY,
            config_schema=SCHEMA,
        )


def subject_of(name: str, urn: str) -> Subject:
    """A resource, as exemptions speak of it."""
    return Subject(name=name, urn=urn, layer=layer_of(Urn.parse(urn).stack))


def _judged(messages: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    try:
        return messages()
    except (UnknownValueError, NotYetKnownError):
        raise
    except QuantosError as exc:
        return (f"cannot be judged: {exc.what}. {sentence(exc.remedy)}",)
    except Exception as exc:  # whatever keeps a rule from running must refuse
        return (f"the rule could not run ({type(exc).__name__}: {exc}). Correct it; nothing passes unjudged.",)


def _unknown(exc: UnknownValueError | NotYetKnownError) -> BaseException:
    """The SDK's own error, by which it tells the engine that a rule could not run."""
    return exc if isinstance(exc, UnknownValueError) else exc.__cause__ or exc
