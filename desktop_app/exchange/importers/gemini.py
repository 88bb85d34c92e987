"""Reads Gemini's prompts and answers from Google Takeout: `MyActivity.json` of “Gemini Apps”.

A record is a question with its answer: the question is the `title`, after a verb; the answer is
HTML in `safeHtmlItem`. There are no conversations: like other programs that read these files, this
one begins a conversation after half an hour without a question. Records of other products, and
those of other verbs without an answer ("Used", "Gave feedback"), are left out. Verbs and names are
in the language of the account. Sources: Superkikim/nexus-ai-chat-importer (gemini-types.ts,
gemini-converter.ts), and readers that name exports of 1,452 and 875 records, November 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from itertools import chain
from typing import Any, Final

from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import AttachmentFile, Part, TextPart
from desktop_app.exchange.importers.imported_conversation import (
    LOST_IMAGE,
    FindFile,
    ImportedConversation,
    add_image,
    attached_note,
    list_at,
    objects_at,
    seconds_of,
    text_at,
)
from desktop_app.exchange.importers.message_tree import Node, SourceConversation, build_conversation

_LONGEST_PAUSE_S: Final = 30 * 60
_PROMPT: Final = re.compile(
    r"(?:Prompted with:|Prompted|Live Prompt|Asked (?:Gemini|Bard):|Asked|Said|Branched|Answered"
    r"|Prompt[\s\xa0]*:)\s+"
)
_PRODUCTS: Final = ("gemini", "bard")
_BLOCKS: Final = {
    **{f"h{level}": "\n\n" + "#" * level + " " for level in range(1, 7)},
    **dict.fromkeys(("p", "div", "ul", "ol", "table", "blockquote"), "\n\n"),
    "li": "\n- ",
    "br": "\n",
    "hr": "\n\n---\n\n",
    "tr": "\n",
    "td": " | ",
    "th": " | ",
    "pre": "\n\n```\n",
    "img": LOST_IMAGE,
}
"""The Markdown at the beginning of elements."""
_MARKS: Final = {"b": "**", "strong": "**", "i": "*", "em": "*", "code": "`"}
_BLANK_LINES: Final = re.compile(r"[ \t]*\n[ \t]*(?:\n[ \t]*)+")


def conversations_in(value: Any) -> list[Any]:
    """Return the records of a list of activities in groups."""
    items = value if isinstance(value, list) else []
    records = sorted(filter(_is_question, items), key=_seconds_of)
    groups: list[list[Any]] = []
    for record in records:
        is_first = not groups
        if is_first or _seconds_of(record) - _seconds_of(groups[-1][-1]) > _LONGEST_PAUSE_S:
            groups.append([])
        groups[-1].append(record)
    return [{"records": group} for group in groups]


def _is_question(record: Any) -> bool:
    names = chain([text_at(record, "header")], map(str, list_at(record, "products")))
    is_gemini = any(product in name.lower() for name in names for product in _PRODUCTS)
    has_answer = bool(objects_at(record, "safeHtmlItem"))
    title = text_at(record, "title")
    return is_gemini and bool(title) and (has_answer or _PROMPT.match(title) is not None)


def _seconds_of(record: Mapping[str, Any]) -> float:
    return seconds_of(record.get("time")) or 0.0


def read_conversation(value: Mapping[str, Any], find_file: FindFile) -> ImportedConversation:
    records = objects_at(value, "records")
    files: dict[str, AttachmentFile] = {}
    nodes: list[Node] = []
    for number, record in enumerate(records):
        for role, parts in (
            (Role.USER, _question(record, find_file, files)),
            (Role.ASSISTANT, _answer(record)),
        ):
            parent = nodes[-1].id if nodes else None
            seconds = seconds_of(record.get("time"))
            node = Node(f"{number}.{role}", parent, role, tuple(parts), seconds=seconds)
            if role is Role.USER or objects_at(record, "safeHtmlItem"):
                nodes.append(node)
    first = records[0] if records else {}
    source = SourceConversation(
        "gemini",
        f"{text_at(first, 'time')} {text_at(first, 'title')}",
        created=seconds_of(first.get("time")),
    )
    return build_conversation(source, nodes, files.values())


def _question(
    record: Mapping[str, Any], find_file: FindFile, files: dict[str, AttachmentFile]
) -> Iterator[Part]:
    names = [text_at(record, "imageFile"), *map(str, list_at(record, "attachedFiles"))]
    for name in dict.fromkeys(filter(None, names)):
        file = find_file(name) if name == text_at(record, "imageFile") else None
        yield attached_note(name) if file is None else add_image(name, file[1], files)
    yield TextPart(_PROMPT.sub("", text_at(record, "title"), count=1))


def _answer(record: Mapping[str, Any]) -> Iterator[Part]:
    for item in objects_at(record, "safeHtmlItem"):
        page = _Page()
        page.feed(text_at(item, "html") or text_at(item, "htmlValue"))
        page.close()
        if text := page.markdown():
            yield TextPart(text)


class _Page(HTMLParser):
    """The HTML of an answer as Markdown: small and of one origin."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[str] = []
        self._addresses: list[str] = []
        self._is_code = False

    def markdown(self) -> str:
        """Return what was read, with at most one blank line in a row outside of code."""
        pieces = "".join(self._pieces).split("```")
        pieces[::2] = [_BLANK_LINES.sub("\n\n", piece) for piece in pieces[::2]]
        return "```".join(pieces).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._addresses.append(dict(attrs).get("href") or "")
            self._pieces.append("[")
        elif not self._is_code:
            self._pieces.append(_BLOCKS.get(tag) or _MARKS.get(tag, ""))
        self._is_code = self._is_code or tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag == "pre":
            self._is_code = False
            self._pieces.append("\n```\n\n")
        elif tag == "a" and self._addresses:
            self._pieces.append(f"]({self._addresses.pop()})")
        elif not self._is_code:
            # The text after a heading or a list is another paragraph.
            is_end = tag not in ("li", "td", "th", "tr") and tag in _BLOCKS
            self._pieces.append("\n\n" if is_end else _MARKS.get(tag, ""))

    def handle_data(self, data: str) -> None:
        self._pieces.append(data if self._is_code else " ".join(f"|{data}|".split())[1:-1])
