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

# Line ends have no meaning.
_TOKEN: Final = re.compile(
    rb"""
    \\(?P<word>[a-zA-Z]{1,32})(?P<number>-?[0-9]{1,10})?[ ]?  # such as \par or \b0
    | \\'(?P<byte>[0-9a-fA-F]{2})  # such as \'e9
    | \\(?P<symbol>.)  # such as \~
    | (?P<bracket>[{}])  # begins or ends a group
    | (?P<text>[^\\{}\r\n]+)
    """,
    re.S | re.X,
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
    # The ends of a cell and a row of a table within a cell. A cell in Markdown is one line, so the
    # inner table becomes words with spaces between.
    "nestcell": " ",
    "nestrow": " ",
}
_SYMBOLS: Final = {b"~": "\u00a0", b"_": "\u2011", b"\\": "\\", b"{": "{", b"}": "}"}
# Groups that begin with these words are not read.
_SKIPPED: Final = (
    {"colortbl", "listtable", "info", "template"}  # definitions, and facts about the document
    | {"pict", "sp", "objdata", "objclass"}  # pictures, properties of shapes, embedded objects
    | {"shprslt", "nonshppict", "nonesttables"}  # repetitions for programs without newer words
    | {"xe", "tc", "tcn", "rxe", "txe"}  # entries of an index or a table of contents
    | {"bkmkstart", "bkmkend"}  # names of bookmarks
)
# "\*" before a word lets programs that do not know the word skip its group. These are known.
_READ_IGNORABLE: Final = (
    {"shpinst", "fldinst", "formfield", "ffl"}  # a shape, a field, a form field and its choice
    | {"footnote", "annotation", "atnauthor"}  # a note, a comment and its author
    | {"moMath", "nesttableprops"}  # a formula, the end of a row of a nested table
)
_HEADERS: Final = {"header", "headerl", "headerr", "headerf"}
_FOOTERS: Final = {"footer", "footerl", "footerr", "footerf"}
_NESTED_TEXTS: Final = {"footnote", "annotation", "shptxt"} | _HEADERS | _FOOTERS
_FIELD_RESULT: Final = "fldrslt"
_LABELS: Final = ("listtext", "pntext")
_OTHER_DESTINATIONS: Final = ("fonttbl", "stylesheet", "fldinst", "atnauthor")
_FORM_WORDS: Final = {"formfield", "ffl", "fftype", "ffres", "ffdefres"}
# Values of `fftype` for a box and for a choice, and of `ffres` if the default applies.
_FORM_BOX = 1
_FORM_CHOICE = 2
_UNSET = 25
_ENCODINGS: Final = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
"""Maps the words for a document's code page to Python's encodings; "ansicpg" has a number."""
_FORMAT_WORDS: Final = (
    {"f", "deff", "ansicpg", "uc"}  # fonts, code pages and stand-ins
    | _ENCODINGS.keys()
    | {"b", "v", "deleted", "super", "sub", "nosupersub", "plain"}
)
_STRUCTURE_WORDS: Final = (
    {"par", "sect", "page", "column", "pard", "s", "outlinelevel", "ilvl"}  # of paragraphs
    | {"intbl", "cell", "row", "trowd", "cellx", "clvmrg", "clmrg"}  # of tables
)
# All other control words, except `u` and `bin`, are about appearance, and are most of a file.
_KNOWN_WORDS: Final = (
    _FORMAT_WORDS
    | _STRUCTURE_WORDS
    | _SKIPPED
    | _FORM_WORDS
    | _CHARACTER_WORDS.keys()
    | _NESTED_TEXTS
    | {_FIELD_RESULT, *_LABELS, *_OTHER_DESTINATIONS, "fcharset", "cpg"}
)
_ADDRESS: Final = re.compile(r'HYPERLINK\s+"([^"]+)"')
_MAX_DEPTH: Final = 10_000
"""The most groups within each other; no program nests so many.

An open group takes memory, so that megabytes of opening brackets would use it up.
"""


def read(data: bytes) -> str:
    """Return the document as Markdown; "" if it contains no words.

    Raises:
        RecursionError: nested too deeply. The caller reports this error of any reader as that.
    """
    return md.join_blocks(_Reader().read(data))


class _State(NamedTuple):
    """The formatting state within a group.

    Attributes:
        destination: to what the text in the group belongs:

            - "": the document,
            - "skipped": nothing,
            - "fonttbl", "stylesheet": the name of a font or style,
            - "listtext", "pntext": the label of a list item,
            - "fldinst": the instruction of a field, which contains a link's target,
            - "atnauthor": the author of a comment,
            - "formfield", "ffl": a form field, or one of its choices.
        font: the number of the font; None if the document has not set any.
        script: "super", "sub", or "" for neither.
        stand_ins: the number of stand-ins after each character that is written as a number.
        is_ignorable: the next control word begins a destination that readers may ignore.
    """

    destination: str = ""
    font: int | None = None
    is_bold: bool = False
    is_hidden: bool = False
    is_deleted: bool = False
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
            match token.lastgroup:
                case "word" | "number":
                    word = token["word"].decode()
                    number = int(token["number"]) if token["number"] else None
                    if word == "bin":
                        return token.end() + max(0, number or 0)
                    self._process_word(word, number)
                case "byte":
                    self._add_bytes(bytes.fromhex(token["byte"].decode()))
                case "symbol":
                    self._add_symbol(token["symbol"])
                case "bracket" if token["bracket"] == b"{":
                    self._begin_group()
                case "bracket":
                    self._end_group()
                case _:
                    self._add_bytes(token["text"])
        return None

    # ------------------------------------------------------------ characters

    def _add_bytes(self, text: bytes) -> None:
        """Add characters, except the stand-ins of a character written as a number."""
        skip_count = min(self._stand_ins_left, len(text))
        self._stand_ins_left -= skip_count
        self._bytes += text[skip_count:]

    def _flush(self) -> None:
        """Decode the bytes so far in the code page of their font.

        This is called before a control word, a bracket or a symbol is processed. These end the
        stand-ins, too, even if fewer of them came than were announced.
        """
        self._stand_ins_left = 0
        if self._bytes:
            encoding = self._definitions.encoding_of(self._state.font) or self._encoding
            text = bytes(self._bytes).decode(encoding, "replace")
            self._bytes.clear()
            # Without zero bytes, a document that has nothing else has no words.
            self._add_text(self._to_unicode(text.replace("\0", "")))

    def _to_unicode(self, text: str) -> str:
        """Replace letters of a symbol font by the Unicode characters that it shows.

        The name of the font itself, in the table of fonts, is in plain letters.
        """
        if self._state.destination == "fonttbl":
            return text
        return unicode_text(self._definitions.symbol_font(self._state.font), text)

    def _add_text(self, text: str) -> None:
        state = self._state
        if state.destination == "skipped":
            return
        if state.destination in ("fonttbl", "stylesheet"):
            self._definitions.add_to_name(text)
        elif state.destination:
            self._destination_texts.append(text)
        elif not (state.is_hidden or state.is_deleted):
            if state.script == "super":
                text = md.superscript(text)
            elif state.script == "sub":
                text = md.subscript(text)
            self._text.add_run(text, is_bold=state.is_bold)

    def _add_character(self, number: int) -> None:
        """Add a character by its UTF-16 number, which is signed.

        A character beyond U+FFFF is two numbers, the surrogates. A half without the other is lost.
        """
        self._flush()  # the bytes before it; ends the stand-ins of a character before it
        number &= 0xFFFF
        if 0xD800 <= number < 0xDC00:
            self._high_surrogate = number
        elif 0xDC00 <= number < 0xE000:
            if self._high_surrogate:
                high_bits = (self._high_surrogate - 0xD800) << 10
                self._add_text(chr(0x10000 + high_bits + (number - 0xDC00)))
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
                self._skip_group()
                return
        if word not in _KNOWN_WORDS:
            return
        if self._state.destination == "fonttbl":
            self._definitions.process_font_word(word, number or 0)
        elif self._state.destination == "stylesheet":
            self._definitions.process_style_word(word, number)
        elif word in _FORMAT_WORDS:
            self._change_format(word, number)
        elif word in _CHARACTER_WORDS:
            self._add_text(_CHARACTER_WORDS[word])
        elif word in _SKIPPED:
            self._skip_group()
        elif word in _LABELS or word in _OTHER_DESTINATIONS:
            self._enter(word)
        elif word in _FORM_WORDS:
            self._process_form_word(word, number or 0)
        elif not self._state.destination:
            self._process_text_word(word, number)

    def _process_text_word(self, word: str, number: int | None) -> None:
        """Process a control word that matters in the document's text only."""
        if word == _FIELD_RESULT:
            self._begin_field_result()
        elif word in _NESTED_TEXTS:
            self._begin_nested_text(word)
        elif word in _STRUCTURE_WORDS:
            self._text.process_word(word, number)

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
            case "v":
                self._state = self._state._replace(is_hidden=is_on)
            case "deleted":
                self._state = self._state._replace(is_deleted=is_on)
            case "super" | "sub":
                self._state = self._state._replace(script=word)
            case "nosupersub":
                self._state = self._state._replace(script="")
            case "plain":
                self._state = self._state._replace(
                    font=self._default_font,
                    is_bold=False,
                    is_hidden=False,
                    is_deleted=False,
                    script="",
                )
            case "uc":
                self._state = self._state._replace(stand_ins=max(0, value))
            case "deff":
                self._default_font = value
                self._state = self._state._replace(font=self._default_font)
            case "ansicpg":
                self._encoding = known_encoding(f"cp{value}")
            case "mac" | "pc" | "pca":
                self._encoding = _ENCODINGS[word]

    # ------------------------------------------------------------ groups

    def _begin_group(self) -> None:
        self._flush()
        self._groups.append(_Group(self._state))
        if len(self._groups) > _MAX_DEPTH:
            raise RecursionError

    def _skip_group(self) -> None:
        """Read nothing up to the end of the group."""
        self._state = self._state._replace(destination="skipped")

    def _enter(self, destination: str) -> None:
        """Enter a destination up to the end of the group, unless all of the group is skipped."""
        if self._state.destination == "skipped":
            return
        self._state = self._state._replace(destination=destination)
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

    def _begin_field_result(self) -> None:
        """Begin what a field shows: the text of a link, or the value of a form field.

        Other than a nested text, it is a part of the paragraph around it.
        """
        text = self._text
        runs_before = text.run_count
        address = self._address
        form_value = self._form.value
        self._address = ""
        self._form = _FormField()

        def end_result() -> None:
            if form_value and text.run_count == runs_before:
                # A box or a choice may show its value without any text in the group.
                text.add_run(form_value)
            text.link_runs(runs_before, address)

        self._call_at_group_end(end_result)

    def _begin_nested_text(self, word: str) -> None:
        """Begin a note, comment, header, footer or text box, which ends with the group."""
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
        self._state = group.state
        if group.on_end:
            group.on_end()
        if not self._groups:  # a closing bracket too many: the document's group stays open
            self._groups = [group]

    def _store_label(self) -> None:
        label = "".join(self._destination_texts).strip()
        is_bullet = not any(char.isalnum() for char in label)
        self._text.set_label("-" if is_bullet else label)

    def _store_comment_author(self) -> None:
        self._comment_author = "".join(self._destination_texts)

    def _store_address(self) -> None:
        address = _ADDRESS.search("".join(self._destination_texts))
        self._address = address[1] if address else ""
