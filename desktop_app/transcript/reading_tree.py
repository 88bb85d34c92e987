"""The parts of a message for screen readers: headings, lists, tables, code, links, formulas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from PySide6.QtGui import QAccessible

from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role
from desktop_app.domain.conversations.message_facts import (
    answer_facts,
    ending_text,
    token_facts,
    written_on,
)
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.markdown.block_model import Block, Kind, Runs, is_destination, source_text
from desktop_app.markdown.parsing.own_links import is_note_link
from desktop_app.markdown.spoken_formula import spoken_formula, spoken_words
from desktop_app.markdown.spoken_sentences import code_summary
from desktop_app.transcript.message_items import ACTION, Item, Line, LineKind, is_reserved
from desktop_app.transcript.targets import note_name
from desktop_app.widgets.text.foreign_text import one_line

_Role = QAccessible.Role
_MAX_NAME_LENGTH: Final = 200
"""Maximum characters of an accessible name; a longer one is cut."""
# Lines without a node of their own. The description of the message's node has the footer's words,
# and images are also listed as attachments.
_UNREAD_LINES: Final = (LineKind.FOOTER, LineKind.IMAGES)


@dataclass
class ReadingNode:
    """A node of the tree that assistive technology reads.

    Attributes:
        role: the role of the node.
        name: the accessible name.
        text: all words of the node; "" if the children have them.
        level: the level of a heading, else 0.
        cell: the row and column of a table cell, else None.
        link: the target of a link, else "".
        item: the index of the message's item that shows the node; -1 for none.
        children: the nodes below.
    """

    role: QAccessible.Role
    name: str
    text: str = ""
    level: int = 0
    cell: tuple[int, int] | None = None
    link: str = ""
    item: int = -1
    children: list[ReadingNode] = field(default_factory=list)

    def walk(self) -> Iterator[ReadingNode]:
        """Yield the node and its descendants, in reading order."""
        yield self
        for child in self.children:
            yield from child.walk()


def message_name(message: Message, name_of_model: Callable[[str], str]) -> str:
    """Return a message's author, time and ending: "Response by Thinking, 14:32, stopped"."""
    time = formatting.moment(message.created_at)
    if message.role is Role.USER:
        return tr("Your message, {time}", time=time)
    choice = message.choice
    model = "" if choice is None else name_of_model(choice.model)
    if choice is not None and choice.variant is not None:
        model = choice.variant.label
    name = (
        tr("Response by {model}, {time}", model=model, time=time)
        if model
        else tr("Response, {time}", time=time)
    )
    if message.status is MessageStatus.STREAMING:
        state = tr("still being written")
    else:
        is_failed = message.status is MessageStatus.FAILED
        state = tr("failed") if is_failed else ending_text(message)
    return tr("{name}, {state}", name=name, state=state) if state else name


def message_description(message: Message, name_of_model: Callable[[str], str]) -> str:
    """Return the facts in a message's footer and tooltip; "" during streaming."""
    if message.status is MessageStatus.STREAMING:
        return ""
    facts = [] if message.role is Role.USER else answer_facts(message, name_of_model)
    return " · ".join(filter(None, [*facts, *token_facts(message), written_on(message)]))


def reading_nodes(items: Sequence[Item]) -> list[ReadingNode]:
    numbered = [
        (index, item)
        for index, item in enumerate(items)
        if item.kind not in _UNREAD_LINES and not is_reserved(item)
    ]
    nodes: list[ReadingNode] = []
    for kind, group in groupby(numbered, key=lambda pair: _group_of(pair[1])):
        pairs = list(group)
        match kind:
            case "table":
                nodes += _tables(pairs)
            case "code":
                nodes += _code_blocks(pairs)
            case "list":
                nodes += _lists(pairs)
            case _:
                nodes += [_text_node(index, item) for index, item in pairs]
    return nodes


def _group_of(item: Item) -> str:
    if isinstance(item, Line):
        return "text"
    if item.kind is Kind.TABLE:
        return "table"
    if item.kind in (Kind.CODE, Kind.CODE_HEAD):
        return "code"
    return "list" if item.depth else "text"


def _text_node(index: int, item: Item) -> ReadingNode:
    spoken = spoken_words(item.runs).strip()
    role = _Role.Paragraph
    level = 0
    if isinstance(item, Block):
        if item.kind is Kind.HEADING:
            role = _Role.Heading
            level = item.level
        elif item.kind is Kind.MATH:
            role = _Role.Equation
        elif item.kind is Kind.RULE:
            role = _Role.Separator
        elif item.quote:
            role = _Role.BlockQuote
    node = ReadingNode(role, one_line(spoken, _MAX_NAME_LENGTH), spoken, level, item=index)
    if role != _Role.Equation:  # its formula would be spoken twice
        node.children = list(_links_and_formulas(item.runs, index))
    return node


def _links_and_formulas(runs: Runs, index: int) -> Iterator[ReadingNode]:
    """Yield the links and the formulas of a text. Adjacent runs of the same link are joined."""
    for link, group in groupby(runs, key=lambda run: run.link):
        shown_runs = [run for run in group if not is_destination(run)]
        if link and shown_runs:
            spoken = spoken_words(shown_runs).strip()
            if is_note_link(link):
                spoken = note_name(link)
            role = _Role.Button if link.startswith(ACTION) else _Role.Link
            yield ReadingNode(
                role, one_line(spoken, _MAX_NAME_LENGTH), spoken, link=link, item=index
            )
            continue
        for run in shown_runs:
            if run.math:
                spoken = spoken_formula(source_text(run))
                yield ReadingNode(_Role.Equation, spoken, spoken, item=index)


def _lists(pairs: Iterable[tuple[int, Item]]) -> list[ReadingNode]:
    """Return lists, nested by depth. A text without a marker belongs to the item above it."""
    top: list[ReadingNode] = []
    open_lists: list[ReadingNode] = []  # from the outermost on
    for index, item in pairs:
        assert isinstance(item, Block)
        depth = item.depth
        text = _text_node(index, item)
        if item.begins:  # even if the item above is in another list of this depth
            del open_lists[depth - 1 :]
        del open_lists[depth:]
        while len(open_lists) < depth:
            new_list = ReadingNode(_Role.List, "", item=index)
            if open_lists:
                outer_items = open_lists[-1].children
                if not outer_items:
                    outer_items.append(ReadingNode(_Role.ListItem, "", item=index))
                outer_items[-1].children.append(new_list)
            else:
                top.append(new_list)
            open_lists.append(new_list)
        list_items = open_lists[-1].children
        if item.marker or not list_items:
            name = f"{item.marker.strip()} {text.name}".strip()
            list_items.append(
                ReadingNode(_Role.ListItem, name, text.text, item=index, children=text.children)
            )
        else:
            list_items[-1].children.append(text)
    for node in top:
        for descendant in node.walk():
            if descendant.role == _Role.List:
                count = len(descendant.children)
                descendant.name = tr_plural(
                    "List with {count} item", "List with {count} items", count
                )
    return top


def _tables(pairs: Iterable[tuple[int, Item]]) -> list[ReadingNode]:
    """Return tables, with the parts of a long table joined."""
    tables: list[ReadingNode] = []
    for index, item in pairs:
        assert isinstance(item, Block)
        if item.head or not tables:
            tables.append(ReadingNode(_Role.Table, "", item=index))
        rows = tables[-1].children
        for number, cells in enumerate(item.rows):
            is_head = item.head and number == 0
            row = ReadingNode(_Role.Row, "", item=index)
            for column in range(len(item.aligns)):
                runs = cells[column] if column < len(cells) else ()
                spoken = spoken_words(runs).strip()
                role = _Role.ColumnHeader if is_head else _Role.Cell
                cell = ReadingNode(role, spoken, spoken, cell=(len(rows), column), item=index)
                cell.children = list(_links_and_formulas(runs, index))
                row.children.append(cell)
            row.name = ", ".join(cell.name for cell in row.children if cell.name)
            rows.append(row)
    for table in tables:
        columns = max((len(row.children) for row in table.children), default=0)
        table.name = tr(
            "Table with {rows} rows and {columns} columns",
            rows=len(table.children),
            columns=columns,
        )
    return tables


def _code_blocks(pairs: Iterable[tuple[int, Item]]) -> list[ReadingNode]:
    """Return a node for each code block; its text is the code."""
    nodes: list[ReadingNode] = []
    language = ""
    lines: list[str] = []
    for index, item in pairs:
        assert isinstance(item, Block)
        if item.kind is Kind.CODE_HEAD or not nodes:
            language = item.language
            lines = []
            nodes.append(ReadingNode(_Role.Section, "", item=index))
        if item.kind is Kind.CODE:
            lines += spoken_words(item.runs).split("\n")
        nodes[-1].name = code_summary(language, len(lines))
        nodes[-1].text = "\n".join(lines)
    return nodes
