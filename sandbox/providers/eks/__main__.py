"""`pulumi-resource-eks`, as the engine starts it."""

from __future__ import annotations

import sys

import pulumi.provider

from sandbox.providers.eks.provider import EksProvider
from sandbox.providers.plugin import end_with_engine
from sandbox.providers.schema import SdkSchemas

if __name__ == "__main__":
    end_with_engine()
    pulumi.provider.main(EksProvider(SdkSchemas("pulumi_eks")), sys.argv[1:])
