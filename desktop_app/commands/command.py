"""Every action of the program as a row of data: a stable id, a title, a default shortcut.

Buttons, menus and shortcuts refer to commands by id. The user's own shortcuts are stored by id too,
so that they survive a change of the title. The keymap decides which keys apply.

No default types a character on any layout: none uses Alt with a letter (Alt+O is ó on some), and
none uses Ctrl+Alt, which is AltGr on many keyboards.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Category(StrEnum):
    """The group of a command; the heading above it in lists."""

    CONVERSATION = "Conversation"
    PROMPT = "Prompt"
    ANSWER = "Answer"
    VIEW = "View"
    PROGRAM = "Program"


class CommandScope(StrEnum):
    """The place where a shortcut works.

    WINDOW: anywhere in the main window. PROMPT: while its prompt has the focus. QUICK: in the quick
    prompt. EVERYWHERE: in both windows.
    """

    WINDOW = "window"
    PROMPT = "prompt"
    QUICK = "quick"
    EVERYWHERE = "everywhere"

    def overlaps(self, other: CommandScope) -> bool:
        """Return True if a key press could mean a command of either scope."""
        if CommandScope.EVERYWHERE in (self, other):
            return True
        return (self is CommandScope.QUICK) == (other is CommandScope.QUICK)


@dataclass(frozen=True)
class Command:
    """An action.

    Attributes:
        id: stable across versions, `area.action`.
        shortcut: the default, in Qt's portable text ("Ctrl+Shift+F"); "" for none.
    """

    id: str
    title: str
    category: Category
    shortcut: str = ""
    scope: CommandScope = CommandScope.WINDOW


_C = Category

COMMANDS: Final[tuple[Command, ...]] = (
    Command("conversation.new", "New conversation", _C.CONVERSATION, "Ctrl+N"),
    Command("conversation.private", "New private conversation", _C.CONVERSATION, "Ctrl+Shift+N"),
    Command("conversation.rename", "Rename the conversation", _C.CONVERSATION, "F2"),
    Command("conversation.pin", "Pin the conversation", _C.CONVERSATION, "Ctrl+Shift+D"),
    Command("conversation.branch", "Branch into a new conversation", _C.CONVERSATION),
    Command("conversation.move", "Move to a folder", _C.CONVERSATION),
    Command("conversation.archive", "Archive the conversation", _C.CONVERSATION),
    Command("conversation.delete", "Delete the conversation", _C.CONVERSATION, "Ctrl+Shift+Del"),
    Command("conversation.compact", "Compact the conversation", _C.CONVERSATION),
    Command("conversation.uncompact", "Undo the compaction", _C.CONVERSATION),
    Command("conversation.show-sent", "Show what is sent for the compacted part", _C.CONVERSATION),
    Command("conversation.export", "Export the conversation…", _C.CONVERSATION, "Ctrl+E"),
    Command("conversation.print", "Print the conversation…", _C.CONVERSATION, "Ctrl+P"),
    Command("folder.new", "New folder", _C.CONVERSATION),
    Command("folder.settings", "Folder settings", _C.CONVERSATION),
    Command("list.all", "Show all conversations", _C.CONVERSATION),
    Command("list.archive", "Show the archive", _C.CONVERSATION),
    Command("list.trash", "Show the trash", _C.CONVERSATION),
    Command("trash.empty", "Empty the trash", _C.CONVERSATION),
    Command("list.search", "Search all conversations", _C.CONVERSATION, "Ctrl+Shift+F"),
    Command("list.next", "Next conversation", _C.CONVERSATION, "Ctrl+PgDown"),
    Command("list.previous", "Previous conversation", _C.CONVERSATION, "Ctrl+PgUp"),
    Command("prompt.focus", "Go to the prompt", _C.PROMPT, "Ctrl+L"),
    Command("prompt.send", "Send", _C.PROMPT, "Return", CommandScope.PROMPT),
    Command("prompt.stop", "Stop the answer", _C.PROMPT, "Esc"),
    Command("prompt.attach", "Attach files", _C.PROMPT, "Ctrl+O"),
    Command("attachment.preview", "Preview what is sent of an attachment", _C.PROMPT),
    Command("attachment.choose-pages", "Choose pages, slides or sheets to send", _C.PROMPT),
    Command("prompt.attach-folder", "Attach a folder", _C.PROMPT, "Ctrl+Shift+O"),
    Command(
        "prompt.paste-plain", "Paste as plain text", _C.PROMPT, "Ctrl+Shift+V", CommandScope.PROMPT
    ),
    Command("prompt.as-text", "Turn attached text back into text", _C.PROMPT),
    Command("collections.ask", "Ask a collection…", _C.PROMPT),
    Command("collections.show", "Collections…", _C.PROMPT),
    Command("prompts.insert", "Insert a prompt", _C.PROMPT),
    Command("prompts.manage", "Edit prompts", _C.PROMPT),
    Command("presets.use", "Use a preset", _C.PROMPT),
    Command("presets.save", "Save these settings as a preset", _C.PROMPT),
    Command("presets.manage", "Edit presets", _C.PROMPT),
    Command("variant.instant", "Answer with Instant", _C.PROMPT, "Alt+1", CommandScope.EVERYWHERE),
    Command(
        "variant.thinking", "Answer with Thinking", _C.PROMPT, "Alt+2", CommandScope.EVERYWHERE
    ),
    Command("variant.pro", "Answer with Pro", _C.PROMPT, "Alt+3", CommandScope.EVERYWHERE),
    Command("effort.more", "More effort", _C.PROMPT, "Alt+Up", CommandScope.EVERYWHERE),
    Command("effort.less", "Less effort", _C.PROMPT, "Alt+Down", CommandScope.EVERYWHERE),
    Command("prompt.background", "Run long answers in the background", _C.PROMPT),
    Command("find.open", "Find in the conversation", _C.CONVERSATION, "Ctrl+F"),
    Command("find.next", "Next match", _C.CONVERSATION, "F3"),
    Command("find.previous", "Previous match", _C.CONVERSATION, "Shift+F3"),
    Command("answer.copy", "Copy the answer", _C.ANSWER, "Ctrl+Shift+C", CommandScope.EVERYWHERE),
    Command("answer.copy-code", "Copy the block of code", _C.ANSWER, "Ctrl+Shift+K"),
    Command("conversation.copy", "Copy the conversation", _C.CONVERSATION),
    Command("answer.retry", "Ask again", _C.ANSWER, "Ctrl+R"),
    Command("answer.continue", "Continue the answer", _C.ANSWER),
    Command("answer.older-version", "Show the older version", _C.ANSWER),
    Command("answer.newer-version", "Show the newer version", _C.ANSWER),
    Command("question.edit", "Edit the last question and ask again", _C.ANSWER),
    Command("view.larger", "Larger text", _C.VIEW, "Ctrl++"),
    Command("view.smaller", "Smaller text", _C.VIEW, "Ctrl+-"),
    Command("view.normal", "Normal text size", _C.VIEW, "Ctrl+0"),
    Command("list.toggle", "Show or hide the conversations", _C.VIEW, "Ctrl+B"),
    Command("settings.toggle", "Show or hide the settings", _C.VIEW, "Ctrl+,"),
    Command("spending.show", "Show spending", _C.VIEW),
    Command("batch.new", "Summarise many files as a batch job…", _C.PROGRAM),
    Command("batch.show", "Batch jobs…", _C.PROGRAM),
    Command("library.import", "Import conversations", _C.PROGRAM),
    Command("library.show", "Backups, import and export", _C.PROGRAM),
    Command("palette.open", "Show all commands", _C.PROGRAM, "Ctrl+K"),
    Command("quick.open", "Quick prompt", _C.PROGRAM, "Ctrl+Shift+Space"),
    Command("quick.go-on", "Go on in the window", _C.PROGRAM, "Ctrl+O", CommandScope.QUICK),
    Command("quick.close", "Close the quick prompt", _C.PROGRAM, "Esc", CommandScope.QUICK),
    Command("app.quit", "Quit", _C.PROGRAM, "Ctrl+Q", CommandScope.EVERYWHERE),
)
