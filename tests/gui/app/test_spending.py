"""Money in the window: the cap, the warning before it, the month, the tables."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QPushButton

from desktop_app.backend.environment_profiles import OPENAI
from desktop_app.cli.reports import spending_command
from desktop_app.domain.answering.stream_events import Completed, UsageReported
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.errors import StoreFullError
from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.spending.spending_report import Call, CallPerformance, SpendingSum
from desktop_app.services.spending import budget
from desktop_app.storage.spending import daily_sums, ledger
from desktop_app.ui.look import theme
from desktop_app.ui.settings.sections.spending_section import SpendingSection
from desktop_app.ui.sidebar.rows import day_change
from desktop_app.ui.spending.spending_charts import SpendingCharts
from desktop_app.ui.spending.spending_table import FIGURES, SpendingTable
from desktop_app.ui.spending.spending_view import SpendingView
from tests.gui.app.app_harness import DISK_FULL, AppHarness, until
from tests.gui.app.test_library import another_program
from tests.helpers.file_dialogs import choose_paths
from tests.helpers.widgets import find

KEYED = {"OPENAI_API_KEY": "not-a-key"}


async def set_cap(app: AppHarness, amount: str) -> None:
    await app.backend.settings.save_profile(replace(OPENAI, monthly_cap=Decimal(amount)))
    await app.state.providers.reload()


def footer(app: AppHarness) -> str:
    return app.window.conversations.footer.month.text()


async def test_the_cap_warns_refuses_and_is_raised() -> None:
    async with AppHarness(environment=KEYED) as app:
        await set_cap(app, "0.005")
        await app.ask_and_answer("One", "An answer.")  # 1,000 in and 200 out: $0.00455
        await until(lambda: "$0.005 of your $0.005 monthly limit" in app.said)
        await until(lambda: footer(app) == "$0.005 of $0.005")
        assert app.window.conversations.footer.month.property("role") == "warning"
        app.type("Two")
        app.enter()
        await until(lambda: "exceeds the limit" in app.said)
        assert "$0.00455 of $0.005 spent" in app.said
        assert app.text.toPlainText() == "Two"
        assert len(app.providers.turns) == 1
        assert len(app.messages()) == 2

        app.press_action("Raise the limit")
        field = find(app.window.settings, QLineEdit, "monthly-cap")
        await until(field.hasFocus)
        assert field.text() == "0.005"
        QTest.keyClicks(field, "1,50")
        QTest.keyClick(field, Qt.Key.Key_Return)
        await until(lambda: app.state.setup.profile.monthly_cap == Decimal("1.50"))
        assert field.text() == "1.50"
        app.enter()
        await until(lambda: len(app.providers.turns) == 2)
        app.providers.turns[-1].end("Another.")
        await app.settled()
        assert "monthly limit" not in app.said


async def test_a_running_answer_is_not_cut_by_the_cap_and_its_input_counts() -> None:
    async with AppHarness(environment=KEYED) as app:
        await set_cap(app, "0.00002")  # room for eleven tokens of input
        first = await app.ask("One two three")
        app.controllers.sidebar.navigator.open_new()
        app.type("Four five six")
        app.enter()
        await until(lambda: "pending" in app.said)
        first.say("On and on ")
        first.end("to the end.")
        await app.settled()
        whole = ("assistant", "complete", "On and on to the end.")
        assert app.messages()[1] == whole


async def test_the_tables_show_all_calls() -> None:
    async with AppHarness(environment=KEYED) as app:
        await app.ask_and_answer("One", "An answer.")
        turn = await app.ask("Two")
        turn.say("More")
        turn.give(UsageReported(Usage(1_000_000, 400_000, 10, 0)), Completed())
        await app.settled()
        app.controllers.dialogs.spending.show()
        await until(lambda: app.window.findChild(SpendingView) is not None)
        view = app.window.findChild(SpendingView)
        assert isinstance(view, SpendingView)
        await until(view.isVisible)
        # 600,000 fresh, 400,000 cached, 10 out: $1.05 + $0.07 + $0.00014, and the $0.00455
        assert (view.total.text(), view.total.toolTip()) == ("Total: $1.12", "$1.12469")
        table = view.table
        names = [str(table.model().index(0, column).data()) for column in range(3)]
        assert names == ["OpenAI (environment)", "GPT-5.2 Thinking", "Responses"]
        assert table.model().index(0, 3).data() == "$1.12"
        for page, rows in (("today", 1), ("months", 12)):
            view.show_page(page)
            assert table.rowCount() == rows
            assert view.total.text() == "Total: $1.12"
        view.show_page("month")
        view.copy()
        lines = QGuiApplication.clipboard().text().splitlines()
        assert lines[0].split("\t")[3] == "Cost"
        assert lines[1].split("\t")[3:] == ["1.12469", "2", "1001000", "400000", "210", "0"]
        view.close()


async def test_the_charts_say_that_older_calls_are_being_summed_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ledger, "SLICE_SIZE", 1)
    async with AppHarness(environment=KEYED) as app:
        database, spending = app.backend.database, app.controllers.dialogs.spending
        for question in ("One", "Two"):
            await app.ask_and_answer(question, "An answer.")
        await app.settled()
        await database.write(lambda c: c.execute("DELETE FROM ledger_days"))
        monkeypatch.setattr(daily_sums, "LARGE_SLICE_SIZE", 0)
        await database.write(daily_sums.fill_days)
        spending.show()
        await until(lambda: app.window.findChild(SpendingView) is not None)
        view = find(app.window, SpendingView, "spending")
        await until(view.isVisible)
        assert view.preparing.isHidden()
        said: list[str] = []
        show = view.set_preparing

        def show_and_note(percent: int | None) -> None:
            show(percent)
            said.append(view.preparing.text())

        monkeypatch.setattr(view, "set_preparing", show_and_note)
        view.show_page("charts")
        spending.prepare()
        await until(lambda: sum(row.spent.calls for row in view.charts.rows) > 0)
        await until(view.preparing.isHidden)
        assert "Figures of earlier calls are being prepared: 50%." in said
        await until(lambda: [row.spent.calls for row in view.charts.rows] == [call_count(app)])


async def test_preparation_that_fails_ends_its_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "SLICE_SIZE", 1)
    async with AppHarness(environment=KEYED) as app:
        database, spending = app.backend.database, app.controllers.dialogs.spending
        await app.ask_and_answer("One", "An answer.")
        await app.settled()
        await database.write(lambda c: c.execute("DELETE FROM ledger_days"))
        monkeypatch.setattr(daily_sums, "LARGE_SLICE_SIZE", 0)
        await database.write(daily_sums.fill_days)

        def refuse(*_: object) -> bool:
            raise StoreFullError(DISK_FULL)

        monkeypatch.setattr(ledger, "sum_up_slice", refuse)
        spending.prepare()
        await until(lambda: DISK_FULL in app.said)
        spending.show()
        await until(lambda: app.window.findChild(SpendingView) is not None)
        assert find(app.window, SpendingView, "spending").preparing.isHidden()


def call_count(app: AppHarness) -> int:
    """Return the number of recorded calls, with those that made titles."""
    return int(app.stored("SELECT count(*) FROM ledger")[0][0])


async def test_a_new_month_begins_without_spending(monkeypatch: pytest.MonkeyPatch) -> None:
    just_now = timedelta(milliseconds=900)  # a midnight every 100 ms
    monkeypatch.setattr(day_change, "midnight", lambda _: now() - just_now)
    async with AppHarness(environment=KEYED) as app:
        await set_cap(app, "5")
        await app.ask_and_answer("One", "An answer.")
        app.controllers.panel.providers.open_at_cap(app.state.setup.profile.id)
        section = app.window.settings.findChild(SpendingSection)
        assert isinstance(section, SpendingSection)
        section.show_profile(app.state.setup.profile)
        await until(lambda: "$0.005 of $5.00 spent" in section.note.text())
        assert footer(app) == "$0.005 this month"

        monkeypatch.setattr(budget, "now", lambda: now() + timedelta(days=31))
        await until(lambda: footer(app) == "")
        await until(lambda: "$0 of $5.00 spent" in section.note.text())


async def test_the_totals_tell_that_a_cost_is_unknown() -> None:
    async with AppHarness(environment=KEYED) as app:
        await app.ask_and_answer("One", "An answer.")
        await until(lambda: footer(app) == "$0.005 this month")
        turn = await app.ask("Two")
        turn.say("Half")
        await until(lambda: "Half" in app.transcript)
        app.window.prompt.stop_requested.emit()
        await app.settled()
        await until(lambda: footer(app) == "≥ $0.005 this month")
        await until(lambda: app.window.pane.header.cost.text() == "≥ $0.005")


async def test_spending_of_another_program_is_shown() -> None:
    async with AppHarness(environment=KEYED) as app:
        await app.ask_and_answer("One", "An answer.")
        await until(lambda: footer(app) == "$0.005 this month")
        provider_id = app.state.setup.profile.id
        async with another_program() as other:
            usage = Usage(1000, 250)
            await other.ledger.add(
                Call(now(), provider_id, "gpt-5.5", "answer", usage, Decimal("0.25"))
            )
            await until(lambda: footer(app).startswith("$0.25"))


async def test_calls_without_a_price_are_reported() -> None:
    async with AppHarness(environment=KEYED) as app:
        await set_cap(app, "5")
        state = app.state
        state.setup.choose(replace(state.setup.choice, variant=None, model="somebody-elses"))
        app.type("One")
        app.enter()
        await until(lambda: "price" in app.said)
        app.press_action("Use anyway")
        await until(lambda: len(app.providers.turns) == 1)
        app.providers.turns[0].end("An answer.")
        await app.settled()
        app.controllers.panel.providers.open_at_cap(state.setup.profile.id)
        section = app.window.settings.findChild(SpendingSection)
        assert isinstance(section, SpendingSection)
        section.show_profile(state.setup.profile)
        await until(lambda: "1 request with an unknown cost" in section.note.text())


async def test_the_quick_prompt_refuses_a_question_over_the_cap() -> None:
    async with AppHarness(environment=KEYED) as app:
        await set_cap(app, "0.000001")
        quick = app.session.quick
        quick.open_with("")
        quick.window.submit_requested.emit("Which?")
        await until(lambda: "exceeds the limit" in find(quick.window, QLabel, "problem").text())
        assert "Settings › Provider" in find(quick.window, QLabel, "problem").text()
        assert app.providers.turns == []


def focused_name(app: AppHarness) -> str:
    """Return the name of the focused widget, or of the next if the window is inactive."""
    return app.window.focusWidget().objectName()


async def test_the_quick_prompt_links_to_the_cap() -> None:
    async with AppHarness(environment=KEYED) as app:
        await set_cap(app, "0.00000001")
        app.session.quick.open_with("")
        quick = app.session.quick.window
        quick.field.set_text("Why is it so?")
        quick.submit_requested.emit("Why is it so?")
        await until(lambda: "exceeds the limit" in find(quick, QLabel, "problem").text())
        assert find(quick, QPushButton, "remedy").isVisible()
        assert find(quick, QPushButton, "remedy").text() == "Raise the limit"
        QTest.mouseClick(find(quick, QPushButton, "remedy"), Qt.MouseButton.LeftButton)
        await until(lambda: focused_name(app) == "monthly-cap")
        assert app.text.toPlainText() == "Why is it so?"
        assert not quick.isVisible()
        app.session.quick.open_with("")
        assert not find(quick, QPushButton, "remedy").isVisible()
        quick.hide()


async def open_charts(app: AppHarness) -> SpendingCharts:
    """Open the charts and return them once all figures are there."""
    app.controllers.dialogs.spending.show()
    await until(lambda: app.window.findChild(SpendingView) is not None)
    view = find(app.window, SpendingView, "spending")
    view.show_page("charts")
    charts = view.charts
    await until(lambda: charts.rows and charts.forecast.text())
    return charts


def choose(charts: SpendingCharts, name: str, data: object) -> None:
    combo = find(charts, QComboBox, name)
    at = combo.findData(data)
    combo.setCurrentIndex(at)
    combo.activated.emit(at)


def shown_values(charts: SpendingCharts) -> tuple[tuple[float | None, ...], ...]:
    return charts.chart.data.values


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


async def test_a_late_forecast_does_not_replace_a_newer_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late, newer = asyncio.Event(), asyncio.Event()
    async with AppHarness(environment=KEYED) as app:
        await set_cap(app, "20")
        await add_calls(app)
        charts = await open_charts(app)
        profiles = app.state.providers.all
        months = await spending_command.current_months(app.backend.ledger, profiles)
        waiting = [(late, []), (newer, months)]

        async def wait(*_: object) -> list[Any]:
            may_end, found = waiting.pop(0)
            await may_end.wait()
            return found

        monkeypatch.setattr(spending_command, "current_months", wait)
        # Each waits before the next is chosen: their rows may arrive in either order.
        choose(charts, "chart-period", 365)
        await until(lambda: len(waiting) == 1)
        choose(charts, "chart-period", 30)
        await until(lambda: not waiting)
        newer.set()
        late.set()
        await app.written()
        assert "of $20.00 this month" in charts.forecast.text()


async def test_charts_show_the_ledger_by_day_and_model_and_follow_the_keyboard() -> None:
    async with AppHarness(environment=KEYED) as app:
        await set_cap(app, "20")
        await add_calls(app)
        charts = await open_charts(app)
        assert shown_values(charts) == ((0.25,), (0.25,))
        assert "of $20.00 this month" in charts.forecast.text()
        charts.show_forecast(["One.", "Two."])
        assert charts.forecast.text() == "One.\nTwo."
        QTest.keyClick(charts.chart, Qt.Key.Key_End)
        assert charts.caption.text() == f"{charts.chart.data.labels[1]}: Cost: $0.25"
        assert charts.chart.accessibleDescription() == charts.caption.text()
        QTest.keyClick(charts.chart, Qt.Key.Key_Left)
        assert charts.chart.current == 0
        charts.table.selectRow(1)
        assert charts.chart.current == 1

        choose(charts, "chart-period", 365)
        choose(charts, "chart-grouping", "model")
        choose(charts, "chart-figures", "first-token")
        await until(lambda: charts.chart.data.labels == ("GPT-5.2 Thinking", "GPT-5.2 Pro"))
        times = [pytest.approx(pair, rel=0.02) for pair in ((0.5, 2.5), (1.5, 1.5))]
        assert list(shown_values(charts)) == times
        choose(charts, "chart-figures", "speed")
        speeds = [(90 / 9.5, 90 / 7.5), (90 / 8.5, 90 / 8.5)]
        assert list(shown_values(charts)) == [pytest.approx(pair, rel=0.02) for pair in speeds]
        choose(charts, "chart-figures", "failures")
        assert shown_values(charts) == ((0.0,), (1.0,))
        choose(charts, "chart-figures", "cached")
        assert shown_values(charts) == ((25.0,), (25.0,))
        choose(charts, "chart-grouping", "outcome")
        await until(lambda: charts.chart.data.labels == ("Complete", "Failed"))
        choose(charts, "chart-grouping", "tier")
        await until(lambda: charts.chart.data.labels == ("Priority", "Not recorded"))
        choose(charts, "chart-grouping", "model")
        await until(lambda: charts.chart.data.labels == ("GPT-5.2 Thinking", "GPT-5.2 Pro"))
        lines = charts.to_tsv().splitlines()
        assert lines[0].startswith("Model\tCost\tCalls")
        assert lines[2].split("\t")[:2] == ["GPT-5.2 Pro", "$0.25"]


@pytest.mark.parametrize("folder", ["", "file"])
async def test_the_rows_of_a_chart_are_saved_as_csv(tmp_path: Path, folder: str) -> None:
    target = tmp_path / folder / "spending.csv"
    if folder:
        target.parent.touch()
    async with AppHarness(environment=KEYED) as app:
        await add_calls(app)
        charts = await open_charts(app)
        find(charts, QAbstractButton, "export-spending").click()
        choose_paths(target)
        if folder:
            await until(lambda: "Couldn’t save spending.csv: " in app.said)
            return
        await until(lambda: "Saved “spending.csv”." in app.said)
        head, first, _second = target.read_text("utf-8").splitlines()
        assert head.startswith("day,calls,uncounted,failed")
        assert first.endswith(",0.25")


def test_long_names_are_cut_before_the_table_scrolls(qtbot) -> None:
    view = SpendingView(theme.light())
    qtbot.addWidget(view)
    usage = Usage(1_204_000, 312_000, 98_000)
    name = "a-model-with-a-name-that-goes-on-and-on" * 2
    row = (("My own server", name, "Summaries"), SpendingSum(123, 4, usage, Decimal("12.3456")))
    view.set_tables({"month": SpendingTable(("Provider", "Model", "Purpose", *FIGURES), (row,))})
    view.show()
    assert not view.table.horizontalScrollBar().maximum()
    assert view.table.model().index(0, 1).data(Qt.ItemDataRole.ToolTipRole) == name
    assert view.table.columnWidth(8) >= view.table.sizeHintForColumn(8)
