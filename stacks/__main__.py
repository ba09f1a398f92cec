"""What `pulumi up` runs: the program of the selected stack."""

import pulumi

from stacks.programs import declare

declare(pulumi.get_stack())
