"""`quantos env`: what a plain `pulumi` needs to know."""

import shlex

from cli.console import out
from cli.packs import packs_of
from cli.target import open_target

EXPORTED = (
    "PATH",
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_EC2_METADATA_DISABLED",
    "PULUMI_HOME",
    "PULUMI_BACKEND_URL",
    "PULUMI_SECRETS_PROVIDER",
    "PULUMI_CONFIG_PASSPHRASE",
    "PULUMI_SKIP_UPDATE_CHECK",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION",
    "PULUMI_OPTION_CWD",
    "QUANTOS_SANDBOX",
    "QUANTOS_SANDBOX_STORE",
    "QUANTOS_SANDBOX_MANIFESTS",
)


def env(environment: str) -> None:
    """Print the variables that a plain `pulumi` needs, as a shell's `export` lines."""
    target = open_target(environment)
    packs = packs_of(target)
    variables = {name: target.variables[name] for name in EXPORTED if name in target.variables}
    variables["PULUMI_OPTION_POLICY_PACK"] = ",".join(str(pack.path) for pack in packs)
    variables["PULUMI_OPTION_POLICY_PACK_CONFIG"] = ",".join(str(pack.config) for pack in packs)
    for name, value in sorted(variables.items()):
        out.print(f"export {name}={shlex.quote(value)}", markup=False)
