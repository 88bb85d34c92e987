"""The sections of the help that belong to the parts of the windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtWidgets import QWidget

START: Final = "getting-started"
PLACES: Final[Mapping[str, str]] = {
    "transcript": "conversations#read",
    "find-bar": "conversations#find",
    "prompt-fields": "conversations#prompts",
    "attachments": "documents#attach",
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
    "command-palette": "conversations#search",
    "activity": "documents#activity",
    "tables-page": "documents#tables",
    "table-question": "documents#tables",
    "projects-page": "documents#collections",
    "text-list": "conversations#texts",
    "prompts-dialog": "conversations#prompts",
    "local-models": "providers#local",
    "models-dialog": "providers#models",
    "model-editor": "providers#models",
    "spending": "money#spending",
    "password-dialog": "documents#passwords",
    "attachment-preview": "documents#preview",
    "document-viewer": "documents#viewer",
    "sent-text": "conversations#compaction",
    "tool-picker": "conversations#tools",
    "consent": "conversations#tools",
    "answer-form": "conversations#form",
    "closing-question": "quick-prompt#background",
    "confirm-restore": "conversations#backup",
    "confirm-binding": "quick-prompt#anywhere",
    "confirm-paste": "quick-prompt#text",
    "confirm-server-removal": "conversations#servers",
    "delete-for-good": "conversations#library",
    "settings": "providers",
    "settings-provider": "providers",
    "settings-answer": "conversations#responses",
    "settings-models": "providers#models",
    "settings-voice": "conversations#dictation",
    "settings-advanced": "conversations#responses",
    "settings-look": "getting-started#appearance",
    "settings-keys": "keyboard#change",
    "settings-servers": "conversations#servers",
    "server-form": "conversations#servers",
    "resource-palette": "conversations#servers",
    "server-log": "conversations#servers",
    "settings-library": "conversations#backup",
    "settings-about": "troubleshooting#report",
}
"""The section for the widget of each object name."""


def place_of(widget: QWidget | None) -> str:
    """Return the section for a widget, or else for its nearest ancestor that has one.

    The tabs of the settings get the section of the page that is shown. Without a section, return
    START.
    """
    first_widget = widget
    while widget is not None:
        place = PLACES.get(widget.objectName())
        if widget.objectName() == "settings" and widget is not first_widget:
            for name, place_of_page in PLACES.items():
                page = widget.findChild(QWidget, name) if name.startswith("settings-") else None
                if page is not None and page.isVisible():
                    place = place_of_page
        if place is not None:
            return place
        widget = widget.parentWidget()
    return START
