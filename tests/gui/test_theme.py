"""Theme tokens have enough contrast on their backgrounds, and the theme follows settings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QFontInfo,
    QGuiApplication,
    QIcon,
    QPaintEvent,
    QPalette,
    QStyleHints,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFrame,
    QLabel,
    QMenu,
    QMessageBox,
    QPushButton,
    QRadioButton,
    QTableWidget,
    QVBoxLayout,
    QWidget,
)

from desktop_app.paths import resource_path
from desktop_app.ui.look import icons, theme
from desktop_app.ui.widgets.text.foreign_text import message_box

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

STRONG = (theme.contrast_light, theme.contrast_dark)
THEMES = pytest.mark.parametrize("make", [theme.light, theme.dark, *STRONG])
# WCAG AA for text, and AAA in high contrast.
ENOUGH, ENOUGH_IF_STRONG = 4.5, 7.0
ON = {
    "text": "ground side card hover selected tint code_ground error_ground",
    "dim": "ground side card hover code_ground",
    "faint": "ground side card code_ground",
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


def test_color_tokens_have_the_right_order() -> None:
    light, dark = theme.light(), theme.dark()
    assert light.warning.name() == "#8f5f00"
    assert light.ground.name() == "#ffffff"
    assert dark.selected.name() == "#262c42"
    assert dark.warning.name() == "#e0b354"
    assert dark.is_dark
    assert not light.is_dark


@THEMES
@pytest.mark.parametrize("scale", [0.8, 1.0, 2.0])
def test_the_style_sheet_has_no_placeholders_left(make, scale: float) -> None:
    sheet = theme.style_sheet(make(scale))
    assert not re.search(r"[@$][a-z0-9]", sheet)
    assert "None" not in sheet
    assert sheet.count("{") == sheet.count("}")


def test_the_docstring_lists_the_roles_of_the_style_sheet() -> None:
    named = set(re.findall(r'role="([a-z-]+)"', theme.style_sheet(theme.light())))
    told = theme.__doc__ or ""
    assert named
    assert not [role for role in named if role not in told]


def test_lengths_and_fonts_scale_together() -> None:
    normal, large = theme.light(1.0), theme.light(2.0)
    assert large.px(theme.LIST_WIDTH) == 2 * normal.px(theme.LIST_WIDTH)
    for name in ("interface", "reading", "code", "note", "heading"):
        one, two = getattr(normal, name)(), getattr(large, name)()
        assert two.pointSizeF() == pytest.approx(2 * one.pointSizeF())
    assert normal.px(0.2) == 1


def test_fonts_keep_their_proportions() -> None:
    current = theme.light()
    sizes = [f.pointSizeF() for f in (current.note(), current.interface(), current.reading())]
    assert sizes == sorted(sizes)
    assert current.note().pointSizeF() / current.interface().pointSizeF() == pytest.approx(
        12 / 13.5
    )


def test_the_palette_has_the_colors_of_the_theme() -> None:
    dark = theme.dark()
    made = theme.palette(dark)
    assert made.color(QPalette.ColorRole.Window) == dark.ground
    assert made.color(QPalette.ColorRole.Text) == dark.text
    assert made.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text) == dark.faint


def test_applying_a_theme_changes_what_is_drawn(qtbot: QtBot, qapp: QApplication) -> None:
    frame = QFrame()
    qtbot.addWidget(frame)
    theme.set_role(frame, "side")
    frame.resize(40, 40)
    frame.show()
    for current in (theme.light(), theme.dark()):
        theme.apply_theme(qapp, current)
        assert frame.grab().toImage().pixelColor(20, 20) == current.side


class Counting(QWidget):
    """A widget that counts how often it is styled."""

    polished = 0

    def event(self, event: QEvent) -> bool:
        self.polished += event.type() == QEvent.Type.Polish
        return super().event(event)


def test_a_theme_styles_each_widget_once(qtbot: QtBot, watcher: theme.ThemeWatcher) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    for _ in range(5):
        inner = QFrame()
        column.addWidget(inner)
        column = QVBoxLayout(inner)
    deepest, hidden = Counting(), Counting()
    column.addWidget(deepest)
    column.addWidget(hidden)
    window.show()
    hidden.hide()
    before = [deepest.polished, hidden.polished]
    watcher.set_look(watcher.look._replace(mode="dark"))
    qtbot.waitUntil(lambda: hidden.polished == before[1] + 1)
    assert deepest.polished == before[0] + 1
    watcher.set_look(watcher.look._replace(text_size=120))
    qtbot.waitUntil(lambda: hidden.polished == before[1] + 2)
    assert deepest.polished == before[0] + 2


def test_a_second_change_does_not_keep_hidden_widgets_from_being_styled(
    qtbot: QtBot, watcher: theme.ThemeWatcher
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    hidden = Counting(window)
    window.show()
    hidden.hide()
    before = hidden.polished
    watcher.set_look(watcher.look._replace(mode="dark"))
    watcher.set_look(watcher.look._replace(line_width="wide"))  # the style sheet stays the same
    qtbot.waitUntil(lambda: hidden.polished == before + 1)


def test_a_widget_shown_before_it_was_styled_has_the_new_text_color(
    qtbot: QtBot, watcher: theme.ThemeWatcher
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    label = QLabel("words", window)
    theme.set_role(label, "error")
    window.show()
    label.hide()
    colors: list[QColor] = []

    def show() -> None:
        label.show()
        colors.append(label.palette().color(QPalette.ColorRole.WindowText))

    watcher.changed.connect(show, Qt.ConnectionType.SingleShotConnection)
    watcher.set_look(watcher.look._replace(mode="dark"))
    qtbot.waitUntil(lambda: bool(colors))
    assert colors == [watcher.current.error]


def test_a_theme_leaves_the_focus_on_the_default_button(
    qtbot: QtBot, watcher: theme.ThemeWatcher
) -> None:
    box = QMessageBox()
    qtbot.addWidget(box)
    box.addButton("Remove", QMessageBox.ButtonRole.DestructiveRole)
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(cancel)
    box.open()
    box.activateWindow()
    qtbot.waitUntil(cancel.hasFocus)
    watcher.set_look(watcher.look._replace(mode="dark"))
    qtbot.waitUntil(box.updatesEnabled)
    assert cancel.hasFocus()


@THEMES
@pytest.mark.parametrize("is_checked", [False, True])
@pytest.mark.parametrize("is_enabled", [False, True])
@pytest.mark.parametrize("cls", [QCheckBox, QRadioButton])
def test_check_boxes_have_a_frame(
    qtbot: QtBot,
    qapp: QApplication,
    make,
    cls: type[QAbstractButton],
    is_enabled: bool,
    is_checked: bool,
) -> None:
    current = make()
    theme.apply_theme(qapp, current)
    box = cls()
    qtbot.addWidget(box)
    box.setChecked(is_checked)
    box.setEnabled(is_enabled)
    box.show()
    image = box.grab().toImage()
    seen = [
        QPoint(x, y)
        for x in range(image.width())
        for y in range(image.height())
        if contrast(image.pixelColor(x, y), current.ground) >= 3
    ]
    across, down = {point.x() for point in seen}, {point.y() for point in seen}
    for places in (across, down):
        assert max(places) - min(places) >= current.px(13)


@THEMES
def test_a_checked_box_has_a_check_mark(qtbot: QtBot, qapp: QApplication, make) -> None:
    current = make()
    theme.apply_theme(qapp, current)
    box = QCheckBox()
    qtbot.addWidget(box)
    box.show()

    def inner_colors() -> list[QColor]:
        image = box.grab(QRect(7, 7, 8, box.height() - 14)).toImage()
        return [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]

    assert max(contrast(color, current.card) for color in inner_colors()) < 1.5
    box.setChecked(True)
    assert max(contrast(color, current.card) for color in inner_colors()) >= 3


def test_a_selected_row_of_a_table_has_a_border_besides_its_background(
    qtbot: QtBot, qapp: QApplication
) -> None:
    current = theme.light()
    theme.apply_theme(qapp, current)
    table = QTableWidget(2, 2)
    theme.set_role(table, "figures")
    table.setShowGrid(False)
    qtbot.addWidget(table)
    table.show()
    table.setCurrentCell(1, 0)
    for row, is_selected in ((0, False), (1, True)):
        cell = table.visualRect(table.model().index(row, 0))
        image = table.viewport().grab(cell).toImage()
        column = {image.pixelColor(image.width() // 2, y).name() for y in range(image.height())}
        assert (current.accent.name() in column) is is_selected


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard")
def test_the_current_entry_of_a_menu_has_a_border_besides_its_background(
    qtbot: QtBot, qapp: QApplication
) -> None:
    current = theme.light()
    theme.apply_theme(qapp, current)
    menu = QMenu()
    qtbot.addWidget(menu)
    first, second = menu.addAction("Copy"), menu.addAction("Rename")
    menu.popup(QPoint())
    menu.setActiveAction(second)
    image = menu.grab().toImage()
    for action in (first, second):
        place = menu.actionGeometry(action)
        drawn = {image.pixelColor(place.center().x(), y).name() for y in _rows(place)}
        assert (current.accent.name() in drawn) is (action is second)


def _rows(place: QRect) -> range:
    return range(place.top(), place.bottom() + 1)


def test_a_role_can_change_while_shown(qtbot: QtBot) -> None:
    label = QLabel("words")
    qtbot.addWidget(label)
    label.show()
    theme.set_role(label, "error")
    assert label.palette().color(QPalette.ColorRole.WindowText) == theme.light().error


# ---------------------------------------------------------------- the watcher


def test_the_watcher_announces_mode_and_text_size(
    qtbot: QtBot, qapp: QApplication, watcher: theme.ThemeWatcher
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


class Painted(QWidget):
    """A widget that records the backgrounds it was painted with."""

    def __init__(self) -> None:
        super().__init__()
        self.grounds: list[str] = []

    def paintEvent(self, _event: QPaintEvent) -> None:
        self.grounds.append(self.palette().color(QPalette.ColorRole.Window).name())


def test_each_of_two_changes_in_a_row_is_painted(qtbot: QtBot, watcher: theme.ThemeWatcher) -> None:
    window = Painted()
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: bool(window.grounds))
    window.grounds.clear()
    watcher.set_look(watcher.look._replace(mode="dark"))
    watcher.set_look(watcher.look._replace(mode="light"))
    grounds = [theme.dark().ground.name(), theme.light().ground.name()]
    qtbot.waitUntil(lambda: list(dict.fromkeys(window.grounds)) == grounds)


def test_a_window_hidden_between_two_changes_is_painted_again(
    qtbot: QtBot, watcher: theme.ThemeWatcher
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    watcher.set_look(watcher.look._replace(mode="dark"))
    window.hide()
    watcher.set_look(watcher.look._replace(mode="light"))
    assert not window.updatesEnabled()
    qtbot.waitUntil(window.updatesEnabled)


def test_the_watcher_applies_a_font_and_a_line_width(
    qtbot: QtBot, watcher: theme.ThemeWatcher
) -> None:
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


def test_the_watcher_announces_no_unchanged_theme(
    qtbot: QtBot, watcher: theme.ThemeWatcher
) -> None:
    with qtbot.assertNotEmitted(watcher.changed):
        watcher.set_look(watcher.look._replace(mode="light"))
        watcher.refresh()


def test_the_watcher_follows_the_system_only_in_its_mode(qapp: QApplication) -> None:
    watcher = theme.ThemeWatcher(qapp, theme.LookSettings("system"))
    hints = QGuiApplication.styleHints()
    system_is_dark = hints.colorScheme() == Qt.ColorScheme.Dark
    assert watcher.current.is_dark == system_is_dark
    watcher.set_look(watcher.look._replace(mode="light"))
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert not watcher.current.is_dark
    watcher.set_look(watcher.look._replace(mode="system"))


def test_the_system_may_change_its_scheme_at_once(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(hints: QStyleHints, scheme: Qt.ColorScheme) -> None:
        hints.colorSchemeChanged.emit(scheme)

    monkeypatch.setattr(QStyleHints, "setColorScheme", change)
    watcher = theme.ThemeWatcher(qapp, theme.LookSettings("dark"))
    assert watcher.current.is_dark
    watcher.set_look(watcher.look._replace(mode="system"))


# ---------------------------------------------------------------- icons


def test_every_icon_file_can_be_drawn() -> None:
    names = sorted(p.stem for p in resource_path("icons/lucide").glob("*.svg"))
    assert names
    for name in names:
        image = icons.pixmap(name, QColor("#3451B2"), 96).toImage()
        drawn = {
            image.pixelColor(x, y).name()
            for x in range(image.width())
            for y in range(image.height())
            if image.pixelColor(x, y).alpha() == 255
        }
        assert "#3451b2" in drawn, name


def test_the_license_is_shipped_with_the_icons() -> None:
    assert "ISC" in (resource_path("icons/lucide") / "LICENSE").read_text()


def test_icon_is_sharp_on_dense_screens() -> None:
    dense = icons.pixmap("search", QColor("black"), 16, ratio=2.0)
    assert dense.size() == QSize(32, 32)
    assert dense.deviceIndependentSize().toSize() == QSize(16, 16)


def test_icon_is_drawn_once() -> None:
    one, two = (icons.pixmap("search", QColor("red"), 17, ratio=1.0) for _ in range(2))
    assert one.cacheKey() == two.cacheKey()


def test_a_disabled_icon_has_its_own_color() -> None:
    made = icons.icon("square", QColor("red"), 16, disabled=QColor("blue"))
    shown = made.pixmap(QSize(16, 16), QIcon.Mode.Disabled).toImage()
    assert "#0000ff" in {shown.pixelColor(x, 2).name() for x in range(16)}


def test_unknown_icon_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        icons.pixmap("no-such-icon", QColor("black"))


def test_high_contrast_is_set_by_the_user_or_the_system(qapp: QApplication) -> None:
    watcher = theme.ThemeWatcher(qapp, theme.LookSettings("contrast"))
    assert watcher.current == theme.contrast_light()
    watcher.set_look(watcher.look._replace(mode="light"))
    assert watcher.current == theme.light()


@THEMES
def test_lists_and_buttons_of_the_file_dialog_look_like_those_of_the_program(
    qtbot: QtBot, qapp: QApplication, make
) -> None:
    current = make()
    theme.apply_theme(qapp, current)
    dialog = QFileDialog()
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    qtbot.addWidget(dialog)
    dialog.show()
    formats = dialog.findChild(QComboBox, "fileTypeCombo")
    assert isinstance(formats, QComboBox)
    inner = QRect(formats.width() - current.px(26), 4, current.px(18), formats.height() - 8)
    assert max(contrast(color, current.card) for color in colors_of(formats, inner)) >= 3
    cancel = next(b for b in dialog.findChildren(QPushButton) if "Cancel" in b.text())
    assert colors_of(cancel, QRect(cancel.width() // 2, 0, 1, 1)) == [current.line]


def colors_of(widget: QWidget, area: QRect) -> list[QColor]:
    """Return the colors of the pixels of a part of a widget."""
    image = widget.grab(area).toImage()
    return [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]


def test_the_buttons_of_a_question_have_a_border(qtbot: QtBot, light_theme: theme.Theme) -> None:
    box = message_box("Quit anyway?")
    qtbot.addWidget(box)
    quit_now = box.addButton("Quit now", box.ButtonRole.DestructiveRole)
    box.setDefaultButton(box.addButton(box.StandardButton.Cancel))
    box.show()
    image = quit_now.grab().toImage()
    assert image.pixelColor(0, image.height() // 2) == QColor(light_theme.line)
