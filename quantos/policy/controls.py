"""Controls that rules of several modules answer to."""

from quantos.policy.rule import Control

FIRM_PAGE = "docs/controls.md"
FINOPS_PAGE = "https://www.finops.org/framework/capabilities"
NSA_GUIDE = (
    "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF"
)
EKS_BENCHMARK = "https://www.cisecurity.org/benchmark/kubernetes"
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


def cis_eks(text: str) -> Control:
    """A recommendation of the CIS Amazon EKS Benchmark."""
    return Control(text=f"CIS Amazon EKS Benchmark, {text}", link=EKS_BENCHMARK)


def kubernetes(text: str, *, page: str) -> Control:
    """A page of the Kubernetes project's security concepts."""
    return Control(text=text, link=f"https://kubernetes.io/docs/concepts/security/{page}/")


def nsa(text: str) -> Control:
    """A recommendation of the NSA's and CISA's Kubernetes Hardening Guide."""
    return Control(text=f"NSA and CISA Kubernetes Hardening Guide 1.2, {text}", link=NSA_GUIDE)
