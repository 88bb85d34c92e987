"""Theme tokens have enough contrast on their backgrounds, and the theme follows settings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QFontInfo,
    QGuiApplication,
    QIcon,
    QPalette,
    QPixmap,
)
from PySide6.QtWidgets import QComboBox, QDateEdit, QFrame, QLabel, QLineEdit, QSpinBox

from desktop_app.paths import resource_path
from desktop_app.widgets.buttons.segmented_control import SegmentedControl
from desktop_app.widgets.look import icons, theme
from desktop_app.widgets.look.theme_watcher import LookSettings, ThemeWatcher
from desktop_app.widgets.text.foreign_text import PlainButton, PlainTextField

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication, QWidget
    from pytestqt.qtbot import QtBot

STRONG = (theme.contrast_light, theme.contrast_dark)
THEMES = pytest.mark.parametrize("make", [theme.light, theme.dark, *STRONG])
# WCAG AA for text, and AAA in high contrast.
ENOUGH, ENOUGH_IF_STRONG = 4.5, 7.0
OUTLINED_BUTTONS = ("plain", "chip", "key", "example", "search", "filter")
ON = {
    "text": "ground side card hover selected tint code_ground error_ground",
    "dim": "ground side card hover selected tint code_ground",
    "faint": "ground side card hover selected code_ground",
    "accent": "ground side card tint code_ground",
    "on_accent": "accent",
    "keyword": "code_ground",
    "string": "code_ground",
    "function": "code_ground",
    "comment": "code_ground",
    "number": "code_ground",
    "error": "ground side error_ground",
    "good": "ground side",
    "warning": "ground side",
}


def luminance(color: QColor) -> float:
    """Return WCAG's relative luminance."""
    parts = [
        v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4
        for v in (color.redF(), color.greenF(), color.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: QColor, other: QColor) -> float:
    """Return WCAG's contrast ratio."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@THEMES
def test_text_has_enough_contrast_on_its_backgrounds(make) -> None:
    current, enough = make(), ENOUGH_IF_STRONG if make in STRONG else ENOUGH
    for name, grounds in ON.items():
        for ground in grounds.split():
            ratio = contrast(getattr(current, name), getattr(current, ground))
            assert ratio >= enough, f"{name} on {ground}: {ratio:.2f}"


@THEMES
def test_outlines_of_controls_have_enough_contrast(make) -> None:
    current = make()
    for ground in ("ground", "side", "card", "code_ground"):
        ratio = contrast(current.outline, getattr(current, ground))
        assert ratio >= 3, f"outline on {ground}: {ratio:.2f}"  # WCAG 1.4.11


def _ratio_of_edge(widget: QWidget, ground: QColor) -> float:
    """Return the lesser contrast of a widget's left and right edges, at half its height."""
    image = widget.grab().toImage()
    row = round(widget.height() / 2 * image.devicePixelRatio())
    right = image.width() - 1
    left_edge = max(contrast(image.pixelColor(at, row), ground) for at in range(4))
    return min(
        left_edge, max(contrast(image.pixelColor(right - at, row), ground) for at in range(4))
    )


@THEMES
def test_fields_and_buttons_are_drawn_with_their_outlines(
    make, qtbot: QtBot, qapp: QApplication
) -> None:
    current = make()
    theme.apply_theme(qapp, current)
    buttons = {role: PlainButton("Words", role=role) for role in OUTLINED_BUTTONS}
    fields: dict[str, QWidget] = {
        "line": QLineEdit(),
        "choice": QComboBox(),
        "number": QSpinBox(),
        "text": PlainTextField(),
        "date": QDateEdit(calendarPopup=True),
    }
    theme.set_role(fields["text"], "field")
    for name, widget in (fields | buttons).items():
        qtbot.addWidget(widget)
        widget.resize(120, 40)
        widget.show()
        widget.clearFocus()
        assert _ratio_of_edge(widget, current.ground) >= 3, name


@THEMES
def test_the_chosen_segment_differs_from_its_track(make, qtbot: QtBot, qapp: QApplication) -> None:
    current = make()
    theme.apply_theme(qapp, current)
    control = SegmentedControl([(key, key) for key in "abc"])
    qtbot.addWidget(control)
    control.set_current("b")
    control.show()
    control.button("a").setFocus()
    chosen, other = control.button("b"), control.button("a")
    assert _ratio_of_edge(chosen, current.hover) >= 2.4
    image = control.grab().toImage()

    def ground_of(button: QWidget) -> QColor:
        top = button.geometry().topLeft()
        return image.pixelColor(top.x() + 6, top.y() + 6)

    assert ground_of(chosen) != ground_of(other)
    if current.is_dark:  # what is chosen is raised, so lighter
        assert luminance(ground_of(chosen)) > luminance(current.ground)


@THEMES
@pytest.mark.parametrize("scale", [0.8, 1.0, 2.0])
def test_the_style_sheet_has_no_placeholders_left(make, scale: float) -> None:
    sheet = theme.style_sheet(make(scale))
    assert not re.search(r"[@$][a-z0-9]", sheet)
    assert "None" not in sheet
    assert sheet.count("{") == sheet.count("}")


def test_lengths_and_fonts_scale_together() -> None:
    normal, large = theme.light(1.0), theme.light(2.0)
    assert large.px(theme.LIST_WIDTH) == 2 * normal.px(theme.LIST_WIDTH)
    for name in ("interface", "reading", "code", "note", "heading"):
        one, two = getattr(normal, name)(), getattr(large, name)()
        assert two.pointSizeF() == pytest.approx(2 * one.pointSizeF())
    assert normal.px(0.2) == 1


@pytest.mark.parametrize("scale", [0.8, 0.9, 1.0, 1.07, 1.25, 1.5, 2.0])
def test_a_badge_is_round(scale: float, qtbot: QtBot, qapp: QApplication) -> None:
    theme.apply_theme(qapp, theme.light(scale))
    window = QFrame()
    qtbot.addWidget(window)
    label = QLabel("7", window)
    theme.set_role(label, "badge")
    label.ensurePolished()
    label.resize(label.sizeHint())
    window.show()
    image = window.grab().toImage()
    assert image.pixelColor(label.width() // 2, 1) == theme.current_theme().accent
    assert image.pixelColor(0, 0) != theme.current_theme().accent


def test_applying_a_theme_changes_what_is_drawn(qtbot: QtBot, qapp: QApplication) -> None:
    frame = QFrame()
    qtbot.addWidget(frame)
    theme.set_role(frame, "side")
    frame.resize(40, 40)
    frame.show()
    for current in (theme.light(), theme.dark()):
        theme.apply_theme(qapp, current)
        assert frame.grab().toImage().pixelColor(20, 20) == current.side


def test_a_role_can_change_while_shown(qtbot: QtBot) -> None:
    label = QLabel("words")
    qtbot.addWidget(label)
    label.show()
    theme.set_role(label, "error")
    assert label.palette().color(QPalette.ColorRole.WindowText) == theme.light().error


# ---------------------------------------------------------------- the watcher


def test_the_watcher_announces_mode_and_text_size(
    qtbot: QtBot, qapp: QApplication, watcher: ThemeWatcher
) -> None:
    with qtbot.waitSignal(watcher.changed) as told:
        watcher.set_look(watcher.look._replace(mode="dark"))
    assert told.args == [watcher.current]
    assert watcher.current.is_dark
    assert qapp.palette().color(QPalette.ColorRole.Window) == watcher.current.ground
    assert qapp.styleSheet() == theme.style_sheet(watcher.current)
    before = watcher.current.scale
    with qtbot.waitSignal(watcher.changed):
        watcher.set_look(watcher.look._replace(text_size=150))
    assert watcher.current.scale == pytest.approx(1.5 * before)


def test_the_watcher_applies_a_font_and_a_line_width(qtbot: QtBot, watcher: ThemeWatcher) -> None:
    system = watcher.current.reading().family()
    chosen = next(family for family in QFontDatabase.families() if family != system)
    with qtbot.waitSignal(watcher.changed):
        watcher.set_look(watcher.look._replace(font=chosen))
    assert watcher.current.reading().families()[:2] == [chosen, system]
    assert QFontInfo(watcher.current.reading()).family() == QFontInfo(QFont(chosen)).family()
    watcher.set_look(watcher.look._replace(font="No Such Family"))
    assert QFontInfo(watcher.current.reading()).family() == QFontInfo(QFont(system)).family()
    with qtbot.waitSignal(watcher.changed):
        watcher.set_look(watcher.look._replace(font=""))
    assert watcher.current == theme.light()
    with qtbot.waitSignal(watcher.changed):
        watcher.set_look(watcher.look._replace(line_width="narrow"))
    assert watcher.current.max_line_width < theme.STANDARD_LINE_WIDTH


def test_the_watcher_announces_no_unchanged_theme(qtbot: QtBot, watcher: ThemeWatcher) -> None:
    with qtbot.assertNotEmitted(watcher.changed):
        watcher.set_look(watcher.look._replace(mode="light"))
        watcher.refresh()


def test_the_watcher_follows_the_system_only_in_its_mode(qapp: QApplication) -> None:
    watcher = ThemeWatcher(qapp, LookSettings("system"))
    hints = QGuiApplication.styleHints()
    system_is_dark = hints.colorScheme() == Qt.ColorScheme.Dark
    assert watcher.current.is_dark == system_is_dark
    watcher.set_look(watcher.look._replace(mode="light"))
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert not watcher.current.is_dark
    watcher.set_look(watcher.look._replace(mode="system"))


# ---------------------------------------------------------------- icons


def test_every_icon_file_can_be_drawn() -> None:
    names = sorted(p.stem for p in resource_path("icons/lucide").glob("*.svg"))
    assert names
    for name in names:
        image = icons.pixmap(name, QColor("#3451B2"), 32).toImage()
        drawn = {
            image.pixelColor(x, y).name()
            for x in range(image.width())
            for y in range(image.height())
            if image.pixelColor(x, y).alpha() == 255
        }
        assert "#3451b2" in drawn, name


def test_high_contrast_is_set_by_the_user_or_the_system(qapp: QApplication) -> None:
    watcher = ThemeWatcher(qapp, LookSettings("contrast"))
    assert watcher.current == theme.contrast_light()
    watcher.set_look(watcher.look._replace(mode="light"))
    assert watcher.current == theme.light()


@pytest.mark.usefixtures("qapp")
def test_a_changed_copy_of_an_icon_outlives_the_icon() -> None:
    for _ in range(20):
        copy = QIcon(icons.icon("copy", QColor("red")))
        copy.addPixmap(QPixmap(8, 8))
        assert not copy.pixmap(16).isNull()
