"""What a message shows besides its Markdown: question, attachments, reasoning, errors, footer.

Pure functions from domain values to items. An item is either a block of Markdown or a `Line` of
furniture; both are plain values, so that two states of a message can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role
from desktop_app.domain.conversations.message_facts import (
    ENDINGS,
    attachment_text,
    facts_of,
    indented_json,
    thought_words,
)
from desktop_app.domain.conversations.message_parts import ImagePart, ReasoningPart, ToolCallPart
from desktop_app.domain.error_text import CONTINUABLE, GONE_ON, WINDOW
from desktop_app.domain.errors import AuthenticationError, ContextTooLongError
from desktop_app.rendering.block_model import Block, Kind, Run, Runs, clean
from desktop_app.rendering.markdown.block_builder import code_line
from desktop_app.ui.transcript.media.message_images import OPEN, image_runs
from desktop_app.ui.widgets.foreign_text import LONGEST_PARAGRAPH, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Container

SOURCES: Final = "passages-"
"""Action that shows or hides the passages that went in with a question; their place among those of
its collections follows."""

TOOL: Final = "tool-"
"""Action that shows or hides the arguments of a tool; its number within the message follows."""

DETAILS: Final = "details"
"""Action that shows or hides what a server said with an error."""

DETAILS_SHOWN: Final = "Hide details"
"""What it is called where they are shown."""

DOCUMENT: Final = "document/"
"""What an action begins with that shows a document; its hash follows."""

ACTION: Final = "action:"
"""Scheme of the links that ask for something to be done with the message they stand in."""

_ACTION_LABELS: Final = {
    "continue": "Continue",
    "retry": "Retry",
    "compact": "Compact",
    "add-key": "Add key",
}

_MOST_DETAILS: Final = 200
"""Lines of what a server said."""


class Part(Enum):
    """The kinds of furniture."""

    __hash__ = object.__hash__  # as that of a Kind

    QUESTION = "question"
    PICTURES = "pictures"
    ATTACHMENT = "attachment"
    REASONING = "reasoning"
    WAITING = "waiting"
    NOTICE = "notice"
    ERROR_TITLE = "error-title"
    ERROR_TEXT = "error-text"
    ERROR_ACTIONS = "error-actions"
    ERROR_DETAILS = "error-details"
    VERSIONS = "versions"
    FOOTER = "footer"
    FOLD = "fold"


class Line(NamedTuple):
    """One block of furniture; `first` begins a ground of its own."""

    part: Part
    runs: Runs
    first: bool = False


class ItemMark(NamedTuple):
    """A quiet line below a message, about what comes after it; `actions` are labels and what each
    asks for."""

    words: str
    actions: tuple[tuple[str, str], ...] = ()


Item = Block | Line


def question_lines(text: str, *, goes_on: bool = False) -> list[Item]:
    """A question as it was typed, line by line; or what goes on below other lines of it."""
    return [
        Line(Part.QUESTION, _words(line), first=number == 0 and not goes_on)
        for number, line in enumerate(text.split("\n"))
    ]


def attachment_lines(message: Message) -> list[Item]:
    """The pictures side by side, then `q3-report.pdf   48 pages   31,480 tokens`, a line for each
    attachment. Its name is a link that shows it; a picture's as the picture is, for those who do
    not use a mouse."""
    pictures = [part for part in message.attachments if isinstance(part, ImagePart)]
    lines: list[Item] = []
    if pictures:
        lines.append(Line(Part.PICTURES, image_runs(pictures, ACTION)))
    for part in message.attachments:
        opens = OPEN if isinstance(part, ImagePart) else DOCUMENT
        name = Run(one_line(part.name), link=f"{ACTION}{opens}{part.sha256}")
        rest = Run(one_line(attachment_text(part).removeprefix(part.name)))
        lines.append(Line(Part.ATTACHMENT, (name, rest)))
    return lines


def reasoning_of(message: Message) -> str:
    """The reasoning summary of a message."""
    texts = [part.text for part in message.parts if isinstance(part, ReasoningPart)]
    return "\n\n".join(text for text in texts if text)


def thought_of(message: Message) -> float | None:
    """How many seconds it was thought, where that is known."""
    return next((part.seconds for part in message.parts if isinstance(part, ReasoningPart)), None)


def reasoning_line(reasoning: str, seconds: float | None, *, thinking: bool, folded: bool) -> Line:
    """`› Thought for 9 s about which failures are safe to repeat`."""
    words = thought_words(reasoning, None if thinking else seconds, thinking=thinking)
    mark = Run("›  " if folded else "⌄  ", bold=True, link=f"{ACTION}reasoning")
    return Line(Part.REASONING, (mark, Run(one_line(words), link=f"{ACTION}reasoning")))


def tool_lines(message: Message, unfolded: Container[int]) -> list[Item]:
    """`› Used get_weather`, and its arguments where they are unfolded, for each tool."""
    lines: list[Item] = []
    calls = (part for part in message.parts if isinstance(part, ToolCallPart))
    for number, call in enumerate(calls):
        is_open, link = number in unfolded, f"{ACTION}{TOOL}{number}"
        mark = Run("⌄  " if is_open else "›  ", bold=True, link=link)
        name = one_line(f"Used {call.name}")
        lines.append(Line(Part.REASONING, (mark, Run(name, link=link))))
        if is_open:
            lines.append(Block(Kind.CODE_HEAD, language="json"))
            lines += [code_line(text, "json") for text in indented_json(call.arguments)]
    return lines


def ending_lines(
    message: Message, waiting: str, *, details: bool, is_last: bool = True
) -> list[Item]:
    """What stands below an answer's text: waiting, notices, an error (with its details if they are
    unfolded), how it ended. What is not the last has been gone on from."""
    lines: list[Item] = []
    if waiting:
        lines.append(Line(Part.WAITING, _said(waiting)))
    lines += [Line(Part.NOTICE, _said(str(notice))) for notice in message.notices]
    ending = ENDINGS.get(message.status)
    is_explained = message.status is MessageStatus.INTERRUPTED and message.error is not None
    if ending and not is_explained:
        action = "continue" if message.text.strip() else "retry"
        offers = message.role is Role.ASSISTANT and (is_last or action == "retry")
        actions = (Run("\u2003"), _action(action)) if offers else ()
        lines.append(Line(Part.NOTICE, (*_said(ending), *actions)))
    return lines + error_lines(message, details=details, is_last=is_last)


def error_lines(message: Message, *, details: bool, is_last: bool = True) -> list[Item]:
    """What happened, what was kept, what to do; the actions, as links; and the details, if they are
    unfolded."""
    error = message.error
    if error is None:
        return []
    actions, surface = ["retry"], WINDOW if is_last else GONE_ON
    if message.text.strip() and is_last:
        actions.insert(0, "continue")
        surface = CONTINUABLE
    said = (error.kept_on(surface), error.remedy_on(surface))
    text = " ".join(sentence for sentence in said if sentence)
    lines: list[Item] = [Line(Part.ERROR_TITLE, _said(error.what_happened), first=True)]
    if text:
        lines.append(Line(Part.ERROR_TEXT, _said(text)))
    if error.code == ContextTooLongError.code:
        actions.append("compact")
    if error.code == AuthenticationError.code and not error.is_of_environment:
        actions.append("add-key")
    links = [_action(action, bold=True) for action in actions]
    if error.details:
        words = DETAILS_SHOWN if details else "Details"
        links.append(Run(words, bold=True, link=ACTION + DETAILS))
    runs = [run for link in links for run in (link, Run("\u2003\u2002"))]
    lines.append(Line(Part.ERROR_ACTIONS, tuple(runs[:-1])))
    told = error.details.splitlines()[:_MOST_DETAILS] if details else []
    return lines + [Line(Part.ERROR_DETAILS, (Run(_told(line)),)) for line in told]


def mark_line(mark: ItemMark) -> Line:
    """`Compacted: 182k → 9k tokens · Undo · Show what is sent`."""
    runs = list(_said(mark.words))
    for label, action in mark.actions:
        runs += [Run(" · "), Run(label, link=ACTION + action)]
    return Line(Part.NOTICE, tuple(runs))


@dataclass
class Facts:
    """What the footers of a transcript say of the answers.

    Attributes:
        name_of: the name of a model for people, from its id.
        shown: False where something else says them.
        followed: the ids of the messages that others come after.
    """

    name_of: Callable[[str], str] = str
    shown: bool = True
    followed: set[str | None] = field(default_factory=set)


def versions_line(version: tuple[int, int]) -> Line:
    """`‹ 2/3 ›`, of a question."""
    return Line(Part.VERSIONS, _arrows(*version))


def footer_line(message: Message, version: tuple[int, int] | None, facts: Facts) -> Line:
    """`‹ 2/3 ›  Thinking · medium · 1,204 tokens · $0.003 · 9 s`, of an answer; nothing but the
    arrows while it streams."""
    runs: list[Run] = []
    if version is not None and version[1] > 1:
        runs += [*_arrows(*version), Run("\u2003")]
    if message.status is not MessageStatus.STREAMING and facts.shown:
        runs += _said(" · ".join(facts_of(message, facts.name_of)))
    return Line(Part.FOOTER, tuple(runs))


def _arrows(number: int, count: int) -> Runs:
    """With the spaces beside them, the arrows are wide enough for the mouse, and for the ring around
    the one that has the keyboard."""
    older = f"{ACTION}older-version" if number > 1 else ""
    newer = f"{ACTION}newer-version" if number < count else ""
    return Run("\u2005‹ ", link=older), Run(f"{number}/{count}"), Run(" ›\u2005", link=newer)


def _action(action: str, *, bold: bool = False) -> Run:
    return Run(_ACTION_LABELS[action], bold=bold, link=ACTION + action)


def _words(text: str) -> Runs:
    """What the person wrote, whole."""
    text = clean(text)
    return (Run(text),) if text else ()


def _said(text: str) -> Runs:
    """What the program says, perhaps in a server's words."""
    text = _told(text)
    return (Run(text),) if text else ()


def _told(text: str) -> str:
    return one_line(text, LONGEST_PARAGRAPH)
