"""The files of a report on an evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from desktop_app.cli.export_command import unwritable_error
from desktop_app.cli.streams.console import to_json
from desktop_app.exchange.evaluation.evaluation_report import csv_report, html_report
from desktop_app.storage.database.private_files import create_private

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_app.domain.evaluation.evaluation_result import Evaluation

HTML_NAME: Final = "results.html"


def write_reports(
    folder: Path, evaluation: Evaluation, report: Mapping[str, Any] | None = None
) -> None:
    """Write results.json, results.csv and results.html. Blocking.

    Args:
        report: the content of results.json; None for the runs alone.

    Raises:
        StorageError: the folder cannot be written to.
    """
    make_folder(folder)
    report = report or {"runs": [run.to_json() for run in evaluation.runs]}
    texts = {
        "results.json": to_json(report, indent=1),
        "results.csv": csv_report(evaluation.runs),
        HTML_NAME: html_report(evaluation),
    }
    for name, text in texts.items():
        path = folder / name
        try:
            path.unlink(missing_ok=True)
            create_private(path)
            path.write_text(text, encoding="utf-8", errors="replace")
        except OSError as error:
            raise unwritable_error(path, error) from error


def make_folder(folder: Path) -> None:
    """Create the folder of a report. Raises StorageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable_error(folder, error) from error
