"""The table of models in the whole window: choosing, favorites, facts, prices under a limit."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from shiboken6 import isValid

from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.models.variants import Effort
from desktop_app.providers.models.model_menu import favorites_in
from desktop_app.providers.ui.models.model_editor import ModelEditor
from desktop_app.providers.ui.models.models_dialog import ModelsPage
from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController
from tests.gui.app.app_harness import OWN_SERVER, AppHarness, dialog_of, until
from tests.helpers.widgets import find

SERVER = replace(OWN_SERVER, name="Home", models=("mystery", "other"), monthly_cap=Decimal(5))


async def _table(app: AppHarness) -> ModelsPage:
    app.session.actions["models.show"].trigger()
    table = await dialog_of(ModelsPage)
    await until(lambda: len(table.rows) > 1)
    return table


async def test_models_are_chosen_priced_and_described() -> None:
    async with AppHarness() as app:
        # Favorites come first and a model is chosen with the keyboard.
        await app.backend.settings.save_profile(SERVER)
        await app.state.providers.reload()
        table = await _table(app)
        table.select("own", "other")
        find(table, QPushButton, "favorite-model").click()
        await until(lambda: table.rows[0].key == ("own", "other"))
        stored = await app.backend.settings.all()
        assert favorites_in(stored) == {("own", "other")}
        table.filter.setCurrentIndex(1)
        assert [row.model for row in table.rows] == ["other"]
        table.filter.setCurrentIndex(0)
        QTest.keyClicks(table.search, "myst home")
        assert [row.model for row in table.rows] == ["mystery"]
        QTest.keyClick(table.search, Qt.Key.Key_Down)
        QTest.keyClick(table.table, Qt.Key.Key_Return)
        assert app.state.setup.choice.model == "mystery"
        assert not table.isVisible()

        # A model of unknown price asks once under a limit.
        await app.start_over()
        await app.backend.settings.save_profile(SERVER)
        await app.state.providers.reload()
        app.state.setup.choose(ModelChoice("own", "mystery", None, None))
        app.type("Why?")
        app.enter()
        await until(app.window.notifications.isVisible)
        assert "mystery" in app.window.notifications.status.text()
        assert app.providers.turns == []
        app.press_action("Use anyway")
        await until(lambda: len(app.providers.turns) == 1)
        app.providers.turns[-1].end("Because.")
        await app.settled()
        app.type("And?")
        app.enter()
        await until(lambda: len(app.providers.turns) == 2)
        app.providers.turns[-1].end("So.")
        await app.settled()

        # The quick prompt asks, too.
        await app.start_over()
        await app.backend.settings.save_profile(SERVER)
        await app.state.providers.reload()
        asker = app.session.of(QuickPromptController)
        asker.open_with("")
        asker.conversation.setup.choose(ModelChoice("own", "riddle", None, None))
        quick = asker.window
        quick.field.set_text("Why?")
        quick.prompt.send()
        await until(quick.notifications.isVisible)
        assert app.providers.turns == []
        remedies = {b.text(): b for b in quick.notifications.findChildren(QPushButton)}
        assert list(remedies) == ["Use anyway", "Enter price…"]
        remedies["Use anyway"].click()
        await until(lambda: len(app.providers.turns) == 1)
        app.providers.turns[-1].end("Because.")
        await app.settled()
        asker.conversation.setup.choose(ModelChoice("own", "enigma", None, None))
        quick.field.set_text("And?")
        quick.prompt.send()
        await until(lambda: "enigma" in quick.notifications.status.text())
        quick.notifications.findChildren(QPushButton)[1].click()
        await until(lambda: not quick.isVisible())
        assert app.text.toPlainText() == "And?"
        await until(lambda: app.window.pane.page is app.session.of(ModelsPage))

        # Entered facts about a model are stored and used.
        await app.start_over()
        await app.backend.settings.save_profile(SERVER)
        await app.state.providers.reload()
        app.controllers.of(ModelsPage).edit("own", "mystery")
        editor = await dialog_of(ModelEditor)
        editor.fields["window"].setText("9000")
        editor.fields["input_price"].setText("2")
        editor.save_button.click()
        assert editor.isVisible()  # the price of the output is missing
        editor.fields["output_price"].setText("4.50")
        editor.effort_choice.setCurrentIndex(2)
        editor.efforts[Effort.LOW].setChecked(True)
        editor.efforts[Effort.HIGH].setChecked(True)
        editor.save_button.click()
        await until(lambda: bool(app.state.providers.get("own").own_models))  # type: ignore[union-attr]
        app.state.setup.choose(ModelChoice("own", "mystery", None, Effort.MEDIUM))
        resolved = app.state.setup.resolved
        assert resolved.price is not None
        assert (resolved.price.input, resolved.price.output) == (Decimal(2), Decimal("4.50"))
        assert resolved.model.input_limit == 9000
        assert resolved.effort is Effort.HIGH
        assert [p for p in await app.backend.settings.profiles() if p.own_models]
        app.controllers.of(ModelsPage).edit("own", "mystery")
        await until(lambda: not isValid(editor))
        editor = await dialog_of(ModelEditor)
        assert editor.fields["window"].text() == "9000"
        find(editor, QPushButton, "clear-model").click()
        assert not editor.fields["window"].text()
        assert not editor.effort_choice.currentIndex()
        editor.save_button.click()
        await until(lambda: app.state.setup.resolved.price is None)
