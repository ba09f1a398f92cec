"""What `pulumi up` runs: the program of the selected stack."""

import pulumi

from quantos.errors import QuantosError
from stacks.programs import declare

try:
    declare(pulumi.get_stack())
except QuantosError as error:
    raise pulumi.RunError(f"{error}\n{error.remedy}") from error
