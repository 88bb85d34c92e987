"""The watcher of the settings and the system, which chooses the theme and changes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, cast

from msgspec.structs import replace
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from desktop_app.settings.setting import SettingValue
from desktop_app.widgets.boxes import scale_boxes
from desktop_app.widgets.look.motion import reduce_motion
from desktop_app.widgets.look.theme import (
    LINE_WIDTHS,
    Theme,
    apply_theme,
    contrast_dark,
    contrast_light,
    dark,
    light,
)

Mode = Literal["system", "light", "dark", "contrast"]


class LookSettings(NamedTuple):
    """The settings "look.…" that choose a theme.

    Attributes:
        mode: whether to follow the system, be light, be dark, or have high contrast.
        text_size: percent of the system font's size; lengths scale with it.
        font: the font family of all text but code; "" for the system's.
        line_width: the widest line of a conversation, a name in LINE_WIDTHS.
    """

    mode: Mode = "system"
    text_size: int = 100
    font: str = ""
    line_width: str = "standard"

    @classmethod
    def from_values(cls, values: Mapping[str, SettingValue]) -> LookSettings:
        return cls(
            cast(Mode, values["look.theme"]),
            int(values["look.text_size"] or 100),
            str(values["look.font"]),
            str(values["look.line_width"]),
        )


class PortalAppearance(NamedTuple):
    """The appearance that the desktop portal reports; None for what it does not report."""

    is_dark: bool | None = None
    has_high_contrast: bool | None = None


NO_PORTAL_APPEARANCE: Final = PortalAppearance()


class ThemeWatcher(QObject):
    """The watcher of the user's and the system's settings that applies the theme they select.

    Attributes:
        current: the theme in use.
        look: the user's settings.
        portal: the appearance that the desktop portal reported last; at first, in the previous run.

    Signals:
        changed(Theme): emitted after the application and its widgets got another theme.
    """

    changed = Signal(object)

    def __init__(
        self,
        application: QApplication,
        look: LookSettings,
        portal: PortalAppearance = NO_PORTAL_APPEARANCE,
    ) -> None:
        super().__init__(application)
        self._application = application
        self.look = look
        self._flash_time: int | None = None  # of the cursor in ms, while its blinking is off
        self.portal = portal
        self._request_color_scheme()
        self.current = self._current_theme()
        apply_theme(application, self.current)
        # Only now, because some platforms change the scheme within the request.
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self.refresh)
        if hasattr(hints, "accessibility"):  # since Qt 6.10
            hints.accessibility().contrastPreferenceChanged.connect(self.refresh)

    def set_look(self, look: LookSettings) -> None:
        former_mode = self.look.mode
        self.look = look
        if look.mode != former_mode:
            self._request_color_scheme()
        self.refresh()

    def set_portal_appearance(self, is_dark: bool | None, has_high_contrast: bool | None) -> None:
        """Set scheme and contrast as the desktop portal reports them; None to ask Qt instead."""
        self.portal = PortalAppearance(is_dark, has_high_contrast)
        self.refresh()

    def set_reduced_motion(self, is_reduced: bool) -> None:
        """Stop or restore all motion: what fades in, and the blinking of the text cursor."""
        reduce_motion(is_reduced)
        hints = QGuiApplication.styleHints()
        if is_reduced and self._flash_time is None:
            self._flash_time = hints.cursorFlashTime()
            hints.setCursorFlashTime(0)
        elif not is_reduced and self._flash_time is not None:
            hints.setCursorFlashTime(self._flash_time)
            self._flash_time = None

    def refresh(self) -> None:
        """Apply and announce the theme again if it changed, for example with the system's font."""
        theme = self._current_theme()
        if theme != self.current:
            self.current = theme
            change_theme(self._application, theme)
            self.changed.emit(theme)

    def _request_color_scheme(self) -> None:
        """Request window frames and system dialogs in the same mode, if the platform can."""
        schemes = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
        hints = QGuiApplication.styleHints()
        scheme = schemes.get(self.look.mode)
        if scheme is None:
            hints.unsetColorScheme()
        else:
            hints.setColorScheme(scheme)

    def _current_theme(self) -> Theme:
        hints = QGuiApplication.styleHints()
        is_system_dark, has_system_contrast = self.portal
        if is_system_dark is None:
            is_system_dark = hints.colorScheme() == Qt.ColorScheme.Dark
        if has_system_contrast is None and hasattr(hints, "accessibility"):
            preference = hints.accessibility().contrastPreference()
            has_system_contrast = preference == Qt.ContrastPreference.HighContrast
        mode = self.look.mode
        # The setting "contrast" is dark or light as the system is.
        is_dark = mode == "dark" or (mode in ("system", "contrast") and is_system_dark)
        has_high_contrast = mode == "contrast" or (mode == "system" and has_system_contrast)
        if has_high_contrast:
            create_theme = contrast_dark if is_dark else contrast_light
        else:
            create_theme = dark if is_dark else light
        theme = create_theme(self.look.text_size / 100)
        base_font = QFont(theme.base_font)
        if self.look.font:
            # The system's font is used if the family is no longer installed.
            base_font.setFamilies([self.look.font, *base_font.families()])
        return replace(theme, base_font=base_font, max_line_width=LINE_WIDTHS[self.look.line_width])


def change_theme(application: QApplication, theme: Theme) -> None:
    """Apply a theme to the application and all its widgets.

    When the application's style sheet changes, Qt polishes each widget once for itself and once for
    every widget above it: 0.9 s for 1,350 widgets. So the application is unpolished first, which
    leaves Qt no widget to restyle, and each is polished once, here.
    """
    windows = application.topLevelWidgets()
    # A dialog is found twice: as a window, and as a child of its parent.
    children = (child for window in windows for child in window.findChildren(QWidget))
    widgets = list(dict.fromkeys((*windows, *children)))
    application.style().unpolish(application)
    apply_theme(application, theme)
    for widget in widgets:
        if widget.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
            QCoreApplication.sendEvent(widget, QEvent(QEvent.Type.Polish))
            QCoreApplication.sendEvent(widget, QEvent(QEvent.Type.StyleChange))
    for window in windows:
        scale_boxes(window)
    for widget in reversed(widgets):  # children before the widgets that lay them out
        if not isValid(widget):
            continue
        if update_theme := getattr(widget, "update_theme", None):
            update_theme()
        widget.updateGeometry()
        widget.update()
