"""A Word document as Markdown that can be written back: only what changed is replaced.

Each paragraph and table of the body, and each footnote, is a chunk of the text. What differs when
the text comes back is spliced into the bytes of the document, so all else stays as it was, also
what Markdown cannot say: styles, pictures, comments, tracked changes, headers.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Final, NamedTuple
from xml.etree import ElementTree
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from desktop_app.documents import refusals
from desktop_app.documents.office.package import Package
from desktop_app.documents.office.word_numbering import WordNumbering
from desktop_app.documents.office.word_styles import WORD, WordStyles, value_of
from desktop_app.documents.worker.protocol import Limits, WordText
from desktop_app.markdown.block_model import LINE_BREAK, Kind, Run, source_text
from desktop_app.markdown.incremental.block_stream import render

_MAIN_PART: Final = "word/document.xml"
_OFF: Final = ("0", "false", "off")
_HEADING_NAME: Final = re.compile(r"heading ([1-9])", re.IGNORECASE)
_QUOTE_NAME: Final = re.compile(r"(?:intense )?quote", re.IGNORECASE)
_LIST_NAME: Final = re.compile(r"list (?:bullet|number) ([2-5])", re.IGNORECASE)
_TITLE: Final = "title"
_DEEPEST: Final = 6
_CHUNK: Final = re.compile(
    r"(?P<heading>#{1,6}) (?P<title>.*)|(?P<indent> *)(?P<mark>[-*+]|[0-9]{1,9}[.)]) (?P<item>.*)"
    r"|(?P<quote>>) ?(?P<quoted>.*)|\[\^(?P<note>[0-9]+)\]: (?P<noted>.*)",
    re.DOTALL,
)
_ITEM_LINE: Final = re.compile(r" *(?:[-*+]|[0-9]{1,9}[.)]) |\[\^[0-9]+\]: ")
_FENCE: Final = re.compile(r" {0,3}(?:```|~~~)")
_HEADING_LINE: Final = re.compile("#{1,6} ")
_WORD_OF_TEXT: Final = re.compile(r"\[\^[0-9]+\]|[^\W\u2e80-\uffff]+|\s+|.", re.DOTALL)
_SPECIAL: Final = re.compile(r"[\\`*_\[\]<>&~$#|^=:]")
_LIGHTLY_SPECIAL: Final = re.compile(r"[\\`*]|(?<!\w)_|_(?!\w)")
_AT_START: Final = re.compile(r"(?=[-+#>=~|])|(?<=[0-9])(?=[.)]\s)")
_LINK_CODE: Final = re.compile(r'\s*HYPERLINK\s+"([^"\\]+)"\s*')
_TAG: Final = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")
_CELL_EDGE: Final = re.compile(r"(?<!\\)\|")
_CELL_BREAK: Final = "<br>"
_CONTAINERS: Final = ("sdt", "sdtContent", "customXml", "smartTag", "ins", "moveTo")
"""Elements around paragraphs, rows, cells or runs, which are read as if they were not there."""
_RUN_WRAPPERS: Final = (*_CONTAINERS, "hyperlink", "fldSimple", "bdo", "dir")
_SOFT: Final = ("lastRenderedPageBreak", "proofErr", "softHyphen")
"""What a paragraph loses with its text: it says nothing."""
_COUNTED: Final = {
    "comments": ("commentReference",),
    "changes": ("ins", "del", "moveFrom"),
    "pictures": ("drawing", "pict", "object"),
    "boxes": ("txbxContent",),
    "formulas": ("oMath",),
}
_MIN_SIMILARITY: Final = 0.3


class _Node:
    """An element of a part with its place in the bytes."""

    def __init__(self, name: str, attributes: dict[str, str], start: int) -> None:
        self.name, self.attributes = name, attributes
        self.start = self.end = self.inner_start = self.inner_end = start
        self.children: list[_Node] = []
        self.text = ""

    def child(self, name: str) -> _Node | None:
        return next((each for each in self.children if each.name == name), None)

    def iter(self) -> Iterator[_Node]:
        yield self
        for child in self.children:
            yield from child.iter()


class _Part:
    """A part of the package: its bytes, its elements, and what replaces ranges of the bytes."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name, self.data = name, data
        self.edits: list[tuple[int, int, str]] = []
        self._open: list[_Node] = []
        parser = expat.ParserCreate()
        self._parser = parser
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._stop
        parser.CharacterDataHandler = self._note_text
        parser.StartDoctypeDeclHandler = self._refuse
        parser.XmlDeclHandler = self._check_encoding
        parser.Parse(data, True)
        if "wordprocessingml" not in self.root.attributes.get("xmlns:w", ""):
            raise ValueError("its elements have another prefix")

    def _check_encoding(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if (encoding or "utf-8").lower() not in ("utf-8", "us-ascii"):
            raise ValueError(f"it is in {encoding}")

    def _refuse(self, *_: object) -> None:
        raise ValueError("it has a document type")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        node = _Node(name.removeprefix("w:"), attributes, self._parser.CurrentByteIndex)
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)

    def _stop(self, _name: str) -> None:
        node = self._open.pop()
        tag = _TAG.match(self.data, node.start)
        node.inner_start = node.inner_end = node.end = node.start if tag is None else tag.end()
        if tag is not None and not tag[0].endswith(b"/>"):
            node.inner_end = self._parser.CurrentByteIndex
            node.end = self.data.index(b">", node.inner_end) + 1

    def _note_text(self, text: str) -> None:
        self._open[-1].text += text

    def source(self, start: int, end: int) -> str:
        return self.data[start:end].decode()

    def of(self, node: _Node | None) -> str:
        return "" if node is None else self.source(node.start, node.end)

    def edited(self) -> bytes:
        """Return the bytes with all edits."""
        pieces, done = [], 0
        for start, end, text in sorted(self.edits, key=lambda edit: edit[:2]):
            pieces += [self.data[done:start], text.encode()]
            done = end
        return b"".join([*pieces, self.data[done:]])


class _Look(NamedTuple):
    """What Markdown says about a character."""

    bold: bool = False
    italic: bool = False
    strike: bool = False
    link: str = ""


class _Token(NamedTuple):
    """A character of a paragraph, or an object: a run or mark that is kept as it stands.

    Attributes:
        text: "" for an object that the text does not show.
        properties: the XML of the run's properties.
        wrappers: the XML before and after, of the elements around the run.
        xml: of an object.
        new_link: the target of a link that the document does not have yet.
    """

    text: str
    properties: str = ""
    wrappers: tuple[tuple[str, str], ...] = ()
    xml: str = ""
    look: _Look = _Look()
    new_link: str = ""

    @property
    def is_soft(self) -> bool:
        return not self.text and any(f":{name}" in self.xml for name in _SOFT)


@dataclass
class _Chunk:
    """A paragraph, a table or a footnote of the document, and its Markdown.

    Attributes:
        kind: of a paragraph, that its Markdown has: see `_kind_of`.
        prefix: the marks before the text.
        paragraphs: several for a footnote or a cell, which become one when they change.
    """

    part: _Part
    paragraphs: list[_Node]
    source: str
    kind: tuple[str, int] = ("", 0)
    prefix: str = ""
    table: _Node | None = None
    cells: list[list[_Chunk]] = field(default_factory=list)


def read_text(name: str, data: bytes, limits: Limits) -> WordText:
    """Return a document as Markdown that `with_text` writes into it again."""
    try:
        document = _Document(name, data, limits)
    except (ValueError, LookupError, expat.ExpatError):
        return WordText(None)
    return WordText(document.text if document.is_exact else None, document.counts())


def with_text(name: str, data: bytes, text: str, limits: Limits) -> bytes:
    """Return a document with another text. Raises DocumentDamagedError."""
    try:
        return _Document(name, data, limits).with_text(text)
    except (ValueError, LookupError, expat.ExpatError) as error:
        raise refusals.damaged_error(name, str(error)[:300]) from error


class _Document:
    def __init__(self, name: str, data: bytes, limits: Limits) -> None:
        self._package, self._data = Package(name, data, limits), data
        main = self._package.main_part(_MAIN_PART)
        self._main_name = main
        self._links = self._package.relationships(main)
        related = dict(self._package.related(main))
        styles = self._package.xml_if_readable(related.get("styles", "word/styles.xml"))
        self._styles = WordStyles(styles)
        self._names = {
            style.get(f"{WORD}styleId", ""): value_of(style, "name").lower()
            for style in styles.iterfind(f"{WORD}style")
            if style.get(f"{WORD}type", "paragraph") == "paragraph"
        }
        numbering = self._package.xml_if_readable(related.get("numbering", "word/numbering.xml"))
        self._numbering = WordNumbering(numbering, self._styles)
        self._main = _Part(main, self._package.content(main))
        self._parts = [self._main]
        tree = self._package.xml(main)
        elements = dict(
            zip(
                (id(node) for node in self._main.root.iter() if node.name == "p"),
                tree.iter(f"{WORD}p"),
                strict=True,
            )
        )
        self._elements: dict[int, ElementTree.Element] = elements
        body = self._main.root.child("body")
        if body is None:
            raise ValueError("it has no body")
        self._body = body
        self._list_widths: list[int] = []
        self._field_code = self._field_link = ""
        self._notes: dict[str, _Token] = {}
        self.chunks = [
            chunk for node in _inside(body, ("p", "tbl")) if (chunk := self._chunk_of(node))
        ]
        if "footnotes" in related and related["footnotes"] in self._package:
            self.chunks += self._footnotes(related["footnotes"])

    # -------------------------------------------------------------- reading

    @property
    def text(self) -> str:
        pieces: list[str] = []
        for index, chunk in enumerate(self.chunks):
            if index:
                both = self.chunks[index - 1].kind[0], chunk.kind[0]
                is_list = all(kind in ("bullet", "number") for kind in both)
                pieces.append("\n" if is_list else "\n\n")
            pieces.append(chunk.source)
        return "".join(pieces)

    @property
    def is_exact(self) -> bool:
        """Return True if the text is cut into the same chunks again."""
        return split_chunks(self.text) == [chunk.source for chunk in self.chunks]

    def counts(self) -> dict[str, int]:
        """Return how much of each kind the text does not show."""
        names = [node.name.rpartition(":")[2] for node in self._main.root.iter()]
        counts = {kind: sum(name in found for name in names) for kind, found in _COUNTED.items()}
        counts["headers"] = sum(
            any(map(str.isalpha, "".join(self._package.xml_if_readable(target).itertext())))
            for kind, target in self._package.related(self._main_name)
            if kind in ("header", "footer")
        )
        return {kind: count for kind, count in counts.items() if count}

    def _chunk_of(self, node: _Node) -> _Chunk | None:
        if node.name == "tbl":
            self._list_widths.clear()
            return self._table_of(node)
        element = self._elements[id(node)]
        label = self._numbering.label(element)
        tokens = list(self._tokens(self._main, node))
        if not "".join(token.text for token in tokens).strip():
            return None  # it stays as it is: an empty line, or a picture
        name = self._style_name(element)
        prefix, kind = "", ("", 0)
        if found := _HEADING_NAME.fullmatch(name):
            level = min(int(found[1]), _DEEPEST)
            prefix, kind = f"{'#' * level} ", ("heading", level)
        elif name == _TITLE:
            prefix, kind = "# ", ("heading", 1)
        elif label is not None and not (label.text and not re.search("[0-9a-z]", label.text)):
            named = _LIST_NAME.fullmatch(name)
            level = int(named[1]) - 1 if named and not label.level else label.level
            del self._list_widths[level:]
            level = len(self._list_widths)
            digits = re.search("[0-9]+", label.text)
            mark = f"{digits[0] if digits else 1}." if label.text else "-"
            prefix = f"{' ' * sum(self._list_widths)}{mark} "
            self._list_widths.append(len(mark) + 1)
            kind = ("number" if label.text else "bullet", level)
        elif _QUOTE_NAME.fullmatch(name):
            prefix, kind = "> ", ("quote", 0)
        if kind[0] not in ("number", "bullet"):
            self._list_widths.clear()
        source = _inline(tokens, shows_bold=kind[0] != "heading")
        return _Chunk(self._main, [node], f"{prefix}{source}", kind, prefix)

    def _style_name(self, element: ElementTree.Element) -> str:
        style = value_of(element.find(f"{WORD}pPr"), "pStyle")
        return self._names.get(style or self._styles.default_paragraph, "")

    def _table_of(self, node: _Node) -> _Chunk | None:
        rows = [
            [self._cell_of(cell) for cell in _inside(row, ("tc",))]
            for row in _inside(node, ("tr",))
        ]
        if not rows or not any(cell.source for row in rows for cell in row):
            return None
        source = _table_source([[cell.source for cell in row] for row in rows])
        return _Chunk(self._main, [], source, ("table", 0), table=node, cells=rows)

    def _cell_of(self, node: _Node) -> _Chunk:
        paragraphs = [each for each in node.iter() if each.name == "p"]
        lines = [_inline(list(self._tokens(self._main, each))) for each in paragraphs]
        return _Chunk(self._main, paragraphs, _cell_source(_CELL_BREAK.join(filter(None, lines))))

    def _footnotes(self, part_name: str) -> Iterator[_Chunk]:
        part = _Part(part_name, self._package.content(part_name))
        self._parts.append(part)
        notes = {node.attributes.get("w:id"): node for node in part.root.children}
        for node in self._body.iter():
            note_id = node.attributes.get("w:id", "")
            if node.name == "footnoteReference" and (note := notes.pop(note_id, None)):
                paragraphs = [each for each in note.iter() if each.name == "p"]
                lines = [_inline(list(self._tokens(part, each))) for each in paragraphs]
                prefix = f"[^{note_id}]: "
                source = prefix + " ".join(line.strip() for line in lines if line)
                yield _Chunk(part, paragraphs, source, ("note", int(note_id)), prefix)

    def _tokens(
        self, part: _Part, parent: _Node, wrappers: tuple[tuple[str, str], ...] = (), link: str = ""
    ) -> Iterator[_Token]:
        for node in parent.children:
            if node.name == "pPr":
                continue
            if node.name == "r":
                yield from self._run_tokens(part, node, wrappers, link)
            elif node.name in _RUN_WRAPPERS:
                content = node.child("sdtContent") if node.name == "sdt" else node
                if content is None or content.end == content.inner_start:
                    yield _Token("", wrappers=wrappers, xml=part.of(node))
                    continue
                before = part.source(node.start, content.inner_start)
                after = part.source(content.inner_end, node.end)
                target = self._links.get(node.attributes.get("r:id", ""), "")
                inner = target if node.name == "hyperlink" else link
                yield from self._tokens(part, content, (*wrappers, (before, after)), inner)
            else:
                yield _Token("", wrappers=wrappers, xml=part.of(node))

    def _follow_field(self, node: _Node) -> None:
        """Note the target of the field around the next runs, if it is a link."""
        kind = node.attributes.get("w:fldCharType", "")
        if kind in ("begin", "end"):
            self._field_code = self._field_link = ""
        elif kind == "separate" and (found := _LINK_CODE.fullmatch(self._field_code)):
            self._field_link = found[1]
        elif node.name == "instrText":
            self._field_code += node.text

    def _run_tokens(
        self, part: _Part, run: _Node, wrappers: tuple[tuple[str, str], ...], link: str
    ) -> Iterator[_Token]:
        stated = run.child("rPr")
        properties = part.of(stated)
        flags = {
            each.name: each.attributes.get("w:val", "1") not in _OFF
            for each in (stated.children if stated else ())
        }
        b, i, strike = (flags.get(name, False) for name in ("b", "i", "strike"))
        look = _Look(b, i, strike, link or self._field_link)
        if flags.get("vanish"):
            yield _Token("", wrappers=wrappers, xml=part.of(run))
            return
        for node in run.children:
            kept = f"<w:r>{properties}{part.of(node)}</w:r>"
            shown = ""
            if node.name == "t":
                for char in node.text:
                    yield _Token(char, properties, wrappers, look=look)
                continue
            if node.name == "rPr":
                continue
            if node.name in ("fldChar", "instrText"):
                self._follow_field(node)
            elif node.name == "tab":
                shown = "\t"
            elif node.name in ("br", "cr") and node.attributes.get("w:type", "") in (
                *("", "textWrapping"),
            ):
                shown = "\n"
            elif node.name == "noBreakHyphen":
                shown = "\u2011"
            elif node.name == "footnoteReference" and part is self._main:
                shown = f"[^{node.attributes.get('w:id', '')}]"
                self._notes[shown] = _Token(shown, properties, (), kept, look)
            yield _Token(shown, properties, wrappers, kept, look)

    # -------------------------------------------------------------- writing

    def with_text(self, text: str) -> bytes:
        new = split_chunks(text)
        last: _Chunk | None = None
        for chunk, source in _paired([chunk.source for chunk in self.chunks], new):
            old = None if chunk is None else self.chunks[chunk]
            if old is None:
                self._insert(source or "", last)
                continue
            if source is None:
                self._delete(old)
            elif source != old.source:
                self._change(old, source)
            if old.part is self._main:
                last = old
        return self._packed()

    def _packed(self) -> bytes:
        changed = {part.name: part.edited() for part in self._parts if part.edits}
        target = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(self._data)) as old, zipfile.ZipFile(target, "w") as new:
            for member in old.infolist():
                content = changed.get(member.filename)
                new.writestr(member, old.read(member) if content is None else content)
        return target.getvalue()

    def _change(self, chunk: _Chunk, source: str) -> None:
        if chunk.table is not None:
            self._change_table(chunk, source)
            return
        kind, inline = _kind_of(source)
        if source.startswith("|") or (chunk.kind[0] == "note") != (kind[0] == "note"):
            if chunk.kind[0] != "note":
                self._insert(source, chunk)
            self._delete(chunk)
            return
        first, *others = chunk.paragraphs
        part = chunk.part
        old_inline = chunk.source[len(chunk.prefix) :]
        tokens = list(self._tokens(part, first))
        properties = part.of(first.child("pPr"))
        if (kind[0], kind[1]) != chunk.kind:
            properties = self._properties_of(kind, chunk)
        runs = _runs(_merged(tokens, "" if others else old_inline, inline, self._notes))
        start = part.source(first.start, first.inner_start)
        part.edits.append((first.start, first.end, f"{start}{properties}{runs}</w:p>"))
        for other in others:
            self._remove(part, other)

    def _change_table(self, chunk: _Chunk, source: str) -> None:
        table = chunk.table
        assert table is not None
        rows = _rows_of(source)
        width = max(map(len, chunk.cells))
        if not rows or max(map(len, rows)) != width:
            self._insert(source, chunk)
            chunk.part.edits.append((table.start, table.end, ""))
            return
        nodes = list(_inside(table, ("tr",)))
        old = [_row_source([cell.source for cell in row], width) for row in chunk.cells]
        last = None
        for index, new_row in _paired(old, [_row_source(row, width) for row in rows]):
            if index is None:
                model = nodes[0 if last is None else last]
                at = model.start if last is None else model.end
                filled = self._filled_row(chunk.part, model, _cells_of(new_row or ""))
                chunk.part.edits.append((at, at, filled))
                continue
            last = index
            if new_row is None:
                chunk.part.edits.append((nodes[index].start, nodes[index].end, ""))
                continue
            for cell, words in zip(chunk.cells[index], _cells_of(new_row), strict=False):
                if words != cell.source and cell.paragraphs:
                    inline = replace_breaks(words)
                    self._change_cell(cell, inline)

    def _change_cell(self, cell: _Chunk, inline: str) -> None:
        first, *others = cell.paragraphs
        tokens = list(self._tokens(cell.part, first))
        old = "" if others else replace_breaks(cell.source)
        start = cell.part.source(first.start, first.inner_start)
        if first.inner_start == first.end:  # <w:p/>
            start = f"{start.removesuffix('/>')}>"
        properties = cell.part.of(first.child("pPr"))
        runs = _runs(_merged(tokens, old, inline, self._notes))
        cell.part.edits.append((first.start, first.end, f"{start}{properties}{runs}</w:p>"))
        for other in others:
            cell.part.edits.append((other.start, other.end, ""))

    def _filled_row(self, part: _Part, row: _Node, cells: Sequence[str]) -> str:
        """Return a row like another one, with other texts."""
        pieces, done = [], row.start
        for cell, words in zip(_inside(row, ("tc",)), cells, strict=False):
            paragraphs = [each for each in cell.iter() if each.name == "p"]
            if not paragraphs:
                continue
            first = paragraphs[0]
            tokens = list(self._tokens(part, first))
            properties = part.of(first.child("pPr"))
            runs = _runs(_merged([t for t in tokens if t.text], "", replace_breaks(words), {}))
            pieces += [part.source(done, first.start), f"<w:p>{properties}{runs}</w:p>"]
            done = paragraphs[-1].end
        return "".join([*pieces, part.source(done, row.end)])

    def _delete(self, chunk: _Chunk) -> None:
        if chunk.table is not None:
            chunk.part.edits.append((chunk.table.start, chunk.table.end, ""))
        for paragraph in chunk.paragraphs if chunk.kind[0] != "note" else ():
            self._remove(chunk.part, paragraph)

    def _remove(self, part: _Part, paragraph: _Node) -> None:
        """Remove a paragraph, but for what the text does not show."""
        kept = [t for t in self._tokens(part, paragraph) if not t.text and not t.is_soft]
        properties = paragraph.child("pPr")
        ends_section = properties is not None and properties.child("sectPr") is not None
        if kept or ends_section:
            start = part.source(paragraph.start, paragraph.inner_start)
            rest = f"{start}{part.of(properties)}{_runs(kept)}</w:p>"
        else:
            rest = ""
        part.edits.append((paragraph.start, paragraph.end, rest))

    def _insert(self, source: str, last: _Chunk | None) -> None:
        at = self._body.inner_start
        if last is not None:
            at = last.paragraphs[-1].end if last.table is None else last.table.end
        if source.startswith("|") and (rows := _rows_of(source)):
            model = next((c for c in self.chunks if c.table is not None), None)
            node = None if model is None or model.table is None else model.table.child("tblPr")
            self._main.edits.append((at, at, _table_xml(rows, self._main.of(node))))
            return
        kind, inline = _kind_of(source)
        if kind[0] == "note":
            kind, inline = ("", 0), source
        properties = self._properties_of(kind, last)
        runs = _runs(_merged([], "", inline, self._notes))
        self._main.edits.append((at, at, f"<w:p>{properties}{runs}</w:p>"))

    def _properties_of(self, kind: tuple[str, int], near: _Chunk | None) -> str:
        """Return the properties of paragraphs of a kind: those of the nearest one, or a style."""
        alike = [c for c in self.chunks if c.kind == kind and c.part is self._main and c.paragraphs]
        if alike:
            place = near.paragraphs[0].start if near is not None and near.paragraphs else 0
            model = min(alike, key=lambda c: abs(c.paragraphs[0].start - place))
            node = model.paragraphs[0].child("pPr")
            if node is not None and node.child("sectPr") is None:
                return self._main.of(node)
        deeper = f" {kind[1] + 1}" if kind[1] else ""
        wanted = {
            "heading": f"heading {kind[1]}",
            "bullet": f"list bullet{deeper}",
            "number": f"list number{deeper}",
            "quote": "quote",
        }.get(kind[0], "")
        style = next((id_ for id_, name in self._names.items() if wanted and name == wanted), "")
        return f"<w:pPr><w:pStyle w:val={quoteattr(style)}/></w:pPr>" if style else ""


def _inside(parent: _Node, names: Sequence[str]) -> Iterator[_Node]:
    """Yield the elements with these names, also in containers."""
    for node in parent.children:
        if node.name in names:
            yield node
        elif node.name in _CONTAINERS:
            yield from _inside(node, names)


# -------------------------------------------------------------- Markdown


def split_chunks(text: str) -> list[str]:
    """Return the paragraphs, items, tables and code blocks of a Markdown text."""
    chunks: list[list[str]] = [[]]
    is_code = False
    for line in text.split("\n"):
        if _FENCE.match(line):
            is_code = not is_code
            if is_code and chunks[-1]:
                chunks.append([])
            chunks[-1].append(line)
        elif is_code:
            chunks[-1].append(line)
        elif not line.strip():
            chunks.append([])
        else:
            former = chunks[-1][-1] if chunks[-1] else ""
            begins = (
                _ITEM_LINE.match(line)
                or _HEADING_LINE.match(line)
                or _HEADING_LINE.match(former)
                or line.startswith("|") != former.startswith("|")
                or line.startswith(">") != former.startswith(">")
            )
            if begins and not former.endswith("\\"):
                chunks.append([])
            chunks[-1].append(line)
    return ["\n".join(lines) for lines in chunks if lines]


def _kind_of(source: str) -> tuple[tuple[str, int], str]:
    """Return the kind and level of a chunk, and its text without the marks."""
    found = _CHUNK.fullmatch(source)
    if found is None:
        return ("", 0), source
    if found["heading"]:
        return ("heading", len(found["heading"])), found["title"]
    if found["mark"]:
        kind = "bullet" if found["mark"] in "-*+" else "number"
        return (kind, len(found["indent"]) // 2), found["item"]
    if found["quote"]:
        return ("quote", 0), re.sub("\n> ?", "\n", found["quoted"])
    return ("note", int(found["note"])), found["noted"]


def _looks(source: str) -> list[tuple[str, _Look]] | None:
    """Return the words of a paragraph of Markdown as they are shown; None if it is none."""
    blocks = render(source)
    if [block.kind for block in blocks] != [Kind.PARAGRAPH]:
        return [] if not source else None
    block = blocks[0]
    if block.depth or block.quote or block.marker:
        return None
    return [piece for run in block.runs for piece in _pieces_of(run)]


def _pieces_of(run: Run) -> Iterator[tuple[str, _Look]]:
    text = source_text(run).replace(LINE_BREAK, "\n")
    if run.math:
        text = f"${text}$"
    if run.note:
        text = f"[^{text}]"
    look = _Look(run.bold, run.italic, run.strike, run.link)
    for word in _WORD_OF_TEXT.findall(text):
        yield word, look


def _words(source: str) -> list[tuple[str, _Look]]:
    """Return the words of Markdown; of what is no single paragraph, as it is written."""
    found = _looks(source)
    if found is None:
        return [(word, _Look()) for word in _WORD_OF_TEXT.findall(source)]
    return found


def _inline(tokens: Sequence[_Token], *, shows_bold: bool = True) -> str:
    """Return the Markdown of a paragraph, with as few escapes as it needs."""
    shown = [token for token in tokens if token.text]
    plain = "".join(token.text for token in shown).strip()
    if not shows_bold:
        shown = [t._replace(look=t.look._replace(bold=False)) for t in shown]
    attempts: list[tuple[Callable[[str], str], bool]] = [
        (lambda text: text, True),
        (lambda text: _LIGHTLY_SPECIAL.sub(r"\\\g<0>", text), True),
        (lambda text: _SPECIAL.sub(r"\\\g<0>", text), True),
        (lambda text: _SPECIAL.sub(r"\\\g<0>", text), False),
    ]
    source = plain
    for write, shows_looks in attempts:
        source = _with_marks(shown, write, shows_looks=shows_looks)
        found = _looks(source)
        if found is not None and "".join(word for word, _ in found).strip() == plain:
            return source
        source = _AT_START.sub(r"\\", source, count=1)
        found = _looks(source)
        if found is not None and "".join(word for word, _ in found).strip() == plain:
            return source
    return source


def _with_marks(tokens: Sequence[_Token], write: Callable[[str], str], *, shows_looks: bool) -> str:
    pieces: list[str] = []
    run: list[_Token] = []

    def flush() -> None:
        text = "".join(token.text for token in run)
        look = run[0].look if run and shows_looks else _Look()
        bare = text.strip()
        start, end = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        written = "".join(
            part if part.startswith("[^") else write(part)
            for part in re.split(r"(\[\^[0-9]+\])", bare)
        ).replace("\n", "\\\n")
        if bare and look.strike:
            written = f"~~{written}~~"
        if bare and look.italic:
            written = f"*{written}*"
        if bare and look.bold:
            written = f"**{written}**"
        if bare and look.link and " " not in look.link and ")" not in look.link:
            written = f"[{written}]({look.link})"
        pieces.append(f"{start}{written}{end}" if bare else text.replace("\n", "\\\n"))

    for token in tokens:
        if run and token.look != run[0].look:
            flush()
            run.clear()
        run.append(token)
    flush()
    return "".join(pieces).strip()


def _cell_source(inline: str) -> str:
    return inline.replace("\\\n", _CELL_BREAK).replace("\n", " ").replace("|", "\\|")


def replace_breaks(cell: str) -> str:
    """Return the Markdown of a cell as that of a paragraph."""
    return cell.replace("\\|", "|").replace(_CELL_BREAK, "\\\n")


def _row_source(cells: Sequence[str], width: int) -> str:
    padded = [*cells, *[""] * (width - len(cells))]
    return f"| {' | '.join(padded)} |"


def _table_source(rows: Sequence[Sequence[str]]) -> str:
    width = max(map(len, rows))
    lines = [_row_source(row, width) for row in rows]
    lines.insert(1, f"| {' | '.join(['---'] * width)} |")
    return "\n".join(lines)


def _cells_of(row: str) -> list[str]:
    return [cell.strip() for cell in _CELL_EDGE.split(row.strip())[1:-1]]


def _rows_of(source: str) -> list[list[str]]:
    """Return the cells of a table of Markdown, without the line below its head."""
    rows = [_cells_of(line) for line in source.split("\n")]
    rule = re.compile(":?-+:?")
    return [row for row in rows if row and not all(rule.fullmatch(cell) for cell in row)]


# -------------------------------------------------------------- differences


def _paired(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int | None, str | None]]:
    """Yield, in order, the number of each old text with the new one in its place."""
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            yield from zip(range(old_start, old_end), new[new_start:new_end], strict=True)
            continue
        added = list(new[new_start:new_end])
        for number in range(old_start, old_end):
            remaining = old_end - number
            ratios = [_similarity(old[number], text) for text in added]
            best = max(ratios, default=0.0)
            if len(added) == remaining:
                index = 0  # each has one in its place
            elif best >= _MIN_SIMILARITY:
                index = ratios.index(best)
            else:
                yield number, None
                continue
            yield from ((None, text) for text in added[:index])
            yield number, added[index]
            del added[: index + 1]
        yield from ((None, text) for text in added)


def _similarity(one: str, other: str) -> float:
    words, others = set(one.split()), set(other.split())
    return 2 * len(words & others) / (len(words) + len(others) or 1)


def _merged(
    tokens: Sequence[_Token], old: str, new: str, notes: Mapping[str, _Token]
) -> Iterator[_Token]:
    """Yield what a paragraph consists of once its Markdown is another one.

    Words that stay keep their runs; objects that the text does not show stay where they are.

    Args:
        notes: the references to footnotes by their marks, which may come from elsewhere.
    """
    old_words, new_words = _words(old), _words(new)
    shown = "".join(token.text for token in tokens)
    plain = "".join(word for word, _ in old_words)
    if shown.strip() != plain.strip():  # several paragraphs, or what Markdown cannot say
        old_words = [(word, _Look()) for word in _WORD_OF_TEXT.findall(shown)]
    elif shown != plain:  # outer white space
        lead = shown[: len(shown) - len(shown.lstrip())]
        tail = shown[len(shown.rstrip()) :]
        inner = [(w, look) for w, look in old_words]
        old_words = [*[(c, _Look()) for c in lead], *inner, *[(c, _Look()) for c in tail]]
        new_words = [*[(c, _Look()) for c in lead], *new_words, *[(c, _Look()) for c in tail]]
    queue = list(tokens)
    neighbor = next((token for token in tokens if token.text and not token.xml), _Token(""))

    def take(length: int) -> Iterator[_Token]:
        """Yield the tokens of so many characters, with the objects before them."""
        while length > 0 and queue:
            token = queue.pop(0)
            length -= len(token.text)
            yield token

    plain_words = [[word for word, _ in words] for words in (old_words, new_words)]
    for tag, old_start, old_end, new_start, new_end in _word_opcodes(*plain_words):
        if tag == "equal":
            for (word, old_look), (_, new_look) in zip(
                old_words[old_start:old_end], new_words[new_start:new_end], strict=True
            ):
                for token in take(len(word)):
                    if token.text and not token.xml:
                        neighbor = token._replace(look=old_look)
                    yield _with_look(token, old_look, new_look)
            continue
        while tag == "replace" and queue and not queue[0].text:
            yield queue.pop(0)
        old_look = neighbor.look
        follows = old_words[old_start][1] if old_start < len(old_words) else None
        becomes = new_words[new_start][1] if new_start < new_end else None
        if follows is not None and (tag == "replace" or old_look != becomes == follows):
            old_look = follows
            neighbor = next((t for t in queue if t.text and not t.xml), neighbor)
        for word, look in new_words[new_start:new_end]:
            if note := notes.get(word):
                yield note._replace(wrappers=())
                continue
            token = neighbor._replace(text=word, xml="", look=look)
            if look.link != old_look.link or tag == "insert":
                token = token._replace(wrappers=(), new_link=look.link)
            yield _with_look(token, old_look._replace(link=look.link), look)
        removed = take(sum(len(word) for word, _ in old_words[old_start:old_end]))
        yield from (token for token in list(removed) if not token.text)
    yield from (token for token in queue if not token.text)


def _word_opcodes(
    old: Sequence[str], new: Sequence[str]
) -> Iterator[tuple[str, int, int, int, int]]:
    """Yield the opcodes of difflib; what is inserted ends with a space rather than begins so."""
    shift = 0
    opcodes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for tag, old_start, old_end, new_start, new_end in opcodes:
        if (
            tag == "insert"
            and new[new_start].isspace()
            and old[old_end : old_end + 1] == [new[new_start]]
        ):
            shift = 1
            yield "equal", old_start, old_start + 1, new_start, new_start + 1
            yield tag, old_start + 1, old_end + 1, new_start + 1, new_end + 1
        else:
            yield tag, old_start + shift, old_end, new_start + shift, new_end
            shift = 0


def _with_look(token: _Token, old: _Look, new: _Look) -> _Token:
    """Return a token whose look changes as that of its word in Markdown does."""
    token = token._replace(look=new)
    if old.link != new.link and not token.xml:
        outer = tuple(each for each in token.wrappers if not each[0].startswith("<w:hyperlink"))
        token = token._replace(wrappers=outer, new_link=new.link)
    if old[:3] == new[:3] or not token.text:
        return token
    properties = token.properties
    for name, was, becomes in zip(("b", "i", "strike"), old[:3], new[:3], strict=True):
        if was == becomes:
            continue
        properties = re.sub(rf"<w:{name}(?:Cs)?(?: [^>]*)?/>", "", properties)
        if becomes:
            stated = f"<w:{name}/>"
            found = re.match(r"<w:rPr(?: [^>]*)?>(?:<w:(?:rStyle|rFonts)\b[^>]*/>)*", properties)
            at = found.end() if found else 0
            properties = (
                f"{properties[:at]}{stated}{properties[at:]}"
                if found
                else f"<w:rPr>{stated}</w:rPr>"
            )
    return token._replace(properties=properties)


def _runs(tokens: Iterable[_Token]) -> str:
    """Return the XML of tokens: a run for characters that share all."""
    pieces: list[str] = []
    open_wrappers: tuple[tuple[str, str], ...] = ()
    text, properties, link = "", "", ""

    def flush() -> None:
        nonlocal text
        if text:
            run = f"<w:r>{properties}{_text_xml(text)}</w:r>"
            pieces.append(_linked(run, link) if link else run)
        text = ""

    for token in tokens:
        is_same = (token.wrappers, token.properties, token.new_link) == (
            *(open_wrappers, properties, link),
        )
        if token.xml or not is_same:
            flush()
        if token.wrappers != open_wrappers:
            common = 0
            for one, other in zip(open_wrappers, token.wrappers, strict=False):
                if one != other:
                    break
                common += 1
            pieces += [after for _, after in reversed(open_wrappers[common:])]
            pieces += [before for before, _ in token.wrappers[common:]]
            open_wrappers = token.wrappers
        if token.xml:
            pieces.append(token.xml)
        else:
            properties, link = token.properties, token.new_link
            text += token.text
    flush()
    pieces += [after for _, after in reversed(open_wrappers)]
    return "".join(pieces)


def _text_xml(text: str) -> str:
    names = {"\n": "<w:br/>", "\t": "<w:tab/>"}
    pieces = []
    for part in filter(None, re.split("([\n\t])", text)):
        space = "" if part == part.strip() else ' xml:space="preserve"'
        pieces.append(names.get(part) or f"<w:t{space}>{escape(part)}</w:t>")
    return "".join(pieces)


def _linked(run: str, link: str) -> str:
    """Return a run as the result of a field, which needs no relationship."""
    code = escape(f' HYPERLINK "{link}" '.replace("\\", "%5C"))
    marks = {
        kind: f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'
        for kind in ("begin", "separate", "end")
    }
    text = f'<w:r><w:instrText xml:space="preserve">{code}</w:instrText></w:r>'
    return f"{marks['begin']}{text}{marks['separate']}{run}{marks['end']}"


def _table_xml(rows: Sequence[Sequence[str]], properties: str) -> str:
    width = max(map(len, rows))
    usual = '<w:tblPr><w:tblW w:w="0" w:type="auto"/></w:tblPr>'
    grid = "".join("<w:gridCol/>" for _ in range(width))
    lines = [
        "".join(
            f"<w:tc><w:p>{_runs(_merged([], '', replace_breaks(cell), {}))}</w:p></w:tc>"
            for cell in [*row, *[""] * (width - len(row))]
        )
        for row in rows
    ]
    body = "".join(f"<w:tr>{line}</w:tr>" for line in lines)
    # Two tables in sequence would become one.
    return f"<w:tbl>{properties or usual}<w:tblGrid>{grid}</w:tblGrid>{body}</w:tbl><w:p/>"
