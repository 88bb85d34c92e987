"""The files of a report on an evaluation."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from desktop_app.cli.evaluation.report_files import write_reports
from desktop_app.domain.evaluation.evaluation_result import CaseResult, Evaluation, EvaluationRun


def test_ids_with_unpaired_surrogates_are_written(tmp_path: Path) -> None:
    run = EvaluationRun("p", None, None, "m", [CaseResult("\ud800", "An answer")])
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    write_reports(tmp_path, Evaluation("e", moment, "cases", [run], {"\ud800": "Hi"}))
    assert "An answer" in (tmp_path / "results.csv").read_text("utf-8")
    assert "Every case passed" in (tmp_path / "results.html").read_text("utf-8")
