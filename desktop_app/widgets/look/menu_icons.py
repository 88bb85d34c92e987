"""The icons of the entries of menus and of the rows of the palette, by their ids or labels."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from PySide6.QtGui import QAction

from desktop_app.i18n.translation import language, tr
from desktop_app.widgets.look.icons import icon
from desktop_app.widgets.look.theme import current_theme

ENTRIES: Final = {
    "activity": ("activity.show",),
    "archive": ("conversation.archive", "list.archive", "Archive", "Unarchive"),
    "audio-lines": ("voice.converse",),
    "bookmark": ("presets.use", "prompts.insert", "prompts.manage"),
    "braces": ("tools.form",),
    "brain": ("memory.remember", "memory.show"),
    "circle-question-mark": ("help.open",),
    "columns-2": ("answer.compare", "text.new", "text.toggle"),
    "copy": ("answer.copy", "answer.copy-code", "conversation.copy", "Copy", "Copy code block"),
    "cpu": ("models.show", "models.local", "model:", "Other models", "Another model"),
    "download": ("conversation.export", "Export", "Export as", "Save picture as…"),
    "ellipsis": ("More",),
    "external-link": ("Open", "Open document"),
    "eye": ("attachment.preview", "Preview"),
    "eye-off": ("Hide column",),
    "file-text": ("text.list", "Open as text", "All texts…"),
    "file-up": ("library.import", "From files…", "Add files…"),
    "folder": (
        *("collections.ask", "collections.show", "conversation.move", "prompt.attach-folder"),
        *("Move to", "From a folder…", "Add folder…"),
    ),
    "folder-plus": ("folder.new", "New project"),
    "funnel": ("Show only",),
    "gauge": ("Another effort",),
    "git-branch": ("conversation.branch", "Branch into new conversation"),
    "globe": ("prompt.web", "Web"),
    "history": ("Earlier versions…",),
    "image": ("prompt.image", "Copy picture"),
    "keyboard": ("help.shortcuts",),
    "library": ("library.open", "library.show"),
    "link": ("conversation.copy-link", "Copy link", "Copy link to message"),
    "list": ("All models…",),
    "lock": ("conversation.temporary",),
    "message-square": ("conversation:",),
    "mic": ("voice.dictate",),
    "paperclip": ("prompt.attach",),
    "pencil": ("conversation.rename", "question.edit", "Rename", "Rename…", "Edit question…"),
    "pin": ("conversation.pin", "Pin"),
    "pin-off": ("Unpin",),
    "plus": ("Add empty row", "Empty", "New data column…"),
    "power": ("app.quit", "Quit"),
    "printer": ("conversation.print",),
    "refresh-cw": ("answer.retry", "Try again"),
    "repeat": ("repeat.new", "repeat.show"),
    "save": ("presets.save", "text.save-to-file"),
    "search": ("find.open", "list.search", "messages"),
    "settings": ("settings.toggle", "setting:", "place:", "value:", "Project settings"),
    "square-pen": ("conversation.new", "New text", "New conversation here"),
    "table-2": ("tables.new", "tables.show", "From a spreadsheet…"),
    "telescope": ("prompt.research",),
    "text-select": ("Select all",),
    "trash-2": (
        *("conversation.delete", "list.trash", "trash.empty", "Delete", "Delete permanently"),
        *("Delete project", "Remove column"),
    ),
    "undo-2": ("conversation.undo", "Restore"),
    "volume-2": ("answer.read-aloud", "Read aloud"),
    "wallet": ("spending.show",),
    "wrench": ("tools.choose",),
    "zap": ("quick.open",),
}
"""What has each icon: ids of commands, beginnings of the palette's ids, and labels."""
_ICONS: Final = {entry: name for name, entries in ENTRIES.items() for entry in entries}


@lru_cache(maxsize=2)
def _by_label(_language: str) -> dict[str, str]:
    return {tr(entry): name for entry, name in _ICONS.items() if entry[:1].isupper()}


def icon_of(row_id: str) -> str:
    """Return the name of the icon of a command or another row of the palette; "" for none."""
    kind, colon, _ = row_id.partition(":")
    return _ICONS.get(kind + colon, "")


def show_icon(action: QAction) -> None:
    """Give an entry of a menu its icon, in the color of the theme."""
    label = action.text().partition("\t")[0].replace("&&", "\0").replace("&", "")
    name = icon_of(action.objectName()) or _by_label(language()).get(label.replace("\0", "&"), "")
    if name and not action.isCheckable():
        theme = current_theme()
        action.setIcon(icon(name, theme.dim, theme.px(16), disabled=theme.line))
