"""Converts rich text (RTF) to Markdown: headings, lists, tables, footnotes, links.

Follows Microsoft's Rich Text Format Specification 1.9.1. Bytes are characters in the code page of
their font; other characters are written as numbers, with stand-ins for programs that cannot read
the numbers. Tracked deletions, hidden text, and what repeats on every page are left out.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.markdown_text import MarkdownBlock
from desktop_app.documents.office.rtf_table import Row, table_block
from desktop_app.documents.office.symbol_font import is_symbol_font, unicode_text

_TOKEN: Final = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?[0-9]{1,10})? ?|\\'([0-9a-fA-F]{2})|\\(.)|([{}])|([^\\{}\r\n]+)", re.S
)
# Windows code pages by the character set number of a font.
_ENCODING_OF_CHARSET: Final = {
    77: "mac_roman",
    128: "cp932",
    129: "cp949",
    130: "johab",
    134: "gbk",
    136: "big5",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
    255: "cp437",
}
_CHARACTER_WORDS: Final = {
    "tab": "\t",
    "line": "\n",
    "lbr": "\n",
    "emdash": "—",
    "endash": "–",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "bullet": "•",
    "emspace": "\u2003",
    "enspace": "\u2002",
    "qmspace": "\u2005",
    "nestcell": " ",
    "nestrow": " ",
}
_SYMBOLS: Final = {b"~": "\u00a0", b"_": "\u2011", b"\\": "\\", b"{": "{", b"}": "}"}
_SKIPPED: Final = frozenset(
    ("colortbl", "info", "pict", "sp", "shprslt", "nonshppict", "objdata", "objclass", "xe", "tc")
    + ("tcn", "rxe", "txe", "nonesttables", "template", "bkmkstart", "bkmkend", "listtable")
    + ("header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf")
)
# Destinations marked as ignorable that contain the user's words.
_READ_IGNORABLE: Final = frozenset(("shpinst", "fldinst", "moMath", "footnote", "nesttableprops"))
_LABELS: Final = ("listtext", "pntext")
_FORMAT_WORDS: Final = frozenset(
    ("f", "b", "v", "deleted", "super", "sub", "nosupersub", "plain", "uc", "deff")
    + ("ansicpg", "mac", "pc", "pca")
)
_STRUCTURE_WORDS: Final = frozenset(
    ("par", "sect", "page", "pard", "s", "outlinelevel", "ilvl", "intbl", "cell", "row", "trowd")
    + ("cellx", "clvmrg", "clmrg")
)
# All other control words are about appearance, and are most of a file.
_KNOWN_WORDS: Final = (
    _FORMAT_WORDS
    | _STRUCTURE_WORDS
    | _SKIPPED
    | _CHARACTER_WORDS.keys()
    | set(_LABELS)
    | {"fonttbl", "stylesheet"}
) | {"fldinst", "fldrslt", "footnote", "shptxt", "fcharset", "cpg"}
_ADDRESS: Final = re.compile(r'HYPERLINK\s+"([^"]+)"')
_HEADING: Final = re.compile(r"heading ([1-9])")
_NO_OUTLINE: Final = 9
_MAX_DEPTH: Final = 10_000  # maximum nesting of groups; no program writes so many


def read(data: bytes) -> str:
    """Return the document as Markdown; "" if it contains no words.

    Raises:
        RecursionError: nested too deeply.
    """
    reader = _Reader()
    reader.read(data)
    return md.join_blocks([*reader.blocks, *reader.notes.blocks()])


class _State(NamedTuple):
    """The formatting state within a group.

    Attributes:
        destination: "" for the document's text; otherwise the words are a font's name, a label …
        script: "super", "sub", or "" for neither.
        stand_ins: the number of stand-ins after each character that is written as a number.
        is_ignorable: the next control word begins a destination that readers may ignore.
    """

    destination: str = ""
    font: int | None = None
    is_bold: bool = False
    is_hidden: bool = False
    script: str = ""
    stand_ins: int = 1
    is_ignorable: bool = False


@dataclass
class _Paragraph:
    """The current paragraph; each run is a text and whether it is bold."""

    runs: list[tuple[str, bool]] = field(default_factory=list)
    style: int | None = None
    outline: int | None = None
    level: int = 0
    label: str = ""
    is_in_table: bool = False

    @property
    def number(self) -> str:
        """Return the label and a space; "" without a label, or if it is a bullet."""
        return "" if self.label in ("", "-") else f"{self.label} "


@dataclass
class _Group:
    """An open group: the state to restore at its end, and a callback for its end."""

    state: _State
    on_end: Callable[[], None] | None = None


class _Reader:
    """Parser of a document's tokens.

    Attributes:
        blocks, notes: the text so far.
    """

    def __init__(self) -> None:
        self.blocks: list[MarkdownBlock] = []
        self.notes = md.FootnoteList()
        self._encoding = "cp1252"
        self._fonts: dict[int | None, str] = {}
        self._symbol_fonts: dict[int | None, str] = {}
        self._default_font: int | None = None
        self._headings: dict[int | None, int] = {}
        self._current_definition: int  # the font or style that is being defined
        self._state = _State()
        self._groups = [_Group(self._state)]  # the first one is the document
        self._paragraph = _Paragraph()
        self._bytes = bytearray()
        self._stand_ins_left = 0
        self._high_surrogate = 0  # the first half of a surrogate pair
        self._destination_texts: list[str] = []  # of a destination other than the text
        self._address = ""
        self._cell: list[str] = []
        self._row = Row()
        self._rows: list[Row] = []

    def read(self, data: bytes) -> None:
        start: int | None = 0
        while start is not None:
            start = self._read_from(data, start)
        self._flush()
        self._end_paragraph()
        self._end_table()

    def _read_from(self, data: bytes, start: int) -> int | None:
        """Read up to binary data, and return the offset after it; None at the end."""
        for found in _TOKEN.finditer(data, start):
            match found.lastindex:
                case 1 | 2:
                    word, number = found[1], found[2]
                    if word == b"bin":
                        return found.end() + max(0, int(number or 0))
                    self._process_word(word.decode(), int(number) if number else None)
                case 3:
                    self._add_bytes(bytes.fromhex(found[3].decode()))
                case 4:
                    self._add_symbol(found[4])
                case 5 if found[5] == b"{":
                    self._flush()
                    self._groups.append(_Group(self._state))
                    if len(self._groups) > _MAX_DEPTH:
                        raise RecursionError
                case 5:
                    self._end_group()
                case _:
                    self._add_bytes(found[6])
        return None

    # ------------------------------------------------------------ characters

    def _add_bytes(self, text: bytes) -> None:
        """Add characters, except the stand-ins of a character written as a number."""
        skipped = min(self._stand_ins_left, len(text))
        self._stand_ins_left -= skipped
        self._bytes += text[skipped:]

    def _flush(self) -> None:
        """Decode the bytes so far in the code page of their font."""
        self._stand_ins_left = 0
        if self._bytes:
            encoding = self._fonts.get(self._state.font, "") or self._encoding
            text = bytes(self._bytes).decode(encoding, "replace")
            self._bytes.clear()
            self._add_text(self._without_font(text.replace("\0", "")))

    def _without_font(self, text: str) -> str:
        """Return text in Unicode that the current font may show as pictures."""
        font = self._symbol_fonts.get(self._state.font, "")
        return text if self._state.destination == "fonttbl" else unicode_text(font, text)

    def _add_text(self, text: str) -> None:
        if self._state.destination == "skipped":
            return
        if self._state.destination:
            self._destination_texts.append(text)
        elif not self._state.is_hidden:
            if self._state.script:
                text = md.superscript(text) if self._state.script == "super" else md.subscript(text)
            self._paragraph.runs.append((text, self._state.is_bold))

    def _add_character(self, number: int) -> None:
        """Add a character by its UTF-16 number, which is signed."""
        self._flush()
        number &= 0xFFFF
        if 0xD800 <= number < 0xDC00:
            self._high_surrogate = number
        elif 0xDC00 <= number < 0xE000:
            if self._high_surrogate:
                self._add_text(
                    chr(0x10000 + ((self._high_surrogate - 0xD800) << 10) + number - 0xDC00)
                )
            self._high_surrogate = 0
        else:
            self._add_text(self._without_font(chr(number)))
        self._stand_ins_left = self._state.stand_ins

    def _add_symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._state = self._state._replace(is_ignorable=True)
        elif symbol in (b"\n", b"\r"):
            self._process_word("par", None)
        elif symbol in _SYMBOLS:
            self._flush()
            self._add_text(_SYMBOLS[symbol])

    # ------------------------------------------------------------ control words

    def _process_word(self, word: str, number: int | None) -> None:
        if word == "u" and number is not None:
            self._add_character(number)
            return
        self._flush()
        if self._state.is_ignorable:
            self._state = self._state._replace(is_ignorable=False)
            if word not in _READ_IGNORABLE:
                self._enter("skipped")
                return
        if word not in _KNOWN_WORDS:
            return
        if self._state.destination in ("fonttbl", "stylesheet"):
            self._define(word, number)
        elif word in _CHARACTER_WORDS:
            self._add_text(_CHARACTER_WORDS[word])
        elif word in _SKIPPED or word in _LABELS or word in ("fonttbl", "stylesheet", "fldinst"):
            self._enter("skipped" if word in _SKIPPED else word)
        elif word in ("footnote", "shptxt", "fldrslt"):
            self._begin_nested_text(word)
        elif word in _STRUCTURE_WORDS and not self._state.destination:
            self._change_structure(word, number)
        if word in _FORMAT_WORDS:
            self._change_format(word, number)

    def _change_format(self, word: str, number: int | None) -> None:
        """Change the formatting of the characters that follow."""
        is_on, value = number != 0, number or 0
        match word:
            case "f":
                self._state = self._state._replace(font=value)
            case "b":
                self._state = self._state._replace(is_bold=is_on)
            case "v" | "deleted":
                self._state = self._state._replace(is_hidden=is_on)
            case "super" | "sub" | "nosupersub":
                self._state = self._state._replace(script="" if word == "nosupersub" else word)
            case "plain":
                self._state = self._state._replace(
                    font=self._default_font, is_bold=False, is_hidden=False, script=""
                )
            case "uc":
                self._state = self._state._replace(stand_ins=max(0, value))
            case "deff":
                self._default_font = value
                self._state = self._state._replace(font=self._default_font)
            case "ansicpg" | "mac" | "pc" | "pca":
                self._encoding = _encoding_or_default(
                    {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}.get(word, f"cp{number}")
                )

    def _change_structure(self, word: str, number: int | None) -> None:
        """Process a control word of paragraphs and tables."""
        paragraph, value = self._paragraph, number or 0
        match word:
            case "par" | "sect" | "page":
                self._end_paragraph()
            case "pard":
                self._paragraph = _Paragraph(paragraph.runs, label=paragraph.label)
            case "s":
                paragraph.style = value
            case "outlinelevel":
                paragraph.outline = value
            case "ilvl":
                paragraph.level = min(max(value, 0), _NO_OUTLINE)
            case "intbl":
                paragraph.is_in_table = True
            case "cell":
                self._end_paragraph(is_cell=True)
                self._row.texts.append(" ".join(self._cell))
                self._cell = []
            case "row":
                self._rows.append(self._row)
                self._row = Row(edges=list(self._row.edges))
            case "trowd":
                self._row = Row(texts=self._row.texts)
            case "cellx":
                self._row.edges.append(value)
            case "clvmrg" | "clmrg":
                self._row.merged.add(len(self._row.edges))

    def _define(self, word: str, number: int | None) -> None:
        """Process a control word in the table of fonts or styles."""
        value = number or 0
        if self._state.destination == "fonttbl":
            if word == "f":
                self._store_font()
                self._current_definition = value
            elif word in ("fcharset", "cpg"):
                name = f"cp{number}" if word == "cpg" else _ENCODING_OF_CHARSET.get(value, "")
                if name:
                    self._fonts[self._current_definition] = _encoding_or_default(name)
        elif word == "s":
            self._current_definition = value
            self._destination_texts = []
        elif word == "outlinelevel" and number is not None:
            self._headings[self._current_definition] = number

    # ------------------------------------------------------------ groups

    def _enter(self, destination: str) -> None:
        """Enter a destination other than the text, up to the end of the group."""
        if self._state.destination == "skipped":
            return
        self._state = self._state._replace(destination=destination)
        if destination == "skipped":
            return
        self._destination_texts = []
        self._current_definition = 0  # A font or style without a number has 0.
        if destination in _LABELS:
            self._call_at_group_end(self._store_label)
        elif destination == "fldinst":
            self._call_at_group_end(self._store_address)

    def _call_at_group_end(self, call: Callable[[], None]) -> None:
        self._groups[-1].on_end = call

    def _begin_nested_text(self, word: str) -> None:
        """Begin a note, a text box, or the words of a link, up to the end of the group."""
        if self._state.destination:
            return
        if word == "fldrslt":
            first_run, address = len(self._paragraph.runs), self._address
            self._address = ""
            self._call_at_group_end(lambda: self._link_runs(first_run, address))
            return
        if not self._paragraph.is_in_table:
            self._end_table()
        outer, table = (self._paragraph, self.blocks, self._cell), (self._rows, self._row)
        self._paragraph, self.blocks, self._cell = _Paragraph(), [], []
        self._rows, self._row = [], Row()

        def on_end() -> None:
            self._end_nested_text(word, *outer)
            self._rows, self._row = table

        self._call_at_group_end(on_end)

    def _end_group(self) -> None:
        self._flush()
        group = self._groups.pop()
        if self._state.destination == "stylesheet":
            self._store_style()
        elif self._state.destination == "fonttbl":
            self._store_font()
        if group.on_end:
            group.on_end()
        self._state = group.state
        self._groups = self._groups or [group]  # a bracket too many ends no group

    def _store_font(self) -> None:
        name = "".join(self._destination_texts).partition(";")[0].strip()
        self._destination_texts = []
        if is_symbol_font(name):
            self._symbol_fonts[self._current_definition] = name
            self._fonts[self._current_definition] = "latin-1"  # its bytes are codes of pictures

    def _store_style(self) -> None:
        name = "".join(self._destination_texts).strip().rstrip(";").casefold()
        self._destination_texts = []
        if name == "title":
            self._headings[self._current_definition] = 0
        elif found := _HEADING.fullmatch(name):
            self._headings.setdefault(self._current_definition, int(found[1]) - 1)
        if name:
            self._current_definition = 0

    def _store_label(self) -> None:
        label = "".join(self._destination_texts).strip()
        self._paragraph.label = label if any(sign.isalnum() for sign in label) else "-"

    def _store_address(self) -> None:
        found = _ADDRESS.search("".join(self._destination_texts))
        self._address = found[1] if found else ""

    def _link_runs(self, first_run: int, address: str) -> None:
        runs = self._paragraph.runs
        if address and runs[first_run:]:
            words = "".join(text for text, _ in runs[first_run:])
            runs[first_run:] = [(md.link(words, address), False)]

    def _end_nested_text(
        self, word: str, paragraph: _Paragraph, blocks: list[MarkdownBlock], cell: list[str]
    ) -> None:
        self._end_paragraph()
        in_table, self._cell = self._cell, []
        self._end_table()
        inner = self.blocks
        self._paragraph, self.blocks, self._cell = paragraph, blocks, cell
        texts = [block.text.strip() for block in inner] + in_table
        if word == "footnote":
            text = " ".join(texts)
            paragraph.runs += [(self.notes.add(text), False)] if text else []
        elif paragraph.is_in_table:
            self._cell += texts
        else:
            self.blocks += inner

    # ------------------------------------------------------------ blocks

    def _end_paragraph(self, *, is_cell: bool = False) -> None:
        paragraph = self._paragraph
        self._paragraph = _Paragraph(
            [],
            paragraph.style,
            paragraph.outline,
            paragraph.level,
            is_in_table=paragraph.is_in_table,
        )
        plain = "".join(text for text, _ in paragraph.runs).strip("\n ")
        if is_cell or paragraph.is_in_table:
            self._cell += [paragraph.number + plain] if plain else []
            return
        if plain:
            self._end_table()
            self.blocks.append(self._block(paragraph, plain))

    def _block(self, paragraph: _Paragraph, plain: str) -> MarkdownBlock:
        outline = (
            self._headings.get(paragraph.style) if paragraph.outline is None else paragraph.outline
        )
        if outline is not None and 0 <= outline < _NO_OUTLINE:
            return md.heading(paragraph.number + plain, outline + 1)
        text = "".join(_join_runs(paragraph.runs)).strip("\n ")
        return (
            md.item(paragraph.label, text, paragraph.level)
            if paragraph.label
            else MarkdownBlock(text)
        )

    def _end_table(self) -> None:
        rows, self._rows = self._rows, []
        left = [text for text in (*self._row.texts, *self._cell) if text]
        if left:  # a row without an end
            rows.append(Row(texts=left))
        self._row, self._cell = Row(), []
        if rows:
            self.blocks.append(table_block(rows))


def _join_runs(runs: list[tuple[str, bool]]) -> Iterator[str]:
    """Join adjacent runs of the same weight, and yield them as Markdown."""
    for is_bold, group in groupby(runs, key=itemgetter(1)):
        text = "".join(text for text, _ in group)
        yield md.bold(text) if is_bold else text


def _encoding_or_default(encoding: str) -> str:
    """Return the encoding, or cp1252 if Python does not know it."""
    try:
        codecs.lookup(encoding)
    except LookupError:
        return "cp1252"
    return encoding
