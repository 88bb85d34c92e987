"""Converts rich text (RTF) to Markdown: headings, lists, tables, footnotes, comments, links.

Follows Microsoft's Rich Text Format Specification 1.9.1. Bytes are characters in the code page of
their font. Other characters are written as numbers, each followed by stand-ins for programs that
cannot read numbers. Tracked deletions and hidden text are left out. Headers come once, before the
text, and footers after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.markdown_text import MarkdownBlock
from desktop_app.documents.office.rtf_definitions import RtfDefinitions, known_encoding
from desktop_app.documents.office.rtf_text import RtfText
from desktop_app.documents.office.symbol_font import unicode_text

_TOKEN: Final = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?[0-9]{1,10})? ?|\\'([0-9a-fA-F]{2})|\\(.)|([{}])|([^\\{}\r\n]+)", re.S
)
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
)
# Destinations that are read although they are marked as ignorable.
_READ_IGNORABLE: Final = frozenset(
    ("shpinst", "fldinst", "moMath", "footnote", "nesttableprops", "formfield", "ffl")
    + ("atnauthor", "annotation")
)
_HEADERS: Final = frozenset(("header", "headerl", "headerr", "headerf"))
_FOOTERS: Final = frozenset(("footer", "footerl", "footerr", "footerf"))
_NESTED_TEXTS: Final = {"footnote", "annotation", "shptxt", "fldrslt"} | _HEADERS | _FOOTERS
_LABELS: Final = ("listtext", "pntext")
_OTHER_DESTINATIONS: Final = ("fonttbl", "stylesheet", "fldinst", "atnauthor")
_FORM_WORDS: Final = frozenset(("formfield", "ffl", "fftype", "ffres", "ffdefres"))
# Values of `fftype` for a box and for a choice, and of `ffres` if the default applies.
_FORM_BOX, _FORM_CHOICE, _UNSET = 1, 2, 25
_FORMAT_WORDS: Final = frozenset(
    ("f", "b", "v", "deleted", "super", "sub", "nosupersub", "plain", "uc", "deff")
    + ("ansicpg", "mac", "pc", "pca")
)
_STRUCTURE_WORDS: Final = frozenset(
    ("par", "sect", "page", "column", "pard", "s", "outlinelevel", "ilvl", "intbl", "cell", "row")
    + ("trowd", "cellx", "clvmrg", "clmrg")
)
# All other control words, except `u` and `bin`, are about appearance, and are most of a file.
_KNOWN_WORDS: Final = (
    _FORMAT_WORDS
    | _STRUCTURE_WORDS
    | _SKIPPED
    | _FORM_WORDS
    | _CHARACTER_WORDS.keys()
    | _NESTED_TEXTS
    | {*_LABELS, *_OTHER_DESTINATIONS, "fcharset", "cpg"}
)
_ADDRESS: Final = re.compile(r'HYPERLINK\s+"([^"]+)"')
_MAX_DEPTH: Final = 10_000  # of groups; no program nests so many


def read(data: bytes) -> str:
    """Return the document as Markdown; "" if it contains no words.

    Raises:
        RecursionError: nested too deeply.
    """
    return md.join_blocks(_Reader().read(data))


class _State(NamedTuple):
    """The formatting state within a group.

    Attributes:
        destination: what the words belong to: "" for the document's text, "skipped", or the
            control word of the table of fonts or styles, a label, a link's target, a comment's
            author, or a form field or its choice.
        font: the number of the font; None if the document has not set any.
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
class _Group:
    """An open group: the state to restore at its end, and a callback for its end."""

    state: _State
    on_end: Callable[[], None] | None = None


class _FormField:
    """A box or a choice of a form.

    Attributes:
        numbers: the numbers by control word.
        choices: the texts of which the field shows one.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.choices: list[str] = []

    @property
    def value(self) -> str:
        """Return what the field shows."""
        kind = self.numbers.get("fftype")
        result = self.numbers.get("ffres", _UNSET)
        if result == _UNSET:
            result = self.numbers.get("ffdefres", 0)
        if kind == _FORM_BOX:
            return "☒" if result else "☐"
        if kind == _FORM_CHOICE and 0 <= result < len(self.choices):
            return self.choices[result]
        return ""


class _Reader:
    """Parser of a document's tokens."""

    def __init__(self) -> None:
        self._definitions = RtfDefinitions()
        self._text = RtfText(self._definitions.heading_levels)
        self._notes = md.FootnoteList()
        self._encoding = "cp1252"
        self._default_font: int | None = None
        self._state = _State()
        self._groups = [_Group(self._state)]  # the first one is the document
        self._bytes = bytearray()
        self._stand_ins_left = 0
        self._high_surrogate = 0  # the first half of a surrogate pair
        self._destination_texts: list[str] = []  # e.g. of a link's target or a choice
        self._address = ""
        self._comment_author = ""  # of the comment that follows
        self._headers: list[str] = []
        self._footers: list[str] = []
        self._form = _FormField()  # the last one

    def read(self, data: bytes) -> list[MarkdownBlock]:
        """Return the blocks of the document, also if its end is missing."""
        start: int | None = 0
        while start is not None:
            start = self._read_from(data, start)
        while len(self._groups) > 1:  # the end is missing
            self._end_group()
        self._flush()
        headers = md.repeated_lines("Header", self._headers)
        footers = md.repeated_lines("Footer", self._footers)
        return [*headers, *self._text.finish(), *footers, *self._notes.blocks()]

    def _read_from(self, data: bytes, start: int) -> int | None:
        """Read up to binary data, and return the offset after the data; None at the end."""
        for token in _TOKEN.finditer(data, start):
            match token.lastindex:
                case 1 | 2:
                    word, number = token[1], token[2]
                    if word == b"bin":
                        return token.end() + max(0, int(number or 0))
                    self._process_word(word.decode(), int(number) if number else None)
                case 3:
                    self._add_bytes(bytes.fromhex(token[3].decode()))
                case 4:
                    self._add_symbol(token[4])
                case 5 if token[5] == b"{":
                    self._flush()
                    self._groups.append(_Group(self._state))
                    if len(self._groups) > _MAX_DEPTH:
                        raise RecursionError
                case 5:
                    self._end_group()
                case _:
                    self._add_bytes(token[6])
        return None

    # ------------------------------------------------------------ characters

    def _add_bytes(self, text: bytes) -> None:
        """Add characters, except the stand-ins of a character written as a number."""
        skip_count = min(self._stand_ins_left, len(text))
        self._stand_ins_left -= skip_count
        self._bytes += text[skip_count:]

    def _flush(self) -> None:
        """Decode the bytes so far in the code page of their font."""
        self._stand_ins_left = 0
        if self._bytes:
            encoding = self._definitions.encoding_of(self._state.font) or self._encoding
            text = bytes(self._bytes).decode(encoding, "replace")
            self._bytes.clear()
            self._add_text(self._to_unicode(text.replace("\0", "")))

    def _to_unicode(self, text: str) -> str:
        """Replace letters of a symbol font by the Unicode characters that it shows."""
        font = self._definitions.symbol_font(self._state.font)
        return text if self._state.destination == "fonttbl" else unicode_text(font, text)

    def _add_text(self, text: str) -> None:
        if self._state.destination == "skipped":
            return
        if self._state.destination in ("fonttbl", "stylesheet"):
            self._definitions.add_to_name(text)
        elif self._state.destination:
            self._destination_texts.append(text)
        elif not self._state.is_hidden:
            if self._state.script:
                text = md.superscript(text) if self._state.script == "super" else md.subscript(text)
            self._text.add_run(text, is_bold=self._state.is_bold)

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
            self._add_text(self._to_unicode(chr(number)))
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
        if self._state.destination == "fonttbl":
            self._definitions.process_font_word(word, number or 0)
        elif self._state.destination == "stylesheet":
            self._definitions.process_style_word(word, number)
        elif word in _CHARACTER_WORDS:
            self._add_text(_CHARACTER_WORDS[word])
        elif word in _SKIPPED or word in _LABELS or word in _OTHER_DESTINATIONS:
            self._enter("skipped" if word in _SKIPPED else word)
        elif word in _FORM_WORDS:
            self._process_form_word(word, number or 0)
        elif word in _NESTED_TEXTS:
            self._begin_nested_text(word)
        elif word in _STRUCTURE_WORDS and not self._state.destination:
            self._text.process_word(word, number)
        if word in _FORMAT_WORDS:
            self._change_format(word, number)

    def _process_form_word(self, word: str, number: int) -> None:
        """Process a control word of a form's box or choice."""
        if word == "formfield":
            self._form = _FormField()
            self._enter(word)
        elif word == "ffl":
            self._enter(word)
            self._call_at_group_end(
                lambda: self._form.choices.append("".join(self._destination_texts))
            )
        elif self._state.destination == "formfield":
            self._form.numbers[word] = number

    def _change_format(self, word: str, number: int | None) -> None:
        """Change the formatting of the characters that follow."""
        is_on = number != 0
        value = number or 0
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
                self._encoding = known_encoding(
                    {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}.get(word, f"cp{number}")
                )

    # ------------------------------------------------------------ groups

    def _enter(self, destination: str) -> None:
        """Enter a destination other than the text, up to the end of the group."""
        if self._state.destination == "skipped":
            return
        self._state = self._state._replace(destination=destination)
        if destination == "skipped":
            return
        self._destination_texts = []
        if destination in ("fonttbl", "stylesheet"):
            self._definitions.begin_table()
        elif destination in _LABELS:
            self._call_at_group_end(self._store_label)
        elif destination == "fldinst":
            self._call_at_group_end(self._store_address)
        elif destination == "atnauthor":
            self._call_at_group_end(self._store_comment_author)

    def _call_at_group_end(self, call: Callable[[], None]) -> None:
        self._groups[-1].on_end = call

    def _begin_nested_text(self, word: str) -> None:
        """Begin a note, comment, header, footer, text box, link or form field, in the group."""
        if self._state.destination:
            return
        if word == "fldrslt":
            text = self._text
            first_run = text.run_count
            address = self._address
            value = self._form.value
            self._address = ""
            self._form = _FormField()

            def end_result() -> None:
                if value and text.run_count == first_run:
                    text.add_run(value)
                text.link_runs(first_run, address)

            self._call_at_group_end(end_result)
            return
        outer = self._text
        outer.prepare_nested_text()
        self._text = RtfText(self._definitions.heading_levels)
        self._call_at_group_end(lambda: self._end_nested_text(word, outer))

    def _end_nested_text(self, word: str, outer: RtfText) -> None:
        blocks = self._text.finish()
        self._text = outer
        if word == "shptxt":
            outer.add_text_box(blocks)
            return
        text = " ".join(block.text.strip() for block in blocks)
        if word in _HEADERS | _FOOTERS:
            lines = self._headers if word in _HEADERS else self._footers
            lines.append(text)
            return
        if word == "annotation":
            text = md.comment(text, self._comment_author)
            self._comment_author = ""
        if text:
            outer.add_run(self._notes.add(text))

    def _end_group(self) -> None:
        self._flush()
        group = self._groups.pop()
        if self._state.destination == "stylesheet":
            self._definitions.end_style()
        elif self._state.destination == "fonttbl":
            self._definitions.end_font()
        if group.on_end:
            group.on_end()
        self._state = group.state
        if not self._groups:  # a closing bracket too many: the document's group stays open
            self._groups = [group]

    def _store_label(self) -> None:
        label = "".join(self._destination_texts).strip()
        self._text.set_label(label if any(char.isalnum() for char in label) else "-")

    def _store_comment_author(self) -> None:
        self._comment_author = "".join(self._destination_texts)

    def _store_address(self) -> None:
        address = _ADDRESS.search("".join(self._destination_texts))
        self._address = address[1] if address else ""
