"""The progress of a command in lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.cli.streams.progress_output import ProgressReporter

if TYPE_CHECKING:
    import pytest


def test_an_unknown_total_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = ProgressReporter("Importing", in_lines=True)
    reporter.show(1, None)
    reporter.show(2, 3)
    assert capsys.readouterr().err == "1\n2 3\n"
