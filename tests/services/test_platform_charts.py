"""The platform layer of every environment against the charts that it pins, where a folder of them is at hand."""

import os

import pytest

from cli.commands.charts import CHARTS_VARIABLE
from cli.main import run


@pytest.mark.services
@pytest.mark.timeout(1800)
def test_nothing_that_the_platform_installs_breaks_its_charts(capsys: pytest.CaptureFixture[str]) -> None:
    folder = os.environ.get(CHARTS_VARIABLE)
    if not folder:
        pytest.skip(f"{CHARTS_VARIABLE} names no folder of charts")
    code = run(["charts", "check", "--charts", folder])
    said = capsys.readouterr()
    assert [line for line in said.err.splitlines() if line.startswith("refused")] == []
    assert code == 0, said.err
