"""The header shows the given state, and shrinks in a narrow window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from desktop_app.ui.look import theme
from desktop_app.ui.widgets.text.elided_label import ElidedLabel
from desktop_app.ui.window.header import Header

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def header(qtbot: QtBot) -> Header:
    made = Header(theme.light())
    qtbot.addWidget(made)
    made.resize(600, made.height())
    made.show()
    return made


def test_only_the_settings_button_is_shown_at_first(header: Header) -> None:
    assert header.settings_button.objectName() == "open-settings"
    assert header.settings_button.isVisible()
    shown = (header.list_button, header.meter, header.context, header.cost)
    assert not any(widget.isVisible() for widget in shown)


@pytest.mark.parametrize(
    ("used", "limit", "words"),
    [
        (0, 8192, "0 of 8.2k"),
        (950, 8000, "950 of 8k"),
        (1900, 272_000, "1.9k of 272k"),
        (12_345, 272_000, "12k of 272k"),
        (999_900, 1_047_576, "1M of 1.05M"),
        (300_000, 272_000, "300k of 272k"),
    ],
)
def test_the_used_context_is_shown_and_in_the_accessible_name(
    header: Header, used: int, limit: int, words: str
) -> None:
    header.set_context(used, limit)
    assert header.context.text() == words
    assert f"{used:,}" in header.context.accessibleName()
    assert header.meter.isVisible()


@pytest.mark.parametrize(("used", "limit"), [(None, 8192), (12, None), (None, None), (5, 0)])
def test_the_meter_is_hidden_without_both_figures(
    header: Header, used: int | None, limit: int | None
) -> None:
    header.set_context(12, 100)
    header.set_context(used, limit)
    assert not header.meter.isVisible()
    assert not header.context.isVisible()


def test_the_meter_fills_clockwise_and_warns(header: Header) -> None:
    def filled(share: int) -> tuple[int, int]:
        header.set_context(share, 100)
        image = header.meter.grab().toImage()
        current = theme.light()
        pixels = [
            image.pixelColor(x, y).name()
            for x in range(image.width())
            for y in range(image.height())
        ]
        return pixels.count(current.accent.name()), pixels.count(current.warning.name())

    some, more, nearly_full = filled(10), filled(60), filled(90)
    assert 0 < some[0] < more[0]
    assert some[1] == more[1] == 0
    assert nearly_full[0] == 0
    assert nearly_full[1] > more[0]


def test_the_cost_is_shown_unless_it_is_empty(header: Header) -> None:
    header.set_cost("$0.08")
    assert header.cost.isVisible()
    assert header.cost.accessibleName() == "Cost of this conversation: $0.08"
    header.set_cost("")
    assert not header.cost.isVisible()


def test_a_long_title_is_elided_and_whole_in_the_tooltip(header: Header) -> None:
    header.set_context(12_000, 272_000)
    header.set_title("Short")
    assert header.title.toolTip() == ""
    whole = "A very long title that goes on and on " * 4
    header.set_title(whole)
    assert header.title.text() == header.title.toolTip() == whole
    assert header.title.accessibleName() == whole
    assert header.context.geometry().right() < header.settings_button.x()
    assert header.minimumSizeHint().width() < 400


def test_a_title_is_elided_when_the_text_size_grows(qtbot: QtBot) -> None:
    label = ElidedLabel("A title that just fits")
    qtbot.addWidget(label)
    label.resize(label.fontMetrics().horizontalAdvance(label.text()) + 1, 20)
    label.show()
    assert label.toolTip() == ""
    font = label.font()
    font.setPointSizeF(2 * font.pointSizeF())
    label.setFont(font)
    assert label.toolTip() == label.text()


def test_buttons_request_the_settings_and_the_list(header: Header, qtbot: QtBot) -> None:
    with qtbot.waitSignal(header.settings_requested):
        qtbot.mouseClick(header.settings_button, Qt.MouseButton.LeftButton)
    header.set_list_button(True)
    with qtbot.waitSignal(header.list_requested):
        qtbot.mouseClick(header.list_button, Qt.MouseButton.LeftButton)


def test_a_changed_preset_of_usual_length_is_shown_in_full(header: Header) -> None:
    header.resize(900, header.height())
    header.set_preset("Code reviewer", is_offered=True, is_changed=True)
    header.set_context(12_345, 272_000)
    assert header.preset.width() == header.preset.sizeHint().width()
