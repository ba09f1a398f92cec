"""How long the choice of pool sizes takes on hard instances, and how near to its bounds it ends."""

import statistics
import time
from collections.abc import Callable

from benchmarks.choice_cases import make_problem
from benchmarks.measurement import Figure, Report, median_figure, now
from quantos.allocation.priorities import choose
from quantos.allocation.verification import check_solution
from quantos.errors import ChoiceError

BENCHMARK = "choice"
POOLS = 50
DEMANDS = 50
KINDS = 4
"""Of every four instances one has an ample budget; three are short of it by little, by a fifth and by half."""
Tell = Callable[[str], None]


def measure(*, rounds: int, tell: Tell, command: str) -> Report:
    """Time `KINDS * rounds` instances of three priorities, once each, in seconds of one core.

    Raises ChoiceError where a solution fails its verification, or a repeated one differs.
    """
    seconds: list[float] = []
    gaps: list[float] = []
    shortfall_gaps: list[float] = []
    distances: list[float] = []
    cut_off = short = 0
    for seed in range(KINDS * rounds):
        tell(f"instance {seed + 1} of {KINDS * rounds}")
        problem = make_problem(seed, pools=POOLS, demands=DEMANDS)
        started = time.process_time()
        solution = choose(problem)
        seconds.append(time.process_time() - started)
        if complaints := check_solution(problem, solution):
            raise ChoiceError(f"instance {seed}: {'; '.join(complaints)}", remedy="mend the choice or its verifier")
        if seed < KINDS and choose(problem) != solution:
            raise ChoiceError(f"instance {seed} has two solutions", remedy="find what is not a function of the problem")
        gaps.append(solution.mip_gap)
        shortfall_gaps.append(solution.ended.shortfall_gap)
        distances.append(solution.lp_distance)
        cut_off += solution.ended.cut_off
        short += bool(solution.gave_way)
    figures = (
        median_figure("median_seconds", seconds, unit="s of one core, median of instances"),
        Figure("p90_seconds", statistics.quantiles(seconds, n=10)[-1], "s of one core"),
        Figure("slowest_seconds", max(seconds), "s of one core, the slowest instance"),
        Figure("greatest_gap", max(gaps), "of the cost, to the bound proved", tuple(gaps)),
        Figure("greatest_shortfall_gap", max(shortfall_gaps), "of what a priority asks", tuple(shortfall_gaps)),
        Figure("greatest_lp_distance", max(distances), "of the cost, to the LP bound", tuple(distances)),
        Figure("cut_off", cut_off, "instances that met the limit of branches"),
    )
    subject = f"{len(seconds)} instances, {short} that cannot hold all; {POOLS} pools, {DEMANDS} demands, 3 priorities"
    return Report(BENCHMARK, command, subject, figures, now())
