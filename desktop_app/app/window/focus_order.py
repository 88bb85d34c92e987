"""The order in which the keyboard focus moves through the main window, by Tab and by region."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from desktop_app.app.window.main_window import MainWindow
from desktop_app.widgets.forms.tab_order import order_tabs


def order_tabs_of(window: MainWindow) -> None:
    """Set the tab order: left to right, top to bottom."""
    listing, prompt = window.conversations, window.prompt
    order = (
        listing.search_button,
        listing.new_button,
        listing.filter_bar.back_button,
        listing.filter_bar.menu_button,
        listing.view,
        listing.footer,
        window.header.list_button,
        window.header.back_button,
        window.header.title_field,
        window.header.help_button,
        window.header.preset,
        window.header.settings_button,
        *_parts_of(window.pane.tabs),
        window.transcript.find_in_transcript.anchor,
        window.transcript,
        window.transcript.latest_button,
        *window.empty_state.cards,
        window.notifications.anchor,
        window.notifications.close_button,
        *_parts_of(prompt.chips),
        *_parts_of(prompt.suggestions),
        prompt.field,
        *_parts_of(prompt.row),
        *window.empty_state.key_line.buttons,
    )
    # Qt orders only widgets that accept focus. Among the others are the places of what comes later.
    others = [part for part in order if part.focusPolicy() is Qt.FocusPolicy.NoFocus]
    for part in others:
        part.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    order_tabs(order[0], order[1:])
    for part in others:
        part.setFocusPolicy(Qt.FocusPolicy.NoFocus)


def _parts_of(region: QWidget) -> list[QWidget]:
    # The list of a drop-down list is in a window of its own.
    parts = [part for part in region.findChildren(QWidget) if part.window() is region.window()]
    return [region, *parts]


def step_region(window: MainWindow, step: int) -> None:
    """Focus the next (+1) or previous (-1) visible region, in reading order; wrap around."""
    listing = window.conversations
    list_part = listing.view if listing.view.isVisible() else listing.search_button
    regions: list[tuple[QWidget, Callable[[Qt.FocusReason], object]]] = [
        (listing, list_part.setFocus),
        (window.pane.header, window.header.settings_button.setFocus),
        (window.pane.tabs, window.pane.tabs.focus),
        (window.pane.pages, lambda _reason: window.pane.focus_content()),
        (window.transcript, window.transcript.setFocus),
        (window.empty_state.cards[0], window.empty_state.cards[0].setFocus),
        (window.pane.cards, window.pane.focus_cards),
        (window.prompt, window.prompt.focus_text),
        (window.empty_state.key_line, window.empty_state.key_line.focus),
    ]
    if (side := window.outer_panes.side) is not None:
        regions.append((side, side.setFocus))
    visible_regions = [(region, focus) for region, focus in regions if region.isVisible()]
    numbers = range(len(visible_regions))
    outside = -1 if step > 0 else 0
    current = next((n for n in numbers if _has_focus(visible_regions[n][0], window)), outside)
    for number in numbers:
        region, focus_region = visible_regions[(current + step * (number + 1)) % len(numbers)]
        focus_region(Qt.FocusReason.TabFocusReason)
        if _has_focus(region, window):  # a small window may hide all that takes keys there
            return


def _has_focus(region: QWidget, window: MainWindow) -> bool:
    focused: QWidget | None = window.focusWidget()  # PySide's types forget None
    return focused is not None and (region is focused or region.isAncestorOf(focused))
