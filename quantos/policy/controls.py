"""Controls that rules of several modules answer to."""

from quantos.policy.rule import Control

FIRM_PAGE = "docs/controls.md"
FINOPS_PAGE = "https://www.finops.org/framework/capabilities"
FSBP_PAGE = "https://docs.aws.amazon.com/securityhub/latest/userguide"


def firm(text: str, *, section: str) -> Control:
    """A control of the firm's own, in the section of its page."""
    return Control(text=f"quantos, {text}", link=f"{FIRM_PAGE}#{section}")


def finops(capability: str, *, page: str) -> Control:
    """A capability of the FinOps Framework."""
    return Control(text=f"FinOps Framework, {capability}", link=f"{FINOPS_PAGE}/{page}/")


def fsbp(control_id: str) -> Control:
    """A control of AWS Foundational Security Best Practices by its id, such as `S3.8`."""
    service, _, _ = control_id.partition(".")
    page = f"{FSBP_PAGE}/{service.lower()}-controls.html"
    return Control(
        text=f"AWS Foundational Security Best Practices {control_id}",
        link=f"{page}#{control_id.lower().replace('.', '-')}",
    )
