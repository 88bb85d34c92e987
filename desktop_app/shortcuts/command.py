"""Every action of the program as a row of data: a stable id, a title, a default shortcut.

Buttons, menus and shortcuts refer to commands by id. The user's own shortcuts are stored by id too,
so that they survive a change of the title. The keymap decides which keys apply.

No default types a character on any layout: none uses Alt with a letter (Alt+O is ó on some), and
none uses Ctrl+Alt, which is AltGr on many keyboards. Ctrl+G ("go") begins the chords.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from desktop_app.domain.value import Value
from desktop_app.i18n.translation import N_


class Category(StrEnum):
    """The group of a command; the value is the heading above it, marked for translation."""

    CONVERSATION = N_("Conversation")
    PROMPT = N_("Message")
    ANSWER = N_("Response")
    VIEW = N_("View")
    PROGRAM = N_("General")


class CommandScope(StrEnum):
    """The windows in which a shortcut works.

    WINDOW: anywhere in the main window. PROMPT: while its prompt has the focus. QUICK: in the quick
    prompt. EVERYWHERE: in both windows. GLOBAL: in every program (see quick/hotkey/).
    """

    WINDOW = "window"
    PROMPT = "prompt"
    QUICK = "quick"
    EVERYWHERE = "everywhere"
    GLOBAL = "global"

    def overlaps(self, other: CommandScope) -> bool:
        """Return True if one key press could run a command of each scope."""
        if CommandScope.EVERYWHERE in (self, other) or CommandScope.GLOBAL in (self, other):
            return True
        return (self is CommandScope.QUICK) == (other is CommandScope.QUICK)


class Command(Value, frozen=True):
    """An action of the program.

    Attributes:
        id: stable across versions, `area.action`.
        title: marked for translation.
        shortcut: the default, in Qt's portable text ("Ctrl+Shift+F", or a chord,
            "Ctrl+G, Ctrl+S"); "" for none.
    """

    id: str
    title: str
    category: Category
    shortcut: str = ""
    scope: CommandScope = CommandScope.WINDOW


_C = Category

COMMANDS: Final[tuple[Command, ...]] = (
    Command("conversation.new", N_("New conversation"), _C.CONVERSATION, "Ctrl+N"),
    Command(
        "conversation.temporary", N_("New temporary conversation"), _C.CONVERSATION, "Ctrl+Shift+N"
    ),
    Command(
        "conversation.close-temporary",
        N_("Close temporary conversation"),
        _C.CONVERSATION,
        "Ctrl+W",
    ),
    Command("conversation.rename", N_("Rename conversation"), _C.CONVERSATION, "F2"),
    Command("conversation.pin", N_("Pin or unpin conversation"), _C.CONVERSATION, "Ctrl+Shift+D"),
    Command(
        "conversation.pin-up", N_("Move pinned conversation up"), _C.CONVERSATION, "Ctrl+G, Ctrl+Up"
    ),
    Command(
        "conversation.pin-down",
        N_("Move pinned conversation down"),
        _C.CONVERSATION,
        "Ctrl+G, Ctrl+Down",
    ),
    Command("conversation.branch", N_("Branch into new conversation"), _C.CONVERSATION),
    Command("conversation.move", N_("Move to folder…"), _C.CONVERSATION),
    Command("conversation.archive", N_("Archive conversation"), _C.CONVERSATION),
    Command("conversation.delete", N_("Delete conversation"), _C.CONVERSATION, "Ctrl+Shift+Del"),
    Command("conversation.undo", N_("Undo last change in the list"), _C.CONVERSATION),
    Command("conversation.compact", N_("Compact conversation…"), _C.CONVERSATION),
    Command("conversation.uncompact", N_("Undo compaction"), _C.CONVERSATION),
    Command("conversation.show-sent", N_("Show compacted content"), _C.CONVERSATION),
    Command("conversation.export", N_("Export conversation…"), _C.CONVERSATION, "Ctrl+E"),
    Command("conversation.print", N_("Print conversation…"), _C.CONVERSATION, "Ctrl+P"),
    Command("folder.new", N_("New folder (project)"), _C.CONVERSATION),
    Command("folder.settings", N_("Folder settings"), _C.CONVERSATION),
    Command("list.all", N_("Show all conversations"), _C.CONVERSATION, "Ctrl+G, Ctrl+L"),
    Command("list.archive", N_("Show archive"), _C.CONVERSATION, "Ctrl+G, Ctrl+A"),
    Command("list.trash", N_("Show trash"), _C.CONVERSATION, "Ctrl+G, Ctrl+T"),
    Command("trash.empty", N_("Empty trash"), _C.CONVERSATION),
    Command("list.search", N_("Search messages"), _C.CONVERSATION, "Ctrl+Shift+F"),
    Command("list.next", N_("Next conversation"), _C.CONVERSATION, "Ctrl+PgDown"),
    Command("list.previous", N_("Previous conversation"), _C.CONVERSATION, "Ctrl+PgUp"),
    Command("prompt.focus", N_("Go to message box"), _C.PROMPT, "Ctrl+L"),
    Command("message.next", N_("Next message"), _C.VIEW, "Alt+PgDown"),
    Command("message.previous", N_("Previous message"), _C.VIEW, "Alt+PgUp"),
    Command("block.next", N_("Next paragraph or block"), _C.VIEW, "Alt+Shift+PgDown"),
    Command("block.previous", N_("Previous paragraph or block"), _C.VIEW, "Alt+Shift+PgUp"),
    Command("region.next", N_("Go to next area"), _C.VIEW, "F6"),
    Command("region.previous", N_("Go to previous area"), _C.VIEW, "Shift+F6"),
    Command("menu.open", N_("Open context menu"), _C.VIEW, "Shift+F10", CommandScope.EVERYWHERE),
    Command("prompt.send", N_("Send message"), _C.PROMPT, "Return", CommandScope.PROMPT),
    Command("prompt.stop", N_("Stop response"), _C.PROMPT, "Esc"),
    Command("prompt.discard", N_("Discard draft"), _C.PROMPT),
    Command("prompt.attach", N_("Attach files…"), _C.PROMPT, "Ctrl+O"),
    Command("attachment.preview", N_("Preview attachment"), _C.PROMPT),
    Command("attachment.choose-pages", N_("Choose pages to send…"), _C.PROMPT),
    Command("prompt.image", N_("Generate an image"), _C.PROMPT),
    Command("prompt.attach-folder", N_("Attach folder…"), _C.PROMPT, "Ctrl+Shift+O"),
    Command(
        "prompt.paste-plain",
        N_("Paste as plain text"),
        _C.PROMPT,
        "Ctrl+Shift+V",
        CommandScope.PROMPT,
    ),
    Command(
        "prompt.spelling", N_("Next misspelled word"), _C.PROMPT, "F7", CommandScope.EVERYWHERE
    ),
    Command("prompt.as-text", N_("Convert attachment to text"), _C.PROMPT),
    Command("collections.ask", N_("Ask a collection…"), _C.PROMPT),
    Command("collections.show", N_("Show collections"), _C.PROMPT, "Ctrl+G, Ctrl+C"),
    Command("tools.choose", N_("Choose tools…"), _C.PROMPT),
    Command("tools.resources", N_("Attach from a tool server…"), _C.PROMPT),
    Command("tools.form", N_("Choose response format…"), _C.PROMPT),
    Command("prompts.insert", N_("Insert prompt…"), _C.PROMPT),
    Command("prompts.manage", N_("Edit prompts"), _C.PROMPT, "Ctrl+G, Ctrl+P"),
    Command("presets.use", N_("Apply preset…"), _C.PROMPT),
    Command("presets.save", N_("Save settings as preset"), _C.PROMPT),
    Command("presets.manage", N_("Edit presets"), _C.PROMPT, "Ctrl+G, Ctrl+E"),
    Command("variant.instant", N_("Use Instant"), _C.PROMPT, "Alt+1", CommandScope.EVERYWHERE),
    Command("variant.thinking", N_("Use Thinking"), _C.PROMPT, "Alt+2", CommandScope.EVERYWHERE),
    Command("variant.pro", N_("Use Pro"), _C.PROMPT, "Alt+3", CommandScope.EVERYWHERE),
    Command("models.show", N_("Show models"), _C.PROMPT, "Ctrl+G, Ctrl+M"),
    Command("models.local", N_("Models on this computer"), _C.PROMPT),
    Command("effort.more", N_("Increase effort"), _C.PROMPT, "Alt+Up", CommandScope.EVERYWHERE),
    Command("effort.less", N_("Decrease effort"), _C.PROMPT, "Alt+Down", CommandScope.EVERYWHERE),
    Command("prompt.web", N_("Search the web: on or off"), _C.PROMPT),
    Command("prompt.research", N_("Research: on or off"), _C.PROMPT),
    Command("prompt.background", N_("Run long responses in background"), _C.PROMPT),
    Command("find.open", N_("Find in conversation"), _C.CONVERSATION, "Ctrl+F"),
    Command("find.next", N_("Next match"), _C.CONVERSATION, "F3"),
    Command("find.previous", N_("Previous match"), _C.CONVERSATION, "Shift+F3"),
    Command("answer.copy", N_("Copy response"), _C.ANSWER, "Ctrl+Shift+C", CommandScope.EVERYWHERE),
    Command("answer.copy-code", N_("Copy code block"), _C.ANSWER, "Ctrl+Shift+K"),
    Command("conversation.copy", N_("Copy conversation"), _C.CONVERSATION),
    Command("conversation.copy-link", N_("Copy link to conversation"), _C.CONVERSATION),
    Command("answer.retry", N_("Regenerate response"), _C.ANSWER, "Ctrl+R"),
    Command("answer.compare", N_("Compare models…"), _C.ANSWER),
    Command("answer.compare-versions", N_("Show versions side by side"), _C.ANSWER),
    Command("answer.keep", N_("Keep the compared response"), _C.ANSWER, "Ctrl+Shift+S"),
    Command("answer.review", N_("Mark as reviewed or rejected"), _C.ANSWER),
    Command("answer.continue", N_("Continue response"), _C.ANSWER),
    Command("answer.older-version", N_("Show previous version"), _C.ANSWER),
    Command("answer.newer-version", N_("Show next version"), _C.ANSWER),
    Command("question.edit", N_("Edit last message"), _C.ANSWER),
    Command("view.larger", N_("Larger text"), _C.VIEW, "Ctrl++"),
    Command("view.smaller", N_("Smaller text"), _C.VIEW, "Ctrl+-"),
    Command("view.normal", N_("Reset text size"), _C.VIEW, "Ctrl+0"),
    Command("list.toggle", N_("Show or hide conversation list"), _C.VIEW, "Ctrl+B"),
    Command("settings.toggle", N_("Show or hide settings"), _C.VIEW, "Ctrl+,"),
    Command("provider.show", N_("Provider"), _C.VIEW),
    Command("spending.show", N_("Show spending"), _C.VIEW, "Ctrl+G, Ctrl+S"),
    Command("batch.new", N_("New batch job…"), _C.PROGRAM),
    Command("batch.show", N_("Show batch jobs"), _C.PROGRAM, "Ctrl+G, Ctrl+B"),
    Command("library.import", N_("Import conversations…"), _C.PROGRAM),
    Command("library.show", N_("Backups, import, and export"), _C.PROGRAM, "Ctrl+G, Ctrl+D"),
    Command("palette.open", N_("Search everything"), _C.PROGRAM, "Ctrl+K"),
    Command("quick.open", N_("Open quick prompt"), _C.PROGRAM, "Ctrl+Shift+Space"),
    Command(
        "quick.global",
        N_("Open quick prompt from any program"),
        _C.PROGRAM,
        "Meta+Alt+Space",
        CommandScope.GLOBAL,
    ),
    Command("quick.pause", N_("Pause or resume global shortcut"), _C.PROGRAM),
    Command("quick.go-on", N_("Continue in Repartee"), _C.PROGRAM, "Ctrl+O", CommandScope.QUICK),
    Command(
        "quick.add-selection", N_("Add selected text"), _C.PROGRAM, "Ctrl+T", CommandScope.QUICK
    ),
    Command(
        "quick.paste",
        N_("Paste response into the other window"),
        _C.PROGRAM,
        "Ctrl+Shift+Return",
        CommandScope.QUICK,
    ),
    Command(
        "quick.temporary",
        N_("Temporary conversation"),
        _C.PROGRAM,
        "Ctrl+Shift+N",
        CommandScope.QUICK,
    ),
    Command("quick.close", N_("Close quick prompt"), _C.PROGRAM, "Esc", CommandScope.QUICK),
    Command("help.open", N_("Help"), _C.PROGRAM, "F1", CommandScope.EVERYWHERE),
    Command("help.shortcuts", N_("Show keyboard shortcuts"), _C.PROGRAM, "Ctrl+/"),
    Command("app.quit", N_("Quit"), _C.PROGRAM, "Ctrl+Q", CommandScope.EVERYWHERE),
)

MENU_LABELS: Final = {
    "folder.new": N_("New folder"),
    "collections.show": N_("Collections"),
    "prompt.image": N_("Image…"),
    "tools.choose": N_("Tools…"),
    "presets.use": N_("Preset"),
    "prompts.manage": N_("Prompts and presets"),
    "presets.save": N_("Save as preset"),
    "presets.manage": N_("Edit presets…"),
    "models.show": N_("Models"),
    "prompt.background": N_("Run in background"),
    "answer.compare-versions": N_("Compare versions"),
    "settings.toggle": N_("Settings"),
    "spending.show": N_("Spending"),
    "batch.show": N_("Batch jobs"),
}
"""The texts in menus of the commands whose titles say more than a menu needs."""

SYNONYMS: Final = {
    "conversation.temporary": N_("incognito private secret temp"),
    "conversation.branch": N_("fork"),
    "conversation.compact": N_("shorten summarize context"),
    "conversation.export": N_("share save file"),
    "conversation.copy-link": N_("share"),
    "conversation.delete": N_("remove trash"),
    "list.all": N_("history chats"),
    "prompt.attach": N_("upload document image PDF"),
    "prompt.attach-folder": N_("upload"),
    "prompt.image": N_("picture draw generate photo"),
    "collections.show": N_("knowledge documents"),
    "tools.choose": N_("MCP permissions functions"),
    "prompt.web": N_("search the web internet browse online"),
    "prompt.research": N_("deep research web report sources"),
    "prompts.manage": N_("templates snippets"),
    "presets.manage": N_("profiles personas"),
    "models.show": N_("all models list prices"),
    "find.open": N_("search in this conversation"),
    "answer.retry": N_("retry again"),
    "answer.compare": N_("side by side"),
    "question.edit": N_("correct"),
    "list.toggle": N_("sidebar"),
    "spending.show": N_("cost costs money usage budget"),
    "batch.show": N_("bulk many files"),
    "help.open": N_("manual"),
    "app.quit": N_("exit close"),
    "library.import": N_("library ChatGPT Claude"),
    "quick.open": N_("launcher"),
    "conversation.new": N_("new chat"),
    "prompt.discard": N_("clear empty"),
    "tools.resources": N_("MCP resources"),
    "tools.form": N_("structured output JSON Schema grammar regular expression"),
}
"""Other words by which the search finds a command."""

KEYS_ONLY: Final = frozenset(
    (
        *("conversation.pin-up", "conversation.pin-down", "conversation.uncompact"),
        *("conversation.show-sent", "list.search", "list.next", "list.previous"),
        *("prompt.focus", "message.next", "message.previous", "block.next"),
        *("block.previous", "region.next", "region.previous", "menu.open", "prompt.stop"),
        *("prompt.as-text", "prompt.paste-plain", "prompt.spelling", "find.next"),
        *("find.previous", "answer.keep", "answer.older-version", "answer.newer-version"),
        *("conversation.close-temporary", "palette.open", "attachment.preview"),
        *("attachment.choose-pages", "effort.more", "effort.less"),
        *("provider.show", "answer.review", "answer.compare-versions", "settings.toggle"),
        *("view.larger", "view.smaller", "view.normal", "library.show", "help.shortcuts"),
    )
)
"""The commands that the search does not list: keys or rows of settings are enough."""
