"""Cells that are not to be trusted as they stand: out of date, or with a page without the words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_app.tables.table import Cells, Field
from desktop_app.tables.ui.cell_panel import CellPanel
from desktop_app.tables.ui.tables_page import TablesPage
from desktop_app.widgets.forms.form_widgets import Note
from tests.gui.app.app_harness import until
from tests.gui.app.test_tables import open_app, page_of, picture
from tests.helpers.office_files import pptx, slide_text
from tests.helpers.widgets import find
from tests.unit.tables.table_setup import Asked, as_json, column


async def test_a_page_without_its_words_and_an_old_answer_say_so(tmp_path: Path) -> None:
    file = tmp_path / "lease.pptx"
    file.write_bytes(pptx(slide_text("The tenant pays."), slide_text("On the first day.")))
    payer = {"value": "Owner", "quote": "The owner pays.", "page": 1}
    when = {"value": "Day 1", "quote": "On the first day.", "page": 2}
    async with open_app(Asked(lambda _text: as_json(payer=payer, when=when))) as app:
        page = page_of(app)
        service = page.runs.service
        ask = column("Who", "Who pays?", Field("payer"), Field("when"))
        table = await service.create("Leases", (ask,))
        await service.add(table.id, [file])
        await service.run_now(table, Cells())
        app.session.of(TablesPage).show_table(table.id)
        model, grid = page.view.model, page.view.grid
        await until(lambda: model.rowCount() == 1 and model.columnCount() == 3)
        await until(lambda: model.index(0, 1).data() == "Owner")

        def spoken(number: int) -> str:
            return str(model.index(0, number).data(Qt.ItemDataRole.AccessibleTextRole))

        assert "p. 1?" in spoken(1)
        assert "not found" in spoken(1)
        assert "p. 2" in spoken(2)
        assert "not found" not in spoken(2)
        grid.setFocus()
        grid.setCurrentIndex(model.index(0, 1))
        QTest.keyClick(grid, Qt.Key.Key_Return)
        panel = find(page, CellPanel, "table-cell")
        await until(panel.isVisible)
        quote = find(panel, Note, "table-cell-quotes")
        await until(quote.isVisible)
        assert "The owner pays." in quote.text()
        assert "not found" in quote.text()
        picture(app, "unproven")
        assert ask.question is not None
        other = replace(ask, question=replace(ask.question, prompt="Who pays it?"))
        await service.change(table.id, lambda t: replace(t, columns=(other,)))
        await until(lambda: "Out of date" in spoken(1))
        assert model.index(0, 1).data() == "Owner"
        await until(page.view.run_bar.run_button.isEnabled)
        picture(app, "outdated")
