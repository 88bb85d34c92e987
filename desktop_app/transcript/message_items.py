"""Message items besides Markdown: question, attachments, sources, reasoning, errors, footer.

Pure functions from domain values to items. An item is either a block of Markdown or a `Line` of
the program's own. Both are plain values, so that two states of a message can be compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple

from desktop_app.domain import errors, hints
from desktop_app.domain.answering.shown_length import ShownMessage
from desktop_app.domain.conversations.answer_sources import answer_sources, host_of
from desktop_app.domain.conversations.conversation import (
    INCOMPLETE,
    REPEATED,
    Message,
    MessageStatus,
    Role,
)
from desktop_app.domain.conversations.message_facts import (
    argument_lines,
    attachment_facts,
    call_line,
    edits_line,
    ending_text,
    is_explained,
    made_facts,
    model_facts,
    reasoning_title,
)
from desktop_app.domain.conversations.message_parts import (
    DocumentPart,
    ImagePart,
    PassagesPart,
    ReasoningPart,
    Source,
    tool_calls,
)
from desktop_app.domain.conversations.notices import (
    AnswerNotice,
    NoticeCode,
    NoticeText,
    is_detail,
    note_ids,
)
from desktop_app.domain.documents.collections import Passage, passage_link
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.error_text import CONTINUABLE, NOT_CONTINUABLE, WINDOW
from desktop_app.domain.graphemes import shorten
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.tools.tool import EDIT_TOOL
from desktop_app.domain.tools.tool_words import escape_hidden
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.markdown.block_model import PICTURE, Block, Kind, Run, Runs, clean_text
from desktop_app.markdown.processes.diagram_drawing import UndrawnDiagram
from desktop_app.markdown.structured_answer import has_json_value
from desktop_app.providers.models.choice_resolution import ON_DEVICE_MODEL
from desktop_app.settings.server_presets import billing_page
from desktop_app.transcript.media.drawings import ShownDiagram
from desktop_app.transcript.media.message_images import OPEN_IMAGE, image_runs
from desktop_app.widgets.look.theme import STANDARD_LINE_WIDTH
from desktop_app.widgets.text.foreign_text import LONGEST_PARAGRAPH, one_line
from desktop_app.widgets.text.utf16 import utf16_length

TOGGLE_REASONING: Final = "reasoning"
"""Action that shows or hides the reasoning."""

SAVE_FILE: Final = "save-file/"
"""Prefix of the action that saves a file or an image of an answer; its hash follows."""

CHANGE_IMAGE: Final = "change-image/"
"""Prefix of the action that attaches a generated image, to have it changed; its hash follows."""

TOGGLE_QUESTION: Final = "question-text"
"""Action that shows or hides the text of a question that is a saved prompt."""

TOGGLE_PASSAGES: Final = "passages-"
"""Prefix of the action that shows or hides passages; followed by the collection's index."""

TOGGLE_SOURCES: Final = "sources"
"""Action that shows or hides the sources of an answer."""

SHOW_CHANGES: Final = "show-changes"
"""Action that shows the changes that an answer has proposed to the open text."""
TOGGLE_TOOL: Final = "tool-"
"""Prefix of the action that unfolds or folds a tool call; followed by the call's index."""

TOGGLE_CODE: Final = "fold-code-"
"""Prefix of the action of a fold line; followed by the number of the code within the message."""

TOGGLE_DIAGRAM: Final = "diagram-"
"""Prefix of the action that shows the code of a diagram or an SVG, or its picture.

The number of the code within the message follows; of the picture's link, also the picture's key.
"""

_PAGE_LANGUAGES: Final = ("html", "htm", "xhtml", "svg")

COPY_DIAGRAM: Final = "copy-diagram/"
"""Prefix of the action that copies the picture of a diagram; its key follows."""

SAVE_DIAGRAM: Final = "save-diagram/"
"""Prefix of the action that saves a diagram as a picture; its key follows."""

TOGGLE_DETAILS: Final = "details"
"""Action that shows or hides a server's error details."""

MAX_UNFOLDED_LINES: Final = 30
"""Blocks of code with up to this many lines are never folded."""

VISIBLE_LINES: Final = 18
"""The number of visible lines of folded code."""

OPEN_DOCUMENT: Final = "document/"
"""Prefix of the action that opens a document; followed by its hash."""

ACTION: Final = "action:"
SHOW_NOTES: Final = "show-notes"
"""Shows the notes that an answer was made with."""
"""Scheme of links that trigger an action on their message."""

COPY: Final = "copy"
COPY_LINK: Final = "copy-link"
OPEN_PLACE: Final = "place/"
"""Prefix of the action that opens a place of the window; followed by the place."""

# Actions of an answer whose JSON matches its schema. SHOW_VALUE shows the value of the JSON as a
# table or a tree.
SHOW_JSON: Final = "show-json"
SHOW_VALUE: Final = "show-value"
COPY_JSON: Final = "copy-json"
COPY_CSV: Final = "copy-csv"

ADD_CREDIT: Final = "add-credit"
"""Action that opens the billing page of the provider that refused for lack of credit."""

_ACTION_LABELS: Final = {
    ADD_CREDIT: N_("Billing page"),
    "retry-with": N_("Choose another model"),
    "continue": N_("Continue"),
    "retry": N_("Retry"),
    "compact": N_("Compact"),
    "add-key": N_("Add key"),
    "change-key": N_("Change key"),
    "better-model": N_("Get a better model"),
    SHOW_JSON: N_("Show JSON"),
    SHOW_VALUE: N_("Show as table"),
    COPY_JSON: N_("Copy JSON"),
    COPY_CSV: N_("Copy CSV"),
}

_MAX_TOOL_LINES: Final = 500
"""Maximum number of lines of a tool's arguments, and of its result."""

_MAX_DETAIL_LINES: Final = 200
"""Maximum number of lines of error details."""


# Markup in a document's text: page and slide marks, headings, table lines.
_MARKUP: Final = lazy_pattern(r"^(?:\[[a-z]+ \d+\]$|#{1,6} |\|[-| :]+\|$)|\|", re.MULTILINE)
_TOOLTIP_CHARACTERS: Final = 160
"""Characters of a passage in the tooltip of a citation."""
_LISTED_CHARACTERS: Final = 80
"""Characters of a passage in the list of sources."""
_MARKUP_FACTOR: Final = 10
"""The first words are taken from this many times as many characters, to allow for markup."""


class LineKind(Enum):
    """The kinds of lines that are not Markdown."""

    __hash__ = object.__hash__  # faster than Enum's, because it runs in C; see `Kind`

    QUESTION = "question"
    IMAGES = "images"
    ATTACHMENT = "attachment"
    REASONING = "reasoning"
    STATUS = "status"
    NOTICE = "notice"
    ERROR_TITLE = "error-title"
    ERROR_TEXT = "error-text"
    ERROR_ACTIONS = "error-actions"
    ERROR_DETAILS = "error-details"
    FOOTER = "footer"
    FOLD = "fold"
    DIAGRAM = "diagram"


class Line(NamedTuple):
    """A line that is not Markdown.

    With `begins_background`, it is the first on a background; with `is_in_question`, it is on that
    of a question; with `is_mild`, a line of an error tells of no fault.
    """

    kind: LineKind
    runs: Runs
    begins_background: bool = False
    is_in_question: bool = False
    is_mild: bool = False


class MessageNote(NamedTuple):
    """A line with links below a message, such as the line that tells of a compaction.

    Attributes:
        text: the text before the links.
        actions: label and action of each link.
    """

    text: str
    actions: tuple[tuple[str, str], ...] = ()


Item = Block | Line


def question_lines(text: str, *, is_continuation: bool = False) -> list[Line]:
    """Return a question as typed, line by line.

    Args:
        text: the question, or a part of it.
        is_continuation: True if the lines follow earlier lines of the same question.
    """
    return [
        Line(
            LineKind.QUESTION,
            (Run(cleaned),) if (cleaned := clean_text(line)) else (),
            begins_background=number == 0 and not is_continuation,
        )
        for number, line in enumerate(text.split("\n"))
    ]


def question_title_line(title: str, *, is_unfolded: bool) -> Line:
    """Return `› Summarize`, the first line of a question that is a saved prompt."""
    line = section_line(title, ACTION + TOGGLE_QUESTION, is_unfolded=is_unfolded)
    return Line(LineKind.QUESTION, line.runs, begins_background=True)


def attachment_lines(message: Message) -> list[Item]:
    """Return the images side by side, then a line for each attachment.

    Examples: `q3-report.pdf   48 pages   31,480 tokens`, or `fees.csv   12 KB   Save as…` below an
    answer. The name is a link that opens the attachment. Images also have a line with such a link,
    for users without a mouse.
    """
    is_question = message.role is Role.USER
    images = [part for part in message.attachments if isinstance(part, ImagePart)]
    lines: list[Item] = []
    if images:
        runs = image_runs(images, ACTION)
        lines.append(Line(LineKind.IMAGES, runs, is_in_question=is_question))
    for part in message.attachments:
        name = Run(one_line(part.name), link=f"{ACTION}{open_action(part)}")
        texts = attachment_facts(part) if is_question else made_facts(part)
        facts = Run(one_line("".join(f"\u2003{fact}" for fact in texts)))
        line_runs = [name, facts]
        if not is_question:
            actions = {SAVE_FILE: tr("Save as…")}
            if isinstance(part, ImagePart):
                actions = {CHANGE_IMAGE: tr("Change…"), **actions}
            for action, label in actions.items():
                line_runs += [Run("\u2003"), Run(label, link=f"{ACTION}{action}{part.sha256}")]
        lines.append(Line(LineKind.ATTACHMENT, tuple(line_runs), is_in_question=is_question))
    return lines


def open_action(part: DocumentPart | ImagePart) -> str:
    return f"{OPEN_IMAGE if isinstance(part, ImagePart) else OPEN_DOCUMENT}{part.sha256}"


def reasoning_text(message: Message) -> str:
    texts = [part.text for part in message.parts if isinstance(part, ReasoningPart)]
    return "\n\n".join(text for text in texts if text)


def reasoning_seconds(message: Message) -> float | None:
    """Return the seconds spent on reasoning; None if unknown."""
    return next((part.seconds for part in message.parts if isinstance(part, ReasoningPart)), None)


def reasoning_line(
    reasoning: str, seconds: float | None, *, is_thinking: bool, is_folded: bool
) -> Line:
    """Return `› Thought for 9.3 s: Which failures are safe to repeat`."""
    title = reasoning_title(reasoning, seconds, is_thinking=is_thinking)
    return section_line(title, ACTION + TOGGLE_REASONING, is_unfolded=not is_folded)


def section_line(title: str, link: str, *, is_unfolded: bool) -> Line:
    sign = "⌄  " if is_unfolded else "›  "
    mark = Run(sign, bold=True, link=link, expanded=is_unfolded)
    return Line(LineKind.REASONING, (mark, Run(one_line(title), link=link)))


def tool_lines(message: Message, unfolded: Container[str]) -> list[Item]:
    """Return `› Searched your conversations for “contract” · 3 found` for each tool call.

    An unfolded call is followed by its arguments and its result. All changes of the open text have
    one line, whose words lead to them.
    """
    lines: list[Item] = []
    is_streaming = message.status is MessageStatus.STREAMING
    calls = tool_calls(message.parts)
    edits = [call for call in calls if call.display_name == EDIT_TOOL]
    for number, call in enumerate(calls):
        action = f"{TOGGLE_TOOL}{number}"
        is_unfolded = action in unfolded
        shown = [call]
        if call.display_name != EDIT_TOOL:
            title = call_line(call, is_streaming=is_streaming)
            lines.append(section_line(title, ACTION + action, is_unfolded=is_unfolded))
        elif call is edits[0]:
            shown = edits
            title = edits_line(edits, is_streaming=is_streaming)
            line = section_line(title, ACTION + action, is_unfolded=is_unfolded)
            words = line.runs[1]._replace(link=ACTION + SHOW_CHANGES)
            lines.append(line._replace(runs=(line.runs[0], words)))
        else:
            continue
        for call in shown if is_unfolded else ():
            lines += _code_items("json", argument_lines(call.run_arguments))
            if call.result:
                lines += _code_items("", call.result.split("\n"))
            if call.for_user:
                lines.append(Line(LineKind.NOTICE, (Run(tr("For you only:")),)))
                lines += _code_items("", call.for_user.split("\n"))
    return lines


def citation_name(cited: Passage | Source) -> str:
    """Return the name of a citation: "Source 3: contract.pdf, page 12"."""
    return tr("Source {number}: {source}", number=cited.number, source=one_line(cited.source))


def citation_tooltip(cited: Passage | Source) -> str:
    """Return the tooltip of a citation: its source, and its first words or its address."""
    if isinstance(cited, Source):
        below = one_line(escape_hidden(cited.address))
    else:
        below = _first_words(cited, _TOOLTIP_CHARACTERS)
    return f"{one_line(cited.source)}\n{below}"


def source_lines(message: Message, unfolded: Container[str]) -> list[Item]:
    """Return `› 12 passages from Contracts` per collection, and its passages if unfolded.

    `unfolded` has the actions of the unfolded collections.
    """
    lines: list[Item] = []
    for number, part in enumerate(message.passage_parts):
        count_text = _count_text(part)
        if not part.passages:
            lines.append(Line(LineKind.NOTICE, (Run(one_line(count_text)),)))
            continue
        action = f"{TOGGLE_PASSAGES}{number}"
        is_unfolded = action in unfolded
        lines.append(section_line(count_text, ACTION + action, is_unfolded=is_unfolded))
        if is_unfolded:
            lines += map(_source_line, part.passages)
    return lines


def answer_source_lines(message: Message, unfolded: Container[str]) -> list[Item]:
    """Return `› 3 sources, 12 more read`, and the sources if unfolded, cited ones first."""
    cited, read = answer_sources(message)
    if not cited and not read:
        return []
    if not cited:
        title = tr_plural("{count} page read", "{count} pages read", len(read))
    elif not read:
        title = tr_plural("{count} source", "{count} sources", len(cited))
    else:
        title = tr_plural(
            "{count} source, {read} more read",
            "{count} sources, {read} more read",
            len(cited),
            read=len(read),
        )
    is_unfolded = TOGGLE_SOURCES in unfolded
    lines: list[Item] = [section_line(title, ACTION + TOGGLE_SOURCES, is_unfolded=is_unfolded)]
    if is_unfolded:
        lines += map(_answer_source_line, cited)
        if cited and read:
            lines.append(Line(LineKind.NOTICE, (Run(tr("Also read: {count}", count=len(read))),)))
        lines += map(_answer_source_line, read)
    return lines


def _answer_source_line(source: Source) -> Line:
    """Return a source, with a link to its page, and the host that the link leads to."""
    mark = f"[{source.number}] " if source.number else ""
    name = Run(one_line(f"{mark}{source.source}"), link=source.address)
    host = host_of(source) if source.title else ""
    return Line(LineKind.ATTACHMENT, (name, Run(f"\u2003{host}")) if host else (name,))


def _count_text(part: PassagesPart) -> str:
    name = part.name
    count = len(part.passages)
    sent_earlier = len(part.known)
    if not count and not sent_earlier:
        return tr("Nothing found in {name}", name=name)
    if not sent_earlier:
        return tr_plural(
            "{count} passage from {name}", "{count} passages from {name}", count, name=name
        )
    if not count:
        return tr_plural(
            "{count} passage from {name}, sent earlier",
            "{count} passages from {name}, sent earlier",
            sent_earlier,
            name=name,
        )
    return tr_plural(
        "{count} passage from {name}, {known} more sent earlier",
        "{count} passages from {name}, {known} more sent earlier",
        count,
        known=sent_earlier,
        name=name,
    )


def _source_line(passage: Passage) -> Line:
    source = one_line(f"[{passage.number}] {passage.source}")
    beginning = one_line(_first_words(passage, _LISTED_CHARACTERS))
    return Line(
        LineKind.ATTACHMENT,
        (Run(source, link=passage_link(passage.number)), Run(f"\u2003{beginning}")),
    )


def _first_words(passage: Passage, limit: int) -> str:
    text = " ".join(_MARKUP.sub(" ", passage.text[: limit * _MARKUP_FACTOR]).split())
    return shorten(text, limit, by_word=True)


def _code_items(language: str, texts: Sequence[str]) -> list[Item]:
    """Return the lines of a tool's arguments or result, up to `_MAX_TOOL_LINES`.

    If there are more, a line follows that tells how many are not shown.
    """
    from desktop_app.markdown.parsing.block_builder import code_line  # as in conversation_messages

    items: list[Item] = [
        Block(Kind.CODE_HEAD, language=language),
        *(code_line(text, language) for text in texts[:_MAX_TOOL_LINES]),
    ]
    return items + _missing_lines_notice(LineKind.NOTICE, len(texts) - _MAX_TOOL_LINES)


def _missing_lines_notice(kind: LineKind, count: int) -> list[Item]:
    """Return the line that tells how many lines are not shown; [] if `count` is not positive."""
    if count <= 0:
        return []
    notice = tr_plural("{count} more line isn’t shown", "{count} more lines aren’t shown", count)
    return [Line(kind, (Run(notice),))]


def ending_lines(
    message: Message, status_line: str, *, shows_details: bool, is_last: bool = True
) -> list[Item]:
    """Return the lines below an answer's text: its status line, notices, its ending and an error.

    Args:
        message: the answer.
        status_line: the status while the answer is made; "" for none.
        shows_details: whether the error's details are unfolded.
        is_last: False if messages follow the answer, which then cannot be continued.
    """
    lines: list[Item] = []
    if status_line:
        lines.append(Line(LineKind.STATUS, _line_runs(status_line)))
    lines += [_notice_line(message, each) for each in message.notices if not is_detail(each)]
    if NoticeCode.SCHEMA_PROBLEM in map(_notice_code, message.notices):
        lines.append(Line(LineKind.NOTICE, (_action_link("retry"),)))
    ending = ending_text(message)
    if ending and not is_explained(message):
        runs = list(_line_runs(ending))
        action = "continue" if message.text.strip() else "retry"
        if (
            message.role is Role.ASSISTANT
            and message.status is not MessageStatus.REFUSED
            and (is_last or action == "retry")
        ):
            runs += [Run("\u2003"), _action_link(action)]
        lines.append(Line(LineKind.NOTICE, tuple(runs)))
    return lines + error_lines(message, shows_details=shows_details, is_last=is_last)


def _notice_line(message: Message, notice: NoticeText) -> Line:
    """Return a notice. The notice about a schema also offers to show and copy the value."""
    runs = list(_line_runs(str(notice)))
    if _notice_code(notice) is NoticeCode.SCHEMA_USED and has_json_value(message):
        is_tree = isinstance(message, ShownMessage) and message.is_tree
        # Offer the form that is not shown now.
        other_form = SHOW_JSON if is_tree else SHOW_VALUE
        for action in (other_form, COPY_JSON, COPY_CSV):
            runs += [Run(" · "), _action_link(action)]
    return Line(LineKind.NOTICE, tuple(runs))


def _notice_code(notice: NoticeText) -> object:
    return notice.code if isinstance(notice, AnswerNotice) else None


def is_continuable(message: Message) -> bool:
    """Return True if a failed answer can be continued, provided that no message follows it."""
    return bool(message.text.strip()) and message.status is not MessageStatus.REFUSED


def error_lines(message: Message, *, shows_details: bool, is_last: bool = True) -> list[Item]:
    """Return the error, the hint, the actions and any unfolded details."""
    error = message.error
    if error is None:
        return []
    if error.code == REPEATED:
        actions = ["better-model", "retry"]
        hint = error.hint_segments_on(WINDOW)
    elif is_last and is_continuable(message):
        actions = ["continue", "retry"]
        hint = error.hint_segments_on(CONTINUABLE)
    else:
        actions = ["retry"]
        hint = error.hint_segments_on(NOT_CONTINUABLE)
    is_mild = error.code in (INCOMPLETE, REPEATED)  # the answer has an end, and nothing failed
    title = _line_runs(error.what_happened)
    if is_mild:
        title = tuple(run._replace(bold=True) for run in title)
    kind = LineKind.ERROR_TEXT if is_mild else LineKind.ERROR_TITLE
    lines: list[Item] = [Line(kind, title, begins_background=True)]
    if hint:
        hint_runs = [
            run
            for segment in hint
            for run in (
                _line_runs(segment.text)
                if segment.place is None
                else (Run(segment.text, link=f"{ACTION}{OPEN_PLACE}{segment.place}"),)
            )
        ]
        lines.append(Line(LineKind.ERROR_TEXT, tuple(hint_runs)))
    actions += _actions_of(error)
    links = [_action_link(action, bold=True) for action in actions]
    if error.details:
        label = tr("Hide details") if shows_details else tr("Details")
        links.append(Run(label, bold=True, link=ACTION + TOGGLE_DETAILS, expanded=shows_details))
    links_with_gaps = links[:1]
    for link in links[1:]:
        links_with_gaps += [Run("\u2003\u2002"), link]
    lines.append(Line(LineKind.ERROR_ACTIONS, tuple(links_with_gaps)))
    if shows_details:
        kind = LineKind.ERROR_DETAILS
        texts = error.details.splitlines()
        lines += [Line(kind, (Run(_one_long_line(text)),)) for text in texts[:_MAX_DETAIL_LINES]]
        lines += _missing_lines_notice(kind, len(texts) - _MAX_DETAIL_LINES)
    if is_mild:
        return [line._replace(is_mild=True) for line in lines if type(line) is Line]
    return lines


def _actions_of(error: ErrorNote) -> Iterator[str]:
    """Yield the actions that mend the cause of an error."""
    if error.code == errors.ContextTooLongError.code:
        yield "compact"
    if error.code == errors.QuotaExhaustedError.code and billing_page(
        str(error.params.get("host", ""))
    ):
        yield ADD_CREDIT
    if error.hint in hints.ANOTHER_PROVIDER:
        yield "retry-with"
    if not error.is_of_environment:
        if error.code == errors.MissingKeyError.code:
            yield "add-key"
        elif error.code == errors.AuthenticationError.code:
            yield "change-key"


def fold_line(number: int, lines: int, *, is_folded: bool) -> Line:
    """Return the line that folds or unfolds the code block with this number."""
    hidden_count = lines - VISIBLE_LINES
    label = (
        tr_plural("Show {count} more line", "Show {count} more lines", hidden_count)
        if is_folded
        else tr("Show fewer lines")
    )
    return Line(LineKind.FOLD, (Run(label, link=f"{ACTION}{TOGGLE_CODE}{number}"),))


def diagram_lines(number: int, shown: ShownDiagram, *, is_code_shown: bool) -> tuple[Line, Line]:
    """Return the picture of the code block with this number, and the line of its actions."""
    diagram = shown.diagram
    toggle = f"{ACTION}{TOGGLE_DIAGRAM}{number}"
    link = f"{toggle}/{shown.key}#{diagram.width}x{diagram.height}"
    picture = Run(PICTURE, image=True, link=link)
    spoken = tr("{diagram}, code available", diagram=diagram.name)
    name = Run(spoken, image=True, note=True, link=link)
    label = tr("Show diagram") if is_code_shown else tr("Show code")
    links = [(label, toggle)]
    if diagram.width > STANDARD_LINE_WIDTH:  # it is scaled down
        links.append((tr("Enlarge"), f"{ACTION}{OPEN_IMAGE}{shown.key}"))
    links.append((tr("Copy picture"), f"{ACTION}{COPY_DIAGRAM}{shown.key}"))
    links.append((tr("Save as…"), f"{ACTION}{SAVE_DIAGRAM}{shown.key}"))
    runs = [run for label, link in links for run in (Run(" · "), Run(label, link=link))]
    return Line(LineKind.DIAGRAM, (picture, name)), Line(LineKind.FOLD, tuple(runs[1:]))


def undrawn_line(undrawn: UndrawnDiagram) -> Line:
    """Return the line below code that says why its diagram is not drawn."""
    return Line(LineKind.FOLD, _line_runs(undrawn.note))


def is_reserved(item: Item) -> bool:
    """Return True if an item is the empty line of a diagram that is not drawn, or not yet."""
    return item.kind in (LineKind.DIAGRAM, LineKind.FOLD) and not item.runs


def diagram_key_of(item: Item) -> str:
    """Return the key of the picture of a diagram in an item, "" if it has none."""
    if item.kind is not LineKind.DIAGRAM or not item.runs:
        return ""
    return item.runs[0].link.partition("#")[0].rpartition("/")[2]


def can_open(language: str) -> bool:
    """Return True if code in this language is a page or a picture, which can be looked at."""
    return language.lower() in _PAGE_LANGUAGES


def prefix_of(item: Item) -> str:
    """Return the prefix of an item, or "" if it has none."""
    if not isinstance(item, Block):
        return ""
    if item.marker:
        return f"{item.marker}\t"
    if item.kind is Kind.CODE_HEAD and item.language.lower() == "mermaid":
        return tr("{language} · diagram", language=item.language)
    if item.kind in (Kind.CODE_HEAD, Kind.RULE):
        return item.language or " "  # Qt lays out an empty block below a table beside the table
    return ""


def prefix_length(item: Item) -> int:
    """Return the length of an item's prefix in UTF-16 units."""
    return utf16_length(prefix_of(item))


def index_of_action(items: Sequence[Item], action: str) -> int:
    """Return the index of the line with the link of an action; -1 if there is none."""
    link = ACTION + action
    for index, item in enumerate(items):
        if type(item) is Line and any(run.link == link for run in item.runs):
            return index
    return -1


def note_line(note: MessageNote) -> Line:
    """Return `Compacted: 182k → 9k tokens · Undo · Show what is sent`."""
    runs = list(_line_runs(note.text))
    for label, action in note.actions:
        runs += [Run(" · "), Run(label, link=ACTION + action)]
    return Line(LineKind.NOTICE, tuple(runs))


@dataclass
class FooterFacts:
    """The facts about answers that a transcript's footers show.

    Attributes:
        name_of: returns a model's display name for its id.
        title_of: returns the title of the saved prompt that a question is; "" for other questions.
        diagram_of: returns the diagram of a source, or the reason why it is not drawn; None if that
            is not known yet.
        are_shown: False if the facts are shown elsewhere.
        followed_ids: the ids of messages that have a successor, and None, the parent of the first.
    """

    name_of: Callable[[str], str] = str
    title_of: Callable[[Message], str] = lambda _message: ""
    diagram_of: Callable[[str], ShownDiagram | UndrawnDiagram | None] = lambda _source: None
    are_shown: bool = True
    followed_ids: set[str | None] = field(default_factory=set)


def footer_line(message: Message, facts: FooterFacts) -> Line:
    """Return `Thinking · Medium`, for an answer; the rest is in its tooltip.

    The line is empty while the answer streams, or if `facts.are_shown` is False.
    """
    if message.status is MessageStatus.STREAMING or not facts.are_shown:
        return Line(LineKind.FOOTER, ())
    runs = _line_runs(" · ".join(model_facts(message, facts.name_of)))
    for each in message.notices:
        if note_ids(each):
            runs = (*runs, Run(" · "), Run(str(each), link=ACTION + SHOW_NOTES))
    if message.choice is not None and message.choice.model == ON_DEVICE_MODEL:
        runs = (*runs, *_trial_runs())
    return Line(LineKind.FOOTER, runs)


def _trial_runs() -> Iterator[Run]:
    """Yield what the footer says of an answer of the built-in model, with two ways on."""
    yield Run(" · " + tr("a trial model, often wrong"))
    for action in ("better-model", "add-key"):
        yield Run(" · ")
        yield _action_link(action)


def _action_link(action: str, *, bold: bool = False) -> Run:
    return Run(tr(_ACTION_LABELS[action]), bold=bold, link=ACTION + action)


def _line_runs(text: str) -> Runs:
    """Return a text of the program's or a server's as a single line, cut if it is very long."""
    text = _one_long_line(text)
    return (Run(text),) if text else ()


def _one_long_line(text: str) -> str:
    return one_line(text, LONGEST_PARAGRAPH)
