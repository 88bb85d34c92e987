"""Converts inline tokens to runs of a single style each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Final, NamedTuple

from desktop_app.i18n.translation import tr
from desktop_app.markdown.block_model import (
    LINE_BREAK,
    Run,
    Runs,
    clean_text,
    formula_run,
    mark_program_text,
    show_invisible,
    source_text,
)
from desktop_app.markdown.parsing import own_links
from desktop_app.markdown.parsing.inline_images import image_runs
from desktop_app.markdown.parsing.links import WORD_BREAK, destination_to_show, image_destination
from desktop_app.markdown.parsing.tables import MAX_COLUMNS

if TYPE_CHECKING:
    from markdown_it.token import Token

_MAX_CONTEXT: Final = 100
"""Characters before or after a link that are searched for a host, an arbitrary number."""


def unparsed_note() -> Run:
    """Return the note that follows a text with too many marks to parse."""
    return Run(
        mark_program_text(tr("shown as written, because it has too many marks")), italic=True
    )


def wide_table_note() -> Run:
    """Return the note before the text of a table that has too many columns."""
    words = tr("a table of more than {count} columns, shown as text", count=MAX_COLUMNS)
    return Run(mark_program_text(words), italic=True)


class _Link(NamedTuple):
    """The runs [start, end) of a link, or of adjacent links with one target."""

    start: int
    end: int
    target: str


class _RunBuilder:
    """The runs so far, and the open styles.

    Attributes:
        bold, italic, strike: the number of open marks of each style.
        elements: the open elements of HTML, the outermost first.
        link: the target of the open link; "" for none.
        link_start: the index of the link's first run.
        links: the closed links, in order.
    """

    __slots__ = ("bold", "elements", "italic", "link", "link_start", "links", "runs", "strike")

    def __init__(self) -> None:
        self.bold = 0
        self.italic = 0
        self.strike = 0
        self.elements: list[str] = []
        self.link_start = 0
        self.link = ""
        self.links: list[_Link] = []
        self.runs: list[Run] = []

    def add_text(
        self, text: str, *, code: bool = False, math: bool = False, image: bool = False
    ) -> None:
        text = clean_text(text)
        if not text:
            return
        # The characters that enclose a formula are invisible, too, and must stay.
        text = show_invisible(text, code=code, link=bool(self.link) and not math)
        run = Run(
            text,
            bold=self.bold > 0,
            italic=self.italic > 0,
            code=code,
            strike=self.strike > 0,
            math=math,
            image=image,
            link=self.link,
            element=self.elements[-1] if self.elements else "",
        )
        last = self.runs[-1] if self.runs else None
        if last is not None and last[1:] == run[1:] and not (code or math or image):
            self.runs[-1] = last._replace(text=last.text + text)
        else:
            self.runs.append(run)

    def open_link(self, target: str) -> None:
        self.link = target
        self.link_start = len(self.runs)

    def close_link(self) -> None:
        """Close the link, or make it a part of the link before it if both have one target.

        Adjacent links with one target look like a single link, whose words may mislead together.
        """
        start = self.link_start
        end = len(self.runs)
        if self.link and end > start and not own_links.linked_file(self.link):
            if self.links and self.links[-1][1:] == (start, self.link):
                start = self.links.pop().start
            self.links.append(_Link(start, end, self.link))
        self.link = ""

    def runs_with_destinations(self) -> Runs:
        """Return the runs, with the destination after each link whose words could mislead."""
        runs = self.runs.copy()
        for start, end, target in reversed(self.links):
            words = "".join(map(source_text, self.runs[start:end]))
            # "[example](…).com" names a host together with the text that touches the link.
            before = "".join(map(source_text, self.runs[max(0, start - _MAX_CONTEXT) : start]))
            after_link = takewhile(lambda run: not run.link, self.runs[end : end + _MAX_CONTEXT])
            after = "".join(map(source_text, after_link))
            context = (
                WORD_BREAK.split(before[-_MAX_CONTEXT:])[-1]
                + words
                + WORD_BREAK.split(after[:_MAX_CONTEXT], maxsplit=1)[0]
            )
            # The words of a link with a formula are unknown: a formula can draw any letters.
            has_formula = any(run.math for run in self.runs[start:end])
            destination = destination_to_show(None if has_formula else words, target, context)
            if destination:
                runs.insert(end, _destination_run(destination, target))
        return tuple(runs)


def runs_of(children: Sequence[Token] | None) -> Runs:
    """Return the runs of an inline token's children; a line end is a line break, as in chats."""
    if not children:
        return ()
    if len(children) == 1 and children[0].type == "text":  # most table cells
        text = show_invisible(clean_text(children[0].content))
        return (Run(text),) if text else ()
    builder = _RunBuilder()
    for token in children:
        kind = token.type
        if kind == "text":
            builder.add_text(token.content)
        elif kind in ("softbreak", "hardbreak"):
            builder.add_text(LINE_BREAK)
        elif kind == "code_inline":
            builder.add_text(token.content, code=True)
        else:
            _apply_token(builder, token)
    return builder.runs_with_destinations()


def _apply_token(builder: _RunBuilder, token: Token) -> None:
    match token.type:
        case "strong_open" | "strong_close":
            builder.bold += token.nesting
        case "em_open" | "em_close":
            builder.italic += token.nesting
        case "s_open" | "s_close":
            builder.strike += token.nesting
        case "element_open" | "element_close":
            (builder.elements.append if token.nesting > 0 else builder.elements.remove)(token.tag)
        case "link_open":
            target = str(token.attrGet("href") or "")
            if own_links.imitates_own_link(target):  # only the program makes links to itself
                target = ""
            builder.open_link(token.meta.get(own_links.FILE_LINK, target))
        case "link_close":
            builder.close_link()
        case "citation":
            _add_citation(builder, token)
        case "math_inline":
            tex = token.content.replace("\n", " ")
            bare = tex.strip()
            if bare.endswith("\\") and tex[-1].isspace():  # TeX's command "\ "
                bare += " "
            builder.add_text(formula_run(bare).text, math=True)
        case "too_dense":
            builder.runs.append(unparsed_note())
        case "too_wide":
            builder.runs += [wide_table_note(), Run(" ")]
        case "footnote_ref":
            label = clean_text(token.meta["label"])
            link = own_links.link_to_note(label) if token.meta["is_defined"] else ""
            builder.runs.append(Run(label, note=True, link=link))
        case "image":
            _add_image(builder, token)
        case _:
            builder.add_text(token.content)


def _add_citation(builder: _RunBuilder, token: Token) -> None:
    """Add a citation as links, or as text within the words of a link."""
    if builder.link:
        builder.add_text(token.content)
        return
    for words, builder.link in own_links.pieces(token.content, token.meta["numbers"]):
        builder.add_text(words)
    builder.link = ""


def _add_image(builder: _RunBuilder, token: Token) -> None:
    """Add the runs of a drawn image, or the name of any other image.

    Unless it is within another link, the name is a link to the image, and its host follows.
    An image without a name is named by its address, or "image" within another link.
    """
    outer_link = builder.link
    source = str(token.attrGet("src") or "")
    if own_links.imitates_own_link(source):
        source = ""
    words = clean_text(_alternative_text(token))
    drawn_runs = image_runs(words, source)
    if drawn_runs:
        builder.runs += drawn_runs
        return
    builder.link = outer_link or source
    builder.add_text(words or ("" if outer_link else source) or tr("image"), image=True)
    destination = image_destination(source) if words else ""
    if destination and not outer_link:
        builder.runs.append(_destination_run(destination, builder.link))
    builder.link = outer_link


def _destination_run(destination: str, link: str) -> Run:
    """Return a run for the words after a link that say where it leads."""
    return Run(mark_program_text(show_invisible(clean_text(destination), link=True)), link=link)


def _alternative_text(token: Token) -> str:
    parts = []
    for child in token.children or ():
        if child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        elif child.type == "image":
            parts.append(_alternative_text(child))
        else:
            parts.append(child.content)
    return "".join(parts)
