"""The appearance: colors, lengths, fonts, and the application's style sheet.

A `Theme` is a plain value: named color tokens and a scale. Widgets get their colors,
lengths (`px`) and fonts from it. Everything that a style sheet can express is in
`style_sheet`. It selects by the dynamic property `role`, which a widget sets on itself:

    QPushButton, QToolButton    primary · plain · quiet · link · fold · row (a whole row) ·
                                menu · bare-menu · suggestion · chip ·
                                example (a card that is a button) · send · stop ·
                                filter (property "set") · segment · small-segment
    QPushButton, QLabel         key (a shortcut)
    QLabel                      title · heading · strong · dim · note · hero · error · error-title ·
                                error-note · warning · warning-note · address (at the edge of a
                                text)
    QFrame                      side (list and panel; property "edge": the side of its hairline) ·
                                card · prompt (property "focused" colors its border) ·
                                segments · note-card · error-card · rule · overlay · popup ·
                                column (of a comparison)
    QTextEdit, QPlainTextEdit   field · card-text (the text of a card)
    QListView                   rows
    QAbstractItemView           choices (a list of pages or results)
    QTableView                  figures
    QAbstractScrollArea         ringed (shows that it has the focus)

All lengths are those at the default text size, and scale with the text size. That is the
system font's size, times the user's setting. A system font below 13.5 px, such as Qt's fallback on
systems without a desktop, counts as 13.5 px: the layout was designed for no smaller size.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from PySide6.QtCore import QCoreApplication, QEvent, QLocale, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from desktop_app.domain.value import Value
from desktop_app.markdown.color_tokens import CONTRAST_DARK, CONTRAST_LIGHT, DARK, LIGHT
from desktop_app.widgets.look import icons

APPLICATION_ARGUMENTS: Final = ("-style", "fusion")
"""Arguments for QApplication: the same style, the style sheet's base, on every desktop.

`setStyle` would cost 15 ms at start-up: PySide builds the QStyle class with all its
enumerations when Python first receives a QStyle.
"""

# Heights of text in pixels, at the default text size.
INTERFACE_SIZE: Final = 13.5
READING_SIZE: Final = 14.5
CODE_SIZE: Final = 13.0
NOTE_SIZE: Final = 12.0
HEADING_SIZE: Final = 17.0
# Multiples of the font's own line height.
ANSWER_LINE_HEIGHT: Final = 1.5
CODE_LINE_HEIGHT: Final = 1.28

# In pixels at the default text size.
LIST_WIDTH: Final = 264
PANEL_WIDTH: Final = 640
STANDARD_LINE_WIDTH: Final = 720
LINE_WIDTHS: Final = {"narrow": 560, "standard": STANDARD_LINE_WIDTH, "wide": 960, "full": 100_000}
"""The widest line of a conversation by the setting's value; "full" exceeds every screen."""
MARGIN: Final = 20
ROW_HEIGHT: Final = 32
ROW_MARGIN: Final = 9
SEND_SIZE: Final = 32
RADIUS: Final = 8
RADIUS_CHIP: Final = 10
RADIUS_CARD: Final = 14
POPUP_SHADOW: Final = 12
"""The width of the shadow around the card of a popup."""


class Theme(Value, frozen=True):
    """The colors by token name, and the lengths at one text size.

    Attributes:
        scale: 1.0 means that interface text is 13.5 px high.
        base_font: the system's font, or the user's; its size is ignored.
        code_font: the system's font for code.
        max_line_width: the widest line of a conversation, at the default text size.
    """

    is_dark: bool
    ground: QColor
    side: QColor
    card: QColor
    line: QColor
    outline: QColor
    hover: QColor
    selected: QColor
    text: QColor
    dim: QColor
    faint: QColor
    accent: QColor
    on_accent: QColor
    tint: QColor
    code_ground: QColor
    keyword: QColor
    string: QColor
    function: QColor
    comment: QColor
    number: QColor
    error: QColor
    error_ground: QColor
    good: QColor
    warning: QColor
    scale: float
    base_font: QFont
    code_font: QFont
    max_line_width: int = STANDARD_LINE_WIDTH

    def px(self, length: float) -> int:
        """Scale a length to whole pixels, at least 1 so that hairlines stay visible."""
        return max(1, round(length * self.scale))

    def points(self, length: float) -> float:
        """Return a font's size in points from its height in pixels at the default size."""
        return length * self.scale * 72 / _dpi()

    def interface(self) -> QFont:
        """Return the font of labels, rows and buttons."""
        return self._font(self.base_font, INTERFACE_SIZE)

    def strong(self) -> QFont:
        """Return the interface's font in semibold."""
        return self._font(self.base_font, INTERFACE_SIZE, semibold())

    def reading(self) -> QFont:
        """Return the font of the text to read and write: conversations, documents, prompts."""
        return self._font(self.base_font, READING_SIZE)

    def code(self) -> QFont:
        return self._font(self.code_font, CODE_SIZE)

    def note(self) -> QFont:
        return self._font(self.base_font, NOTE_SIZE)

    def heading(self) -> QFont:
        return self._font(self.base_font, HEADING_SIZE, semibold())

    def _font(
        self, base: QFont, length: float, weight: QFont.Weight = QFont.Weight.Normal
    ) -> QFont:
        font = QFont(base)
        font.setPointSizeF(self.points(length))
        font.setWeight(weight)
        return font


def semibold() -> QFont.Weight:
    """Return the weight of headings: bold in windows in Chinese, Japanese or Korean.

    Many of their fonts have a single weight (IPA, WenQuanYi), and Qt makes no other below bold.
    """
    language = QLocale.Language
    languages = (language.Chinese, language.Japanese, language.Korean)
    return QFont.Weight.Bold if QLocale().language() in languages else QFont.Weight.DemiBold


def _theme(tokens: list[str], scale: float = 1.0, *, is_dark: bool) -> Theme:
    """Return a theme; `scale` is relative to the system font."""
    general_font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    code_font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    colors = [QColor(token) for token in tokens]  # in the order of the fields of `Theme`
    height = float(general_font.pixelSize())
    if general_font.pointSizeF() > 0:  # -1 for a font whose size is set in pixels
        height = general_font.pointSizeF() * _dpi() / 72  # a point is 1/72 inch
    scale *= max(1.0, height / INTERFACE_SIZE)
    return Theme(is_dark, *colors, scale, general_font, code_font)  # type: ignore[arg-type, call-arg]


light: Final = partial(_theme, LIGHT, is_dark=False)
dark: Final = partial(_theme, DARK, is_dark=True)
contrast_light: Final = partial(_theme, CONTRAST_LIGHT, is_dark=False)
contrast_dark: Final = partial(_theme, CONTRAST_DARK, is_dark=True)


def _dpi() -> float:
    """Return the resolution with which Qt converts points to device-independent pixels."""
    return QGuiApplication.primaryScreen().logicalDotsPerInchY()


def palette(theme: Theme) -> QPalette:
    """Return the theme as Qt's palette, for everything that the style sheet does not name."""
    role = QPalette.ColorRole
    result = QPalette()
    for color_roles, color in (
        ((role.Window, role.Light, role.Midlight), theme.ground),
        ((role.Base, role.Button, role.ToolTipBase), theme.card),
        ((role.AlternateBase,), theme.code_ground),
        ((role.WindowText, role.Text, role.ButtonText, role.ToolTipText), theme.text),
        ((role.BrightText,), theme.error),
        ((role.PlaceholderText,), theme.faint),
        ((role.Mid, role.Dark, role.Shadow), theme.line),
        ((role.Highlight, role.Accent, role.Link, role.LinkVisited), theme.accent),
        ((role.HighlightedText,), theme.on_accent),
    ):
        for color_role in color_roles:
            result.setColor(color_role, color)
    for color_role in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, color_role, theme.faint)
    return result


# @name is a color of the theme or a token of `style_sheet`, $n a length.
_SHEET: Final = """
QToolTip { background: @card; color: @text; border: 1px solid @line; padding: $4px $6px; }
QMainWindow, QDialog { background: @ground; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QFrame[role="side"] { background: @side; border: 0 solid @line; }
QFrame[role="side"][edge="right"] { border-right-width: 1px; }
QFrame[role="side"][edge="left"] { border-left-width: 1px; }
QFrame[role="card"] { background: @card; border: 1px solid @line; border-radius: $14px; }
QFrame[role="sheet"] { background: @ground; border: 1px solid @line; border-radius: $14px; }
QFrame[role="sheet"] QDialog { background: transparent; }
QFrame[role="palette"] { background: @card; border: 1px solid @line; border-radius: $10px; }
QFrame[role="popup"] { background: @card; border: 1px solid @outline; outline: none; }
QFrame[role="prompt"] { background: @card; border: 1px solid @outline; margin: 1px;
    border-radius: $13px; }
QFrame[role="prompt"][focused="true"] { border: 2px solid @accent; margin: 0;
    border-radius: $14px; }
QFrame[role="prompt"][temporary="true"] { border-style: dashed; }
QFrame[role="column"] { background: transparent; border: 1px solid @line; border-radius: $10px; }
QFrame[role="note-card"] { background: @code_ground; border: 1px solid @line;
    border-radius: $10px; }
QFrame[role="error-card"] { background: @error_ground; border: none; border-radius: $10px; }
QFrame[role="segments"] { background: @hover; border: none; border-radius: $8px; }
[role="segment"], [role="small-segment"] { color: @dim; padding: 0; margin: $2px;
    border-radius: $6px; min-height: 0; }
[role="small-segment"] { font-size: @note; }
[role="segment"]:hover, [role="small-segment"]:hover { color: @text; }
[role="segment"]:checked, [role="small-segment"]:checked { background: @segment; color: @text;
    border: 1px solid @outline; font-weight: @bold; }
[role="segment"]:checked:focus, [role="small-segment"]:checked:focus { border: 2px solid @accent; }
[role="segment"]:disabled, [role="small-segment"]:disabled { color: @faint; }
QFrame[role="rule"] { background: @line; border: none; max-height: 1px; min-height: 1px; }
QFrame[role="overlay"] { background: @overlay; border: 2px dashed @accent; border-radius: $14px; }
QFrame[role="overlay"] QLabel { color: @accent; font-size: @heading; font-weight: @bold; }
QLabel { background: transparent; }
QLabel[role="title"], QLabel[role="strong"] { font-weight: @bold; }
QLabel[role="dim"] { color: @dim; }
QLabel[role="warning"] { color: @warning; font-size: @note; font-weight: @bold; }
QLabel[role="warning-note"] { color: @warning; font-size: @note; }
QLabel[role="note"] { color: @dim; font-size: @note; }
QLabel[role="address"] { background: @card; border: 1px solid @line; padding: $4px; color: @dim;
                         font-size: @note; }
QLabel[role="error-title"] { color: @error; font-weight: @bold; }
QLabel[role="error-note"] { color: @text; font-size: @note; }
QLabel[role="error"] { color: @error; font-size: @note; }
QLabel[role="heading"] { font-size: @heading; font-weight: @bold; }
QLabel[role="hero"] { font-size: @hero; font-weight: @bold; }
QLabel[role="key"] { color: @faint; font-size: @key; background: transparent; padding: $2px $8px;
    border: 1px solid @line; border-radius: $5px; qproperty-indent: 0; }
QLabel[role="badge"] { color: @on_accent; background: @accent; font-size: @key; border-radius: $8px;
    padding: 0 $5px; min-width: $6px; min-height: @badge; max-height: @badge;
    qproperty-alignment: AlignCenter; }
QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox, QDateTimeEdit, QTextEdit[role="field"],
QPlainTextEdit[role="field"] { background: @card; border: 1px solid @outline; border-radius: $8px;
    padding: 0 $8px; min-height: $30px; selection-background-color: @accent;
    selection-color: @on_accent; }
QLineEdit:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus, QDateTimeEdit:focus,
QTextEdit[role="field"]:focus, QPlainTextEdit[role="field"]:focus { border-color: @accent; }
QCheckBox { border: 2px solid transparent; border-radius: $6px; padding: 0 $2px; }
QCheckBox[role="bare"] { spacing: 0; padding: 0; }
QCheckBox:focus { border-color: @accent; outline: none; }
QLineEdit { lineedit-clear-button-icon: url("@clear"); }
QLineEdit:disabled, QComboBox:disabled { color: @faint; }
QPlainTextEdit[role="field"]:disabled { color: @faint; background: transparent; }
QComboBox::drop-down { border: none; width: $28px; }
QComboBox::down-arrow { image: url("@chevron"); width: $14px; height: $14px; }
QSlider::groove:horizontal { background: @hover; height: $4px; border-radius: $2px; }
QSlider::sub-page:horizontal { background: @accent; border-radius: $2px; }
QSlider::handle:horizontal { background: @accent; width: $14px; height: $14px; margin: -$5px 0;
    border-radius: $7px; }
QSlider::handle:horizontal:focus { border: 2px solid @text; width: $10px; }
QSlider::handle:disabled, QSlider::sub-page:disabled { background: @faint; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button, QDateTimeEdit::drop-down {
    background: transparent; border: none; width: $18px; }
QAbstractSpinBox::up-arrow { image: url("@chevron_up"); width: $10px; height: $10px; }
QAbstractSpinBox::down-arrow { image: url("@chevron"); width: $10px; height: $10px; }
QComboBox { combobox-popup: 0; }
QComboBox QAbstractItemView, QMenu { background: @card; border: 1px solid @line; color: @text;
    padding: $4px; outline: none; selection-background-color: @selected; selection-color: @text; }
QMenu { menu-scrollable: 1; icon-size: $16px; border-color: @outline; }
[card="true"], [card="true"] > QListView { border-radius: $10px; }
[card="true"] { margin: @shadow; border-color: @line; }
QComboBox QAbstractItemView::item { padding: $5px $7px; border: 1px solid transparent;
    border-radius: $6px; color: @text; }
QComboBox QAbstractItemView::item:selected { background: @selected; border-color: @accent; }
QMenu::item { padding: $5px $23px $5px $11px; border: 1px solid transparent; border-radius: $6px; }
QMenu::item:selected { background: @selected; border-color: @accent; color: @text; }
QMenu::item:disabled { color: @faint; }
QMenu::separator { background: @line; height: 1px; margin: $4px $8px; }
QCheckBox::indicator, QRadioButton::indicator { background: @card; border: 1px solid @dim;
    border-radius: $3px; width: $13px; height: $13px; }
QCheckBox::indicator:disabled { background: transparent; border-color: @faint; }
QLabel[role="strong"]:disabled { color: @faint; }
QCheckBox::indicator:checked { image: url("@check"); }
QCheckBox::indicator:checked:disabled { image: url("@check_disabled"); }
QCheckBox::indicator:indeterminate { background: @dim; }
QRadioButton::indicator { border-radius: $7px; }
QRadioButton::indicator:checked { border: $4px solid @accent; width: $7px; height: $7px; }
QPushButton, QToolButton { background: transparent; border: 2px solid transparent;
    border-radius: $8px; color: @text; padding: 0 $6px; min-height: $26px; }
QPushButton:focus, QToolButton:focus { border-color: @accent; outline: none; }
QPushButton:disabled, QToolButton:disabled { color: @faint; }
QToolButton::menu-indicator, QPushButton::menu-indicator { image: none; width: 0; }
QPushButton[role="menu"], QPushButton[role="bare-menu"] { color: @dim;
    padding: 0 $15px; min-height: $28px; }
QPushButton[role="menu"] { background: @hover; }
QPushButton[role="menu"]:hover, QPushButton[role="bare-menu"]:hover { color: @text; }
QPushButton[role="menu"]::menu-indicator, QPushButton[role="bare-menu"]::menu-indicator {
    image: url("@chevron"); width: $14px; height: $14px; subcontrol-origin: padding;
    subcontrol-position: center right; right: $7px; }
QPushButton[role="suggestion"] { background: @tint; color: @accent; font-weight: @bold;
    text-align: left; padding: 0 $9px; }
QPushButton[role="suggestion"] QLabel[role="key"] { max-height: $18px; padding: 0 $8px; }
QPushButton[role="suggestion"]:hover { background: @selected; }
QPushButton[role="suggestion"]:disabled { background: @tint; color: @faint; }
QPushButton[role="chip"] { background: @code_ground; border: 1px solid @outline;
    border-radius: $10px; }
QPushButton[role="chip"]:focus { border: 2px solid @accent; }
[role="quiet"] { color: @dim; }
QToolButton[role="quiet"] { padding: 0; min-width: $20px; min-height: $20px; }
QToolButton[current] { font-size: @note; }
QToolButton[current="true"] { background: @selected; color: @text; }
[role="quiet"]:hover, [role="quiet"]:pressed, [role="quiet"]:checked { background: @hover;
    color: @text; }
[role="plain"], QDialogButtonBox QPushButton, QPrintDialog QPushButton, QPrintDialog QToolButton {
    background: @card; border: 1px solid @outline; padding: 0 $14px; min-height: $28px; }
[role="plain"]:hover, [role="plain"]:pressed, QDialogButtonBox QPushButton:hover,
QDialogButtonBox QPushButton:pressed, QPrintDialog QPushButton:hover,
QPrintDialog QToolButton:hover { background: @hover; }
[role="plain"]:checked { background: @selected; border-color: @accent; }
[role="plain"]:checked:focus { border: 2px solid @accent; padding: 0 $13px; }
QPushButton[role="key"] { color: @dim; font-size: @key; padding: 0 $7px; min-height: $28px;
    min-width: $10px;
    border: 1px solid @outline; border-radius: $5px; }
QPushButton[role="key"]:hover { background: @hover; }
QPushButton[role="key"]:focus { border: 2px solid @accent; padding: 0 $6px; min-height: $26px; }
[role="primary"] { background: @accent; color: @on_accent; font-weight: @bold; padding: 0 $15px; }
[role="primary"]:hover, [role="primary"]:pressed { background: @accent_strong; }
[role="primary"]:focus { border: 2px solid @focus_on_accent; }
[role="primary"]:disabled { background: @hover; color: @faint; }
[role="example"] { background: @card; border: 1px solid @outline; border-radius: $14px; }
[role="example"]:hover { background: @code_ground; }
[role="example"]:focus { border: 2px solid @accent; }
[role="search"] { background: @card; border: 1px solid @outline; border-radius: $8px;
    min-height: $32px; }
[role="search"]:hover { background: @hover; }
[role="search"]:focus { border-color: @accent; }
[role="row"] { min-height: $28px; }
[role="row"]:hover, [role="row"]:pressed { background: @hover; }
QListView[role="rows"] { background: transparent; border: none; outline: none; }
QAbstractItemView[role="choices"] { background: transparent; border: none; outline: none; }
QAbstractItemView[role="choices"]::item { color: @text; padding: $5px $8px; border: 1px solid
    transparent; border-radius: $6px; }
QAbstractItemView[role="choices"]::item:hover { background: @hover; }
QAbstractItemView[role="choices"]::item:selected { background: @selected; }
QAbstractItemView[role="choices"]:focus::item:selected { border-color: @accent; }
QListView[role="rows"] QLineEdit { padding: 0 $9px; }
QTableView[role="figures"], QAbstractScrollArea[role="ringed"] { background: transparent;
    border: 2px solid transparent; border-radius: $8px; outline: none; }
QTableView[role="figures"]:focus, QAbstractScrollArea[role="ringed"]:focus {
    border-color: @accent; }
QTableView[role="figures"] { selection-background-color: @selected; selection-color: @text; }
QHeaderView, QHeaderView::section { background: transparent; color: @dim; border: none;
    padding: 0; min-height: $28px; }
QHeaderView::up-arrow, QHeaderView::down-arrow { subcontrol-position: top center; width: $8px;
    height: $8px; }
QTableView[role="figures"]::item { padding: 0 $3px; }
QTableView[role="figures"]::item:selected { border: 0 solid @accent; border-top-width: 1px;
    border-bottom-width: 1px; }
QAbstractScrollArea::corner { background: transparent; border: none; }
QHeaderView::section { border-bottom: 1px solid @line; padding: 0 $6px; }
[role="card-text"] { background: transparent; border: none; }
[role="filter"] { color: @dim; font-size: @note; padding: 0 $6px; min-height: $22px;
    border: 1px solid @outline; border-radius: $8px; }
[role="filter"]::menu-indicator { width: 0; image: none; }
[role="filter"]:hover { color: @text; background: @hover; }
[role="filter"]:focus { border-color: @accent; }
[role="filter"]:disabled { color: @faint; border-color: @line; }
[role="filter"][set="true"] { color: @accent; background: @tint; font-weight: @bold; }
[role="link"] { color: @accent; font-weight: @bold; padding: 0; min-height: $20px; min-width: $20px;
    text-decoration: underline; }
[role="fold"] { color: @dim; font-weight: @bold; padding: 0 $4px 0 0; }
[role="fold"]:hover { color: @text; }
[role="send"], [role="stop"] { background: @accent; border-radius: @round; padding: 0;
    min-width: $28px; max-width: $28px; min-height: $28px; max-height: $28px; }
[role="send"]:hover { background: @accent_strong; }
[role="send"]:disabled { background: @hover; }
[role="stop"] { background: @text; }
[role="send"]:focus { border-color: @focus_on_accent; }
[role="stop"]:focus { border-color: @accent; }
QScrollBar { background: transparent; border: none; width: $10px; height: $10px; margin: 0; }
QScrollBar::handle { background: @thumb; border-radius: $3px; margin: $2px; min-height: $32px;
    min-width: $32px; }
QScrollBar::handle:hover { background: @faint; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
"""


def style_sheet(theme: Theme) -> str:
    strong_accent = theme.accent.lighter(112) if theme.is_dark else theme.accent.darker(115)
    if theme.line == theme.text:  # high contrast, in which the thumb must stand out from lines
        thumb, segment = theme.faint.name(), theme.selected.name()
    else:
        thumb = "#3A3A37" if theme.is_dark else "#D5D4CF"
        segment = thumb if theme.is_dark else theme.card.name()
    tokens = {
        "accent_strong": strong_accent.name(),
        "focus_on_accent": theme.text.name(),
        "overlay": f"rgba({theme.tint.red()}, {theme.tint.green()}, {theme.tint.blue()}, 215)",
        "segment": segment,
        "check": icons.sheet_image_path("check-dark" if theme.is_dark else "check-light"),
        "check_disabled": icons.sheet_image_path("check-disabled"),
        "clear": icons.sheet_image_path("clear"),
        "chevron": icons.sheet_image_path("chevron"),
        "chevron_up": icons.sheet_image_path("chevron-up"),
        "thumb": thumb,
        # Half of the height including the border; with 1 px more, Qt draws square corners.
        "round": f"{(theme.px(28) + 4) // 2}px",
        "shadow": f"{theme.px(POPUP_SHADOW)}px",
        # Twice the radius; Qt drops a radius that exceeds half of the height.
        "badge": f"{2 * theme.px(8)}px",
        "note": f"{theme.points(NOTE_SIZE):.3f}pt",
        "key": f"{theme.points(11):.3f}pt",
        "heading": f"{theme.points(HEADING_SIZE):.3f}pt",
        "bold": str(semibold().value),
        "hero": f"{theme.points(24):.3f}pt",
    }

    def value_of(token: str) -> str:
        return tokens[token] if token in tokens else getattr(theme, token).name()

    sheet = re.sub(r"@([a-z_]+)", lambda match: value_of(match[1]), _SHEET)
    return re.sub(r"\$(\d+)", lambda match: str(theme.px(int(match[1]))), sheet)


_themes: Final[list[Theme]] = []  # the theme in use, once there is one


def current_theme() -> Theme:
    """Return the theme in use.

    Widgets read it when they paint. What they derive from it otherwise, such as a height or an
    icon, they set in `update_theme`, which they call when they are created. `change_theme` calls it
    again.
    """
    if not _themes:
        _themes.append(light())
    return _themes[0]


def apply_theme(application: QApplication, theme: Theme) -> None:
    """Make a theme the one in use: set the application's palette, font and style sheet."""
    _themes[:] = [theme]
    application.setPalette(palette(theme))
    application.setFont(theme.interface())
    application.setStyleSheet(style_sheet(theme))


def limit_size(button: QWidget, width: int, height: int) -> None:
    """Set a button's width, and limit its height.

    The style sheet sets its minimum height, which `setFixedSize` would override.
    """
    button.setFixedWidth(width)
    button.setMaximumHeight(height)


def set_role(widget: QWidget, role: str) -> None:
    """Set the role by which the style sheet selects a widget, before or after it is shown."""
    set_style_property(widget, "role", role)


def set_style_property(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the style sheet selects by, and restyle the widget."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    if widget.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
        # Equivalent to `style().polish`, without a QStyle in Python: see
        # APPLICATION_ARGUMENTS.
        QCoreApplication.sendEvent(widget, QEvent(QEvent.Type.Polish))
        widget.update()
