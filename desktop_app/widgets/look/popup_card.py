"""Popups as cards: round corners, a hairline and a shadow, if windows may be transparent."""

from __future__ import annotations

from functools import cache
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent, QNativeInterface, QPainter
from PySide6.QtWidgets import QMenu, QWidget
from shiboken6 import isValid

from desktop_app.widgets.look.direction import is_mirrored
from desktop_app.widgets.look.motion import fade_in
from desktop_app.widgets.look.painting import draw_outline, draw_shadow, fill_background
from desktop_app.widgets.look.theme import POPUP_SHADOW, RADIUS_CHIP, current_theme

_COMPOSITOR: Final = b"_NET_WM_CM_S0"
"""The selection that a compositor of X11 owns."""

_GROWN: Final = "grown"
"""The property of a popup's geometry with its shadow."""
_KINDS: Final = (
    QEvent.Type.Show,
    QEvent.Type.Hide,
    QEvent.Type.Paint,
    QEvent.Type.Move,
    QEvent.Type.Resize,
    QEvent.Type.MouseButtonPress,
)
_painters: Final[list[QObject]] = []  # the filter of all popups, once there is one


@cache
def shows_transparent_windows() -> bool:
    """Return False on X11 without a compositor, where transparent parts of windows are black."""
    if QGuiApplication.platformName() != "xcb":
        return True
    application = QGuiApplication.instance()
    assert isinstance(application, QGuiApplication)
    x11 = application.nativeInterface()
    assert isinstance(x11, QNativeInterface.QX11Application)
    import ctypes  # not at the start: an offscreen one needs none

    library, display = ctypes.CDLL("libX11.so.6"), ctypes.c_void_p(x11.display())
    library.XInternAtom.restype = library.XGetSelectionOwner.restype = ctypes.c_ulong
    atom = ctypes.c_ulong(library.XInternAtom(display, _COMPOSITOR, 0))
    return bool(library.XGetSelectionOwner(display, atom))


def make_card(popup: QWidget) -> None:
    """Show a popup as a card, where this is possible, and fade it in."""
    if shows_transparent_windows():
        flags = Qt.WindowType.FramelessWindowHint | Qt.WindowType.NoDropShadowWindowHint
        popup.setWindowFlags(popup.windowFlags() | flags)
        popup.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        popup.setProperty("card", True)
    if not _painters:
        _painters.append(_CardPainter())
    popup.installEventFilter(_painters[0])


def card_of(popup: QWidget) -> QRect:
    """Return the rectangle of a popup without its shadow."""
    margin = current_theme().px(POPUP_SHADOW) if popup.property("card") else 0
    return popup.rect().adjusted(margin, margin, -margin, -margin)


class _CardPainter(QObject):
    """The filter that paints cards and their shadows, by which a popup's window is larger."""

    def eventFilter(self, popup: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind not in _KINDS or not isValid(popup) or not isinstance(popup, QWidget):
            return False
        card, theme = card_of(popup), current_theme()
        margin, is_menu = card.x(), isinstance(popup, QMenu)
        if kind == QEvent.Type.Show:
            if is_menu:
                popup.move(popup.pos() + _shift(popup, margin))
            fade_in(popup)
        elif not margin:
            return False
        elif kind == QEvent.Type.Hide:
            if not is_menu:  # a combo box would add them to the next height
                popup.setContentsMargins(0, 0, 0, 0)
        elif kind == QEvent.Type.Paint:
            painter, radius = QPainter(popup), theme.px(RADIUS_CHIP)
            draw_shadow(painter, card, radius, margin)
            fill_background(painter, card, theme.card, radius)  # a list leaves it transparent
            draw_outline(painter, card, theme.line, radius)
            painter.end()
        elif isinstance(event, QMouseEvent):
            at = event.position().toPoint()
            on_shadow = popup.rect().contains(at) and not card.contains(at)
            if on_shadow:
                popup.close()  # as a click beside the card does
            return on_shadow
        elif not is_menu and popup.geometry() != popup.property(_GROWN):
            geometry = popup.geometry().adjusted(-margin, -margin, margin, margin)
            popup.setProperty(_GROWN, geometry)
            if popup.layout() is not None:
                popup.setContentsMargins(margin, margin, margin, margin)
            popup.setGeometry(geometry)
        return False


def _shift(menu: QWidget, margin: int) -> QPoint:
    """Return the way from where Qt has put a menu to where its card begins there."""
    opener = menu.parentWidget()
    corner = QPoint(0, 0) if opener is None else opener.mapToGlobal(QPoint(0, 0))
    is_above = menu.y() + menu.height() <= corner.y() + 1
    begins_right = is_mirrored() and menu.x() != corner.x()
    return QPoint(margin if begins_right else -margin, margin if is_above else -margin)
