"""The Chat page: the same rows for the open conversation and for the defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QPlainTextEdit, QPushButton, QSlider, QWidget

from desktop_app.settings.schema import overridable_settings, settings_of
from desktop_app.settings.setting import Group
from desktop_app.settings.ui.responses_tab import CONVERSATION, DEFAULTS, FOLDER, ResponsesTab
from desktop_app.settings.ui.settings_controller import SettingsController
from desktop_app.settings.values import with_defaults
from desktop_app.widgets.buttons.segmented_control import SegmentedControl
from tests.gui.recorded_session import RecordedSession, called, not_called
from tests.helpers.menus import entry_text
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.widgets.look.theme import Theme

TEMPERATURE = "answer.temperature"


@pytest.fixture
def tab(qtbot: QtBot, light_theme: Theme) -> ResponsesTab:
    """Return the page with a conversation that sets its own temperature."""
    made = ResponsesTab(RecordedSession())
    made.set_values(with_defaults({TEMPERATURE: 0.5, "answer.verbosity": "low"}))
    made.set_overrides("c1", {TEMPERATURE: 1.0})
    made.resize(300, 2000)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


def session_of(tab: ResponsesTab) -> Any:
    return tab._session


def choose(qtbot: QtBot, tab: ResponsesTab, scope: str) -> None:
    button = find(tab, SegmentedControl, "scope").button(scope)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def words(tab: ResponsesTab) -> str:
    return "\n".join(label.text() for label in tab.findChildren(QLabel) if label.isVisible())


def test_each_scope_shows_its_effective_values(qtbot: QtBot, tab: ResponsesTab) -> None:
    slider = find(tab, QSlider, TEMPERATURE)
    reset = find(tab, QPushButton, f"reset-{TEMPERATURE}")
    assert slider.accessibleName() == "Temperature: 0.5"
    assert not reset.isVisible()
    choose(qtbot, tab, CONVERSATION)
    assert slider.accessibleName() == "Temperature: 1"
    assert find(tab, QComboBox, "answer.verbosity").currentText() == "Brief"  # the default's
    assert reset.isVisible()
    assert not find(tab, QPushButton, "reset-answer.verbosity").isVisible()
    choose(qtbot, tab, DEFAULTS)
    assert slider.accessibleName() == "Temperature: 0.5"
    assert not reset.isVisible()


def test_a_conversation_shows_only_settings_that_it_overrides(
    qtbot: QtBot, tab: ResponsesTab
) -> None:
    def shown() -> set[str]:
        keys = [s.key for s in (*settings_of(Group.ANSWER), *overridable_settings())]
        return {key for key in keys if find(tab, QWidget, key).isVisible()}

    assert shown() == {s.key for s in settings_of(Group.ANSWER)}
    choose(qtbot, tab, CONVERSATION)
    assert shown() == {"answer.system_prompt", TEMPERATURE}
    menu = find(tab, QPushButton, "override").menu()
    menu.aboutToShow.emit()
    addable = {entry_text(action): action for action in menu.actions()}
    assert {"Length", "Tools", "Maximum output tokens"} < addable.keys()
    assert not {"Temperature", "Default model", "Check spelling"} & addable.keys()
    addable["Length"].trigger()
    assert shown() == {"answer.system_prompt", TEMPERATURE, "answer.verbosity"}
    tab.set_overrides("c2", {})
    assert shown() == {"answer.system_prompt"}


def test_a_parameter_without_a_setting_is_shown_where_it_is_set_and_can_be_removed(
    qtbot: QtBot, tab: ResponsesTab
) -> None:
    choose(qtbot, tab, CONVERSATION)
    tab.set_overrides("c1", {"answer.top_p": 0.9})
    assert "top_p: 0.9" in words(tab)
    with called(session_of(tab).of(SettingsController).remove_override) as told:
        find(tab, QPushButton, "reset-answer.top_p").click()
    assert told.args == ["c1", "answer.top_p"]
    tab.set_overrides("c1", {})
    assert "top_p" not in words(tab)


def test_a_change_is_reported_for_its_scope(qtbot: QtBot, tab: ResponsesTab) -> None:
    slider = find(tab, QSlider, TEMPERATURE)
    with (
        qtbot.waitSignal(tab.changed) as told,
        not_called(session_of(tab).of(SettingsController).override),
    ):
        slider.setValue(slider.value() + 1)
    assert told.args == [TEMPERATURE, 0.6]
    choose(qtbot, tab, CONVERSATION)
    with (
        called(session_of(tab).of(SettingsController).override) as told,
        qtbot.assertNotEmitted(tab.changed),
    ):
        slider.setValue(0)
    assert told.args == ["c1", TEMPERATURE, None]  # the model's own, whatever the default is


def test_a_row_can_remove_its_override(qtbot: QtBot, tab: ResponsesTab) -> None:
    choose(qtbot, tab, CONVERSATION)
    reset = find(tab, QPushButton, f"reset-{TEMPERATURE}")
    assert reset.accessibleName() == "Temperature: use default"
    with called(session_of(tab).of(SettingsController).remove_override) as told:
        qtbot.mouseClick(reset, Qt.MouseButton.LeftButton)
    assert told.args == ["c1", TEMPERATURE]
    tab.set_overrides("c1", {})
    assert find(tab, QSlider, TEMPERATURE).accessibleName() == "Temperature: 0.5"
    assert not reset.isVisible()


def test_typed_text_is_reported_for_the_conversation_that_is_left(
    qtbot: QtBot, tab: ResponsesTab
) -> None:
    choose(qtbot, tab, CONVERSATION)
    text = find(tab, QPlainTextEdit, "answer.system_prompt")
    text.setFocus()
    qtbot.keyClicks(text, "Rhyme.")
    with called(session_of(tab).of(SettingsController).override) as told:
        tab.set_overrides("c2", {})
    assert told.args == ["c1", "answer.system_prompt", "Rhyme."]
    assert text.toPlainText() == ""


def test_a_setting_that_the_model_ignores_is_hidden_unless_it_is_set(
    qtbot: QtBot, tab: ResponsesTab
) -> None:
    why = "GPT-5.2 supports this setting only with effort set to None."
    verbosity = find(tab, QComboBox, "answer.verbosity")
    tab.set_refusals({TEMPERATURE: why, "answer.verbosity": "No."}, {})
    tab.set_folder("f1", "Thesis", {"answer.verbosity": "high"})
    slider = find(tab, QSlider, TEMPERATURE)
    for scope in (DEFAULTS, CONVERSATION, FOLDER):
        choose(qtbot, tab, scope)
        assert slider.isVisible() is (scope == CONVERSATION)
        assert slider.parentWidget().isEnabled() is (scope != CONVERSATION)
        assert (why in words(tab)) is (scope == CONVERSATION)
        assert verbosity.isVisible() is (scope == FOLDER)
        assert verbosity.isEnabled() is (scope != CONVERSATION)
    choose(qtbot, tab, CONVERSATION)
    tab.set_refusals({}, {})
    assert slider.isEnabled()
    assert why not in words(tab)
