"""The evaluations in the whole window: shown, switched, saved as a report, deleted."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from PySide6.QtWidgets import QPushButton, QTableWidget

from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.evaluation.evaluation_case import CheckKind
from desktop_app.domain.evaluation.evaluation_result import CaseResult, Evaluation, EvaluationRun
from desktop_app.domain.evaluation.failed_check import FailedCheck
from desktop_app.domain.spending.cost import Usage
from desktop_app.storage.documents.evaluation_store import EvaluationStore
from desktop_app.ui.evaluation.evaluations_dialog import EvaluationsDialog
from tests.gui.app.app_harness import AppHarness, until
from tests.gui.app.scenes import dialog_of
from tests.helpers.file_dialogs import choose_paths
from tests.helpers.widgets import find

USAGE = Usage(100, 0, 10)


def evaluation(name: str, *passed: bool, days: int = 0) -> Evaluation:
    """Return an evaluation of two models, of which the second passes every case."""
    results = [
        CaseResult(
            f"c{number}",
            f"Answer {number}",
            () if is_passed else (FailedCheck(CheckKind.CONTAINS, "x"),),
            USAGE,
            Decimal("0.25"),
            first_token_s=0.5,
            duration_s=float(number),
        )
        for number, is_passed in enumerate(passed, start=1)
    ]
    others = [CaseResult(each.id, "Right", (), USAGE, None) for each in results]
    runs = [
        EvaluationRun("openai", "thinking", "high", "gpt-5.2", results),
        EvaluationRun("openai", None, None, "m", others),
    ]
    asked = {each.id: f"Question {each.id}" for each in results}
    return Evaluation(name, now() - timedelta(days=days), f"{name}.jsonl", runs, asked)


def cells(table: QTableWidget) -> list[list[str]]:
    columns = range(table.columnCount())
    return [
        [str(table.model().index(row, column).data()) for column in columns]
        for row in range(table.rowCount())
    ]


async def test_runs_and_failed_cases_stand_side_by_side() -> None:
    async with AppHarness() as app:
        store = EvaluationStore(app.backend.database)
        await store.add(evaluation("old", True, days=1))
        await store.add(evaluation("new", True, False, True, False))
        app.session.actions["evaluations.show"]()
        dialog = await dialog_of(EvaluationsDialog)
        assert dialog.choice.count() == 2
        # Wilson's interval of 2 of 4, and the nearest rank of 1, 2, 3 and 4 seconds.
        first = [
            "Thinking · High",
            "2/4 (50%)",
            "15%–85%",
            "$1.00",
            "$0",
            "2.0 s",
            "4.0 s",
            "0.5 s",
        ]
        second = ["m", "4/4 (100%)", "51%–100%", "–", "$0", "–", "–", "–"]
        assert cells(dialog.runs) == [first, second]
        assert dialog.note.text() == "2 cases failed"
        shown = cells(dialog.failed_cases)
        failed = "Failed (contains: x): Answer 2"
        assert shown[0] == ["c2", "Question c2", failed, "Passed: Right"]
        assert [row[0] for row in shown] == ["c2", "c4"]
        dialog.choice.setCurrentIndex(1)
        dialog.choice.activated.emit(1)
        await until(lambda: dialog.note.text() == "Every case passed.")
        assert dialog.failed_cases.rowCount() == 0


async def test_a_report_is_saved_and_an_evaluation_deleted(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    async with AppHarness() as app:
        await EvaluationStore(app.backend.database).add(evaluation("only", False))
        app.session.actions["evaluations.show"]()
        dialog = await dialog_of(EvaluationsDialog)
        find(dialog, QPushButton, "save-evaluation").click()
        choose_paths(tmp_path / "out")
        await until(lambda: "results.html" in app.said)
        assert "Question c1" in (tmp_path / "out" / "results.html").read_text()
        assert {path.name for path in (tmp_path / "out").iterdir()} == {
            "results.csv",
            "results.html",
            "results.json",
        }
        find(dialog, QPushButton, "delete-evaluation").click()
        await until(lambda: not dialog.current)
        assert dialog.command.isVisible()
        assert not dialog.runs.isVisible()
        undo = find(dialog, QPushButton, "undo-evaluation")
        undo.click()
        await until(lambda: dialog.current == "only" and dialog.runs.isVisible())
        assert not undo.isVisible()
