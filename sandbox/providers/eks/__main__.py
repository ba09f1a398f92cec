"""`pulumi-resource-eks`, as the engine starts it."""

from __future__ import annotations

import os
import sys
import threading

import pulumi.provider

from sandbox.providers.eks.provider import EksProvider
from sandbox.providers.plugin import end_with_parent
from sandbox.providers.schema import SdkSchemas

if __name__ == "__main__":
    parent = os.getppid()
    stop = {"stop": lambda: os._exit(0)}
    threading.Thread(target=end_with_parent, args=(parent,), kwargs=stop, daemon=True).start()
    pulumi.provider.main(EksProvider(SdkSchemas("pulumi_eks")), sys.argv[1:])
