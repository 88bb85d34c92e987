"""The section of the help for each part of the windows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from desktop_app.ui.help.help_place import HelpPlace

START: Final = HelpPlace("getting-started")
SHORTCUTS: Final = HelpPlace("keyboard", "all")

PLACES: Final[Mapping[str, str]] = {
    "transcript": "conversations#read",
    "find-bar": "conversations#find",
    "prompt-menu": "conversations#prompts",
    "prompt-fields": "conversations#prompts",
    "attachments": "documents#attach",
    "variant": "getting-started#models",
    "model": "getting-started#models",
    "effort": "getting-started#models",
    "background": "getting-started#background",
    "prompt-editor": "getting-started#ask",
    "quick-prompt": "quick-prompt#open",
    "conversations": "conversations#library",
    "help": "keyboard#help",
    "search": "conversations#search",
    "search-days": "conversations#search",
    "preset": "conversations#presets",
    "compaction": "conversations#compaction",
    "temporary": "conversations#temporary",
    "empty-state": "getting-started",
    "key-line": "providers#add-key",
    "notifications": "troubleshooting#errors",
    "store-dialog": "troubleshooting#damaged",
    "command-palette": "getting-started#commands",
    "batch-jobs": "documents#batch",
    "batch-bar": "documents#batch",
    "collections-dialog": "documents#collections",
    "prompts-dialog": "conversations#prompts",
    "comparison": "conversations#compare",
    "compare-dialog": "conversations#compare",
    "review-dialog": "conversations#review",
    "models-dialog": "providers#models",
    "model-editor": "providers#models",
    "spending": "money#spending",
    "password-dialog": "documents#passwords",
    "attachment-preview": "documents#preview",
    "document-viewer": "documents#viewer",
    "sent-text": "conversations#compaction",
    "presets-page": "conversations#presets",
    "tool-picker": "conversations#tools",
    "consent": "conversations#tools",
    "answer-form": "conversations#form",
    "closing-question": "quick-prompt#background",
    "confirm-restore": "conversations#backup",
    "confirm-binding": "quick-prompt#anywhere",
    "confirm-batch-cancelling": "documents#batch",
    "confirm-batch-removal": "documents#batch",
    "confirm-paste": "quick-prompt#text",
    "confirm-server-removal": "conversations#servers",
    "delete-for-good": "conversations#library",
    "settings": "providers",
    "settings-provider": "providers",
    "settings-answer": "conversations#responses",
    "settings-look": "getting-started#appearance",
    "settings-keys": "keyboard#change",
    "settings-servers": "conversations#servers",
    "server-form": "conversations#servers",
    "resource-dialog": "conversations#servers",
    "server-log": "conversations#servers",
    "settings-library": "conversations#backup",
    "settings-about": "troubleshooting#report",
}
"""The section for the widget of each object name."""


def place_of(widget: QWidget | None) -> HelpPlace:
    """Return the section for a widget, or else for its nearest ancestor that has one.

    The tabs of the settings get the section of the page that is shown. Without a section, return
    START.
    """
    first_widget = widget
    while widget is not None:
        place = PLACES.get(widget.objectName())
        if widget.objectName() == "settings" and widget is not first_widget:
            place = next(_places_of_pages(widget), place)
        if place is not None:
            return HelpPlace.parse(place)
        widget = widget.parentWidget()
    return START


def _places_of_pages(settings: QWidget) -> Iterator[str]:
    for name, place in PLACES.items():
        if name.startswith("settings-"):
            page = settings.findChild(QObject, name)
            if isinstance(page, QWidget) and page.isVisible():
                yield place
