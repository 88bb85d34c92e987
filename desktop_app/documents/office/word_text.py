"""A Word document as Markdown that can be written back: only what changed is replaced.

Each paragraph and table of the body, and each footnote, is a chunk of the text. What differs when
the text comes back is spliced into the bytes of the document, so all else stays as it was, also
what Markdown cannot say: styles, pictures, comments, tracked changes, headers.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from desktop_app.documents import refusals
from desktop_app.documents.office.package import Package
from desktop_app.documents.office.word_markdown import (
    CELL_BREAK,
    Look,
    Token,
    cell_source,
    cells_of,
    inline_source,
    kind_of,
    merged_tokens,
    paired,
    replace_breaks,
    row_source,
    rows_of,
    runs_xml,
    split_chunks,
    table_source,
    table_xml,
)
from desktop_app.documents.office.word_numbering import WordNumbering
from desktop_app.documents.office.word_styles import WORD, WordStyles, value_of
from desktop_app.documents.worker.protocol import Limits, WordText

_MAIN_PART: Final = "word/document.xml"
_OFF: Final = ("0", "false", "off")
_HEADING_NAME: Final = re.compile(r"heading ([1-9])", re.IGNORECASE)
_QUOTE_NAME: Final = re.compile(r"(?:intense )?quote", re.IGNORECASE)
_LIST_NAME: Final = re.compile(r"list (?:bullet|number) ([2-5])", re.IGNORECASE)
_TITLE: Final = "title"
_DEEPEST: Final = 6
_LINK_CODE: Final = re.compile(r'\s*HYPERLINK\s+"([^"\\]+)"\s*')
_TAG: Final = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")
_CONTAINERS: Final = ("sdt", "sdtContent", "customXml", "smartTag", "ins", "moveTo")
"""Elements around paragraphs, rows, cells or runs, which are read as if they were not there."""
_RUN_WRAPPERS: Final = (*_CONTAINERS, "hyperlink", "fldSimple", "bdo", "dir")
_COUNTED: Final = {
    "comments": ("commentReference",),
    "changes": ("ins", "del", "moveFrom"),
    "pictures": ("drawing", "pict", "object"),
    "boxes": ("txbxContent",),
    "formulas": ("oMath",),
}


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


@dataclass
class _Chunk:
    """A paragraph, a table or a footnote of the document, and its Markdown.

    Attributes:
        kind: of a paragraph, that its Markdown has: see `kind_of`.
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
        self._notes: dict[str, Token] = {}
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
        source = inline_source(tokens, shows_bold=kind[0] != "heading")
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
        source = table_source([[cell.source for cell in row] for row in rows])
        return _Chunk(self._main, [], source, ("table", 0), table=node, cells=rows)

    def _cell_of(self, node: _Node) -> _Chunk:
        paragraphs = [each for each in node.iter() if each.name == "p"]
        lines = [inline_source(list(self._tokens(self._main, each))) for each in paragraphs]
        return _Chunk(self._main, paragraphs, cell_source(CELL_BREAK.join(filter(None, lines))))

    def _footnotes(self, part_name: str) -> Iterator[_Chunk]:
        part = _Part(part_name, self._package.content(part_name))
        self._parts.append(part)
        notes = {node.attributes.get("w:id"): node for node in part.root.children}
        for node in self._body.iter():
            note_id = node.attributes.get("w:id", "")
            if node.name == "footnoteReference" and (note := notes.pop(note_id, None)):
                paragraphs = [each for each in note.iter() if each.name == "p"]
                lines = [inline_source(list(self._tokens(part, each))) for each in paragraphs]
                prefix = f"[^{note_id}]: "
                source = prefix + " ".join(line.strip() for line in lines if line)
                yield _Chunk(part, paragraphs, source, ("note", int(note_id)), prefix)

    def _tokens(
        self, part: _Part, parent: _Node, wrappers: tuple[tuple[str, str], ...] = (), link: str = ""
    ) -> Iterator[Token]:
        for node in parent.children:
            if node.name == "pPr":
                continue
            if node.name == "r":
                yield from self._run_tokens(part, node, wrappers, link)
            elif node.name in _RUN_WRAPPERS:
                content = node.child("sdtContent") if node.name == "sdt" else node
                if content is None or content.end == content.inner_start:
                    yield Token("", wrappers=wrappers, xml=part.of(node))
                    continue
                before = part.source(node.start, content.inner_start)
                after = part.source(content.inner_end, node.end)
                target = self._links.get(node.attributes.get("r:id", ""), "")
                inner = target if node.name == "hyperlink" else link
                yield from self._tokens(part, content, (*wrappers, (before, after)), inner)
            else:
                yield Token("", wrappers=wrappers, xml=part.of(node))

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
    ) -> Iterator[Token]:
        stated = run.child("rPr")
        properties = part.of(stated)
        flags = {
            each.name: each.attributes.get("w:val", "1") not in _OFF
            for each in (stated.children if stated else ())
        }
        b, i, strike = (flags.get(name, False) for name in ("b", "i", "strike"))
        look = Look(b, i, strike, link or self._field_link)
        if flags.get("vanish"):
            yield Token("", wrappers=wrappers, xml=part.of(run))
            return
        for node in run.children:
            kept = f"<w:r>{properties}{part.of(node)}</w:r>"
            shown = ""
            if node.name == "t":
                for char in node.text:
                    yield Token(char, properties, wrappers, look=look)
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
                self._notes[shown] = Token(shown, properties, (), kept, look)
            yield Token(shown, properties, wrappers, kept, look)

    # -------------------------------------------------------------- writing

    def with_text(self, text: str) -> bytes:
        new = split_chunks(text)
        last: _Chunk | None = None
        for chunk, source in paired([chunk.source for chunk in self.chunks], new):
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
        kind, inline = kind_of(source)
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
        runs = runs_xml(merged_tokens(tokens, "" if others else old_inline, inline, self._notes))
        start = part.source(first.start, first.inner_start)
        part.edits.append((first.start, first.end, f"{start}{properties}{runs}</w:p>"))
        for other in others:
            self._remove(part, other)

    def _change_table(self, chunk: _Chunk, source: str) -> None:
        table = chunk.table
        assert table is not None
        rows = rows_of(source)
        width = max(map(len, chunk.cells))
        if not rows or max(map(len, rows)) != width:
            self._insert(source, chunk)
            chunk.part.edits.append((table.start, table.end, ""))
            return
        nodes = list(_inside(table, ("tr",)))
        old = [row_source([cell.source for cell in row], width) for row in chunk.cells]
        last = None
        for index, new_row in paired(old, [row_source(row, width) for row in rows]):
            if index is None:
                model = nodes[0 if last is None else last]
                at = model.start if last is None else model.end
                filled = self._filled_row(chunk.part, model, cells_of(new_row or ""))
                chunk.part.edits.append((at, at, filled))
                continue
            last = index
            if new_row is None:
                chunk.part.edits.append((nodes[index].start, nodes[index].end, ""))
                continue
            for cell, words in zip(chunk.cells[index], cells_of(new_row), strict=False):
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
        runs = runs_xml(merged_tokens(tokens, old, inline, self._notes))
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
            runs = runs_xml(
                merged_tokens([t for t in tokens if t.text], "", replace_breaks(words), {})
            )
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
            rest = f"{start}{part.of(properties)}{runs_xml(kept)}</w:p>"
        else:
            rest = ""
        part.edits.append((paragraph.start, paragraph.end, rest))

    def _insert(self, source: str, last: _Chunk | None) -> None:
        at = self._body.inner_start
        if last is not None:
            at = last.paragraphs[-1].end if last.table is None else last.table.end
        if source.startswith("|") and (rows := rows_of(source)):
            model = next((c for c in self.chunks if c.table is not None), None)
            node = None if model is None or model.table is None else model.table.child("tblPr")
            self._main.edits.append((at, at, table_xml(rows, self._main.of(node))))
            return
        kind, inline = kind_of(source)
        if kind[0] == "note":
            kind, inline = ("", 0), source
        properties = self._properties_of(kind, last)
        runs = runs_xml(merged_tokens([], "", inline, self._notes))
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
