"""Money in the window: the cap, the warning before it, the month, the tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QPushButton

from desktop_app.app.navigator import Navigator
from desktop_app.budget import budget
from desktop_app.budget.budget import HeldCall, SpendingHolds
from desktop_app.domain.answering.stream_events import Completed, UsageReported
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.cost import CallCost, Usage
from desktop_app.domain.spending_report import Call, CallPerformance
from desktop_app.library.ui.rows import days as calendar_days
from desktop_app.providers.gateway.environment_profiles import OPENAI
from desktop_app.providers.ui.providers_controller import ProvidersController
from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController
from desktop_app.spending.ui.spending_controller import SpendingController
from desktop_app.spending.ui.spending_section import SpendingSection
from desktop_app.spending.ui.spending_view import SpendingView
from tests.gui.app.app_harness import AppHarness, until
from tests.gui.app.test_library import another_program, focus_window
from tests.helpers.file_dialogs import choose_paths
from tests.helpers.widgets import find

if TYPE_CHECKING:
    import pytest

KEYED = {"OPENAI_API_KEY": "not-a-key"}


async def set_cap(app: AppHarness, amount: str) -> None:
    await app.backend.settings.save_profile(replace(OPENAI, monthly_cap=Decimal(amount)))
    await app.state.providers.reload()


def footer(app: AppHarness) -> str:
    return app.window.conversations.footer.hint.text()


async def test_the_cap_warns_refuses_and_is_raised() -> None:
    async with AppHarness(environment=KEYED) as app:
        await set_cap(app, "0.0745")
        earlier = Call(now(), OPENAI.id, "gpt-5.2", "answer", Usage(), Decimal("0.06"))
        await app.backend.ledger.add(earlier._replace(provider_id=app.state.setup.profile.id))
        await app.ask_and_answer("One", "An answer.")  # 1,000 in and 200 out: $0.00455
        await until(lambda: "$0.06 of your $0.07 monthly limit" in app.said)
        await until(lambda: footer(app) == "$0.06 of $0.07")
        assert app.window.conversations.footer.hint.property("role") == "warning"
        app.type("Two")
        app.enter()
        await until(lambda: "This usually costs $0.016" in app.said)
        assert "$0.00995 of your $0.0745 limit is left" in app.said
        assert app.text.toPlainText() == "Two"
        assert len(app.providers.turns) == 1
        assert len(app.messages()) == 2

        app.press_action("Raise the limit")
        field = find(app.window.settings, QLineEdit, "monthly-cap")
        await until(field.hasFocus)
        assert field.text() == "0.0745"
        QTest.keyClicks(field, "1,50")
        QTest.keyClick(field, Qt.Key.Key_Return)
        await until(lambda: app.state.setup.profile.monthly_cap == Decimal("1.50"))
        assert field.text() == "1.50"
        app.enter()
        await until(lambda: len(app.providers.turns) == 2)
        app.providers.turns[-1].end("Another.")
        await app.settled()
        assert "monthly limit" not in app.said


async def test_the_tables_show_all_calls() -> None:
    async with AppHarness(environment=KEYED) as app:
        await app.ask_and_answer("One", "An answer.")
        turn = await app.ask("Two")
        turn.say("More")
        turn.give(UsageReported(Usage(1_000_000, 400_000, 10, 0)), Completed())
        await app.settled()
        app.controllers.of(SpendingController).show()
        await until(lambda: app.window.findChild(SpendingView) is not None)
        view = app.window.findChild(SpendingView)
        assert isinstance(view, SpendingView)
        await until(view.isVisible)
        await until(lambda: view.total.text() != "")
        # 600,000 fresh, 400,000 cached, 10 out: $1.05 + $0.07 + $0.00014, and the $0.00455
        assert (view.total.text(), view.total.toolTip()) == ("Total: $1.12", "$1.12469")
        cells = [view.table.model().index(0, column) for column in range(3)]
        assert [cell.data() for cell in cells] == ["GPT-5.2 Thinking", "$1.12", "2"]
        tooltips = [cell.data(Qt.ItemDataRole.ToolTipRole) for cell in cells]
        assert tooltips == ["", "$1.12469", ""]
        choose(view, "spending-grouping", "purpose")
        await until(lambda: view.table.model().index(0, 0).data() == "Responses")
        view.copy()
        lines = QGuiApplication.clipboard().text().splitlines()
        assert lines[0].split("\t")[:2] == ["purpose", "calls"]
        assert lines[1].split("\t")[:2] == ["answer", "2"]
        assert lines[1].endswith("1.12469")
        view.close()


async def test_the_cap_is_set_warns_and_refuses() -> None:
    async with AppHarness(environment=KEYED) as app:
        # The limit is set where people look.
        await set_cap(app, "5")
        profile = app.state.setup.profile
        app.controllers.of(ProvidersController).select_profile(profile.id)
        app.window.outer_panes.show_settings(True)
        field = find(app.window.settings, QLineEdit, "monthly-cap")
        await until(field.isVisible)
        find(app.window.settings, QPushButton, "test").setFocus()
        stops = []  # in the order of the page, though the limit is of another feature
        for _ in range(3):
            app.press(Qt.Key.Key_Tab)
            stops.append(app.window.focusWidget().objectName())
        assert (stops[0], stops[-1]) == ("monthly-cap", "show-advanced"), stops
        app.window.outer_panes.show_settings(False)
        app.controllers.of(SpendingController).show()
        await until(lambda: app.window.findChild(SpendingView) is not None)
        view = find(app.window, SpendingView, "spending")
        await until(lambda: view.limit.isVisible() and view.limit.field.text() != "")
        assert Decimal(view.limit.field.text()) == 5
        view.limit.field.setFocus()
        view.limit.field.selectAll()
        QTest.keyClicks(view.limit.field, "12")
        QTest.keyClick(view.limit.field, Qt.Key.Key_Return)
        await until(lambda: app.state.setup.profile.monthly_cap == 12)
        view.close()

        # A running answer is not cut by the cap and counts.
        await app.start_over()
        await set_cap(app, "0.0145")  # room for one usual answer
        first = await app.ask("One two three")
        app.controllers.of(Navigator).open_new()
        app.type("Four five six")
        app.enter()
        await until(lambda: "under way may cost up to $1.79" in app.said)
        first.say("On and on ")
        first.end("to the end.")
        await app.settled()
        whole = ("assistant", "complete", "On and on to the end.")
        assert app.messages()[1] == whole

        # The quick prompt links to the cap.
        await app.start_over()
        await set_cap(app, "0.00000001")
        app.session.of(QuickPromptController).open_with("")
        quick = app.session.of(QuickPromptController).window
        quick.field.set_text("Why is it so?")
        quick.prompt.submit_requested.emit("Why is it so?")
        await until(lambda: "This usually costs" in quick.notifications.status.text())
        (remedy,) = quick.notifications.findChildren(QPushButton)
        assert remedy.text() == "Raise the limit"
        QTest.mouseClick(remedy, Qt.MouseButton.LeftButton)
        await until(lambda: focused_name(app) == "monthly-cap")
        assert app.text.toPlainText() == "Why is it so?"
        assert not quick.isVisible()
        app.session.of(QuickPromptController).open_with("")
        assert not quick.notifications.isVisible()

        # A question that was answered is asked again, and refused.
        await set_cap(app, "1")
        quick.field.set_text("And why?")
        quick.prompt.send()
        await until(lambda: app.providers.turns)
        app.providers.turns[-1].end("So.")
        await app.settled()
        await set_cap(app, "0.00000001")
        quick.prompt.send()
        await until(lambda: quick.notifications.findChildren(QPushButton))
        quick.notifications.findChildren(QPushButton)[0].click()
        await until(lambda: not quick.isVisible())
        assert app.text.toPlainText() == "And why?"


async def test_a_new_month_begins_without_spending(monkeypatch: pytest.MonkeyPatch) -> None:
    just_now = timedelta(milliseconds=900)  # a midnight every 100 ms
    monkeypatch.setattr(calendar_days, "midnight", lambda _: now() - just_now)
    async with AppHarness(environment=KEYED) as app:
        await set_cap(app, "5")
        await app.ask_and_answer("One", "An answer.")
        app.controllers.of(ProvidersController).open_at_cap(app.state.setup.profile.id)
        section = app.window.settings.findChild(SpendingSection)
        assert isinstance(section, SpendingSection)
        section.show_profile(app.state.setup.profile)
        await until(lambda: "$0.005 of $5.00 spent" in section.note.text())
        assert footer(app) == "$0.005 this month"

        monkeypatch.setattr(budget, "now", lambda: now() + timedelta(days=31))
        await until(lambda: footer(app) == "")
        await until(lambda: "$0 of $5.00 spent" in section.note.text())


async def test_the_totals_include_other_programs_and_tell_that_a_cost_is_unknown() -> None:
    async with AppHarness(environment=KEYED) as app:
        await app.ask_and_answer("One", "An answer.")
        await until(lambda: footer(app) == "$0.005 this month")
        turn = await app.ask("Two")
        turn.say("Half")
        await until(lambda: "Half" in app.transcript)
        app.window.prompt.stop_requested.emit()
        await app.settled()
        await until(lambda: footer(app) == "≥ $0.005 this month")
        await until(lambda: "≥ $0.005" in app.window.pane.header.title.toolTip())
        provider_id = app.state.setup.profile.id
        async with another_program() as other:
            usage = Usage(1000, 250)
            await other.ledger.add(
                Call(now(), provider_id, "gpt-5.5", "answer", usage, Decimal("0.25"))
            )
            focus_window()
            await until(lambda: footer(app).startswith("≥ $0.25"))


def focused_name(app: AppHarness) -> str:
    """Return the name of the focused widget, or of the next if the window is inactive."""
    return app.window.focusWidget().objectName()


def choose(view: SpendingView, name: str, data: object) -> None:
    combo = find(view, QComboBox, name)
    at = combo.findData(data)
    combo.setCurrentIndex(at)
    combo.activated.emit(at)


def first_column(view: SpendingView) -> list[str]:
    model = view.table.model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


async def add_calls(app: AppHarness) -> None:
    """Add a call of two days ago, one of today that failed, and one of two months ago."""
    for days, model, outcome, first, tier in (
        (2, "gpt-5.2", "complete", 0.5, "priority"),
        (0, "gpt-5.2-pro", "failed", 1.5, ""),
        (60, "gpt-5.2", "complete", 2.5, "priority"),
    ):
        await app.backend.ledger.add(
            Call(
                now() - timedelta(days=days),
                OPENAI.id,
                model,
                "answer",
                Usage(1000, 250, 90, 40),
                Decimal("0.25"),
                performance=CallPerformance("high", tier, outcome, 0, first, 10.0),
            )
        )


async def test_rows_follow_grouping_and_period_and_are_exported(tmp_path: Path) -> None:
    async with AppHarness(environment=KEYED) as app:
        await set_cap(app, "20")
        await add_calls(app)
        app.controllers.of(SpendingController).show()
        await until(lambda: app.window.findChild(SpendingView) is not None)
        view = find(app.window, SpendingView, "spending")
        view.period_choice.setCurrentText("Last 30 days")
        app.state.tasks.start(view.fill())
        await until(lambda: len(view.chart.days) == 30)
        costs = [cost for _, cost in view.chart.days]
        assert costs == [*[0] * 27, Decimal("0.25"), 0, Decimal("0.25")]
        assert "of $20.00 this month" in view.forecast.text()
        view.period_choice.setCurrentText("All time")
        choose(view, "spending-grouping", "day")
        await until(lambda: len(view.rows) == 3 and len(view.chart.days) == 61)
        choose(view, "spending-grouping", "outcome")
        await until(lambda: first_column(view) == ["Complete", "Failed"])
        choose(view, "spending-grouping", "tier")
        await until(lambda: first_column(view) == ["Priority", "Not recorded"])
        choose(view, "spending-grouping", "effort")
        await until(lambda: first_column(view) == ["High"])
        choose(view, "spending-grouping", "model")
        await until(lambda: first_column(view) == ["GPT-5.2 Thinking", "GPT-5.2 Pro"])
        # What comes after the output is shown on request; at 1280 pixels nothing scrolls sideways.
        app.window.resize(1280, 800)
        app.window.outer_panes.show_list()
        table, more = view.table, find(view, QAbstractButton, "spending-columns")
        shown = [c for c in range(table.model().columnCount()) if not table.isColumnHidden(c)]
        assert max(shown) <= 4
        await until(lambda: table.horizontalScrollBar().maximum() == 0)
        more.click()
        assert any(not table.isColumnHidden(c) for c in range(5, table.model().columnCount()))
        target = tmp_path / "spending.csv"
        find(view, QAbstractButton, "export-spending").click()
        choose_paths(target)
        await until(lambda: "Saved “spending.csv”." in app.said)
        head, *rows = target.read_text("utf-8").splitlines()
        assert head.startswith("model,calls,uncounted,estimated,failed")
        assert rows[1].endswith(",0.25")


async def test_a_hold_of_a_killed_process_is_a_call_at_the_next_start() -> None:
    async with another_program() as other:
        call = HeldCall(OPENAI, CallCost.fixed(Decimal(1)), "m", "answer")
        await SpendingHolds(other.database).place([call], now())
        await other.database.execute("UPDATE spending_holds SET owner_started = 'another boot:1'")
    async with AppHarness() as app:
        assert app.stored("SELECT model, cost FROM ledger") == [("m", 10**9)]
        assert app.stored("SELECT * FROM spending_holds") == []
