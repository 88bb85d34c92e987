"""Writes blocks as Markdown and as plain text, for the clipboard."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import unquote

from desktop_app.markdown.block_model import (
    ADDED_MARK,
    LINE_BREAK,
    Block,
    Kind,
    Run,
    Runs,
    depths_of_quotes,
    shared_quotes,
    source_text,
)
from desktop_app.markdown.export.html_writer import group_blocks
from desktop_app.markdown.parsing.own_links import is_citation

# Characters in plain words that Markdown would take for markup, or browsers for a tag.
_MARKUP_CHARACTERS: Final = re.compile(
    r"\\(?=[!-/:-@\[-`{-~]|\Z)"  # a backslash that escapes a sign
    r"|\*(?=\S)|(?<=\S)\*|(?<![^\W_])_(?=\S)"  # marks of emphasis
    r"|`"
    r"|~(?=~)|(?<!\s)~(?![^\W_])"  # marks of strikethrough
    r"|\$(?=[^\s$]+(?:\s+[^\s$]+)*\$(?!\w))|\$(?=\$)"  # the beginning of a formula
    r"|<(?=[A-Za-z/!?])"  # the beginning of a tag or an autolink
    r"|&(?=#?\w+;)"  # an entity
    r"|\[(?=\^|[^\]\n]{0,400}\][(\[:])"  # a footnote's mark, a link or a link definition
)
_CLOSES_HEADING: Final = re.compile(r"(?<!\S)(#+)\Z")
_BARE_AUTOLINK: Final = re.compile(
    r"(?:https?://|www\.)\w[^\s<>*_`~\[\]()\\]*[\w/]|[\w.+-]+@[\w.+-]+\w"
)
_ANGLE_AUTOLINK: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*|[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+\w", re.ASCII
)
# A line break (U+2028) does not end a bare address: it is written as "\" and a line end, and the
# "\" would be taken for a part of the address.
_AFTER_ADDRESS: Final = re.compile(r"[.,;:!?)]*(?:[^\S\u2028]|\Z)")
# Noncharacters stand for the brackets of a link's words until these are escaped. No run contains
# them, because `clean_text` replaces them.
_ESCAPED_BRACKETS: Final = str.maketrans({"\ufdd0": "\\[", "\ufdd1": "\\]"})
_BRACKET_PLACEHOLDERS: Final = str.maketrans("[]", "\ufdd0\ufdd1")
_BRACKET_ENTITIES: Final = str.maketrans({"\ufdd0": "&#91;", "\ufdd1": "&#93;"})
_BLOCK_START: Final = re.compile(
    r"(?:#{1,6}(?=\s|$)|[-+*](?=\s|$)|>|={1,}\s*$|-{2,}\s*$|\||~{3}|\[[ xX]\]\s)"
)
_NUMBERED: Final = re.compile(r"\A(\d{1,9})([.)])(?=\s|$)")
_TICKS: Final = re.compile("`+")
_LEADING_FENCE: Final = re.compile(r"\s*(`+|~+|)")
_ENTITY_SIGN: Final = re.compile(r"&(?=#?\w+;)")
_UNSAFE_TARGET: Final = re.compile(r"[\s<>()]")
_INDENT: Final = "    "
"""The indentation of list content, unless the item's number has more than two digits.

After a shorter marker, such as "- ", it is wider than needed by less than four spaces, so that a
paragraph does not become indented code.
"""
_BOXES: Final = {"☐": "[ ]", "☑": "[x]"}
_SEPARATORS: Final = re.compile(f"[\t{LINE_BREAK}]")
_LINK: Final = "link"
_ELEMENT: Final = "element"
_STYLE_MARKS: Final = {"bold": "**", "strike": "~~", "italic": "*"}
_RULE_OF_ALIGN = {"left": ":---", "center": ":---:", "right": "---:"}


def to_markdown(blocks: Iterable[Block]) -> str:
    """Return Markdown that renders to the same blocks; it may differ from their source."""
    return "".join(MarkdownWriter().pieces(blocks))


class MarkdownWriter:
    """Writer of blocks and the separators between them.

    A blank line within a list makes the whole list loose, so tight lists contain none.
    """

    def __init__(self) -> None:
        self._above: Block | None = None
        # Three values for each list around the last block, the outermost list first.
        self._loose: list[bool] = []
        self._bullets: list[str] = []
        self._indents: list[str] = []  # of the content of the last item

    def pieces(self, blocks: Iterable[Block]) -> Iterator[str]:
        """Yield the Markdown block by block."""
        for members in group_blocks(blocks, (Kind.CODE,)):
            first = members[0]
            separator = self._separator(first)
            bullet = self._bullets[first.depth - 1] if first.depth else ""
            is_code = first.kind in (Kind.CODE, Kind.CODE_HEAD)
            text = _write_code(members) if is_code else _write_block(first)
            indented = _indent(text, first, self._indents, bullet)
            yield self._separate_or_continue(separator, first, indented)
            self._above = members[-1]

    def _separate_or_continue(self, separator: str, block: Block, text: str) -> str:
        """Return a block's text after the separator, or on the line of a lone marker above."""
        above = self._above
        if above is None or above.kind is not Kind.PARAGRAPH or above.runs or not above.marker:
            return separator + text
        is_within = not block.marker if block.depth == above.depth else block.depth > above.depth
        if not is_within:
            return separator + text
        # The text continues the line that has the marker. Its own indentation gives way to the
        # marker, which is at most as wide.
        marker_end = len(_indent("", above, self._indents))
        content_column = len(_indent("", above._replace(marker="", note=False), self._indents))
        if marker_end > content_column:  # a footnote's marker, which is wider than its indentation
            return f"\n{text}"
        return " " * (content_column - marker_end) + text[content_column:]

    def _separator(self, below: Block) -> str:
        """Return the separator above a block, with the marks of the quotes around both blocks."""
        above = self._above
        if above is None:
            self._enter_lists(below)
            return ""
        # First, because `_enter_lists` replaces the indents of the block above.
        above_quotes, _ = _quote_prefix(depths_of_quotes(above), self._indents)
        follows_list = self._enter_lists(below)
        quotes = depths_of_quotes(below)[: shared_quotes(above, below)]
        shared_prefix, _ = _quote_prefix(quotes, self._indents)
        blank = f"\n{shared_prefix.rstrip()}\n"
        if below.opened and above.quote > len(quotes):  # a quote ends, and another begins
            depth = depths_of_quotes(below)[len(quotes)]
            # In another list or item, the new quote is separate anyway.
            is_in_same = depths_of_quotes(above)[len(quotes)] == depth
            if is_in_same and not (below.marker and below.depth <= depth):
                return blank
        older_lists = below.depth - 1 if below.begins else below.depth  # that begin above the block
        shared_lists = min(above.depth, older_lists)
        depth_of_quote = quotes[-1] if quotes else 0
        is_in_item = shared_lists > depth_of_quote  # of a list inside the innermost shared quote
        if is_in_item and not self._loose[shared_lists - 1]:
            # Without a blank line, the paragraph would continue the last one of the quote.
            is_continuation = below.kind is Kind.PARAGRAPH and not (below.marker or below.opened)
            closes_quote = above.quote > len(quotes) and is_continuation
            return f"\n{above_quotes.rstrip()}\n" if closes_quote else "\n"
        continues_table = below.kind is above.kind is Kind.TABLE and not below.head
        # A list that directly follows another has another bullet, so no blank line is needed.
        is_next_list = follows_list and not is_in_item
        return "\n" if continues_table or is_next_list else blank

    def _enter_lists(self, block: Block) -> bool:
        """Update the open lists; return True if the block's list directly follows another."""
        depth = block.depth
        above = self._above
        follows_list = above is not None and block.begins and above.depth >= depth
        last_bullet = self._bullets[depth - 1] if follows_list else ""
        open_depth = depth - 1 if block.begins else depth
        del self._loose[open_depth:]
        del self._bullets[open_depth:]
        del self._indents[open_depth:]
        while len(self._loose) < depth:
            self._loose.append(False)
            # With the same bullet, the items would continue the list directly above.
            self._bullets.append("*" if last_bullet == "-" else "-")
            self._indents.append(_INDENT)
        if block.marker:
            # The text of a footnote is indented by four spaces, however long its name is.
            marker_width = 0 if block.note else len(f"{block.marker} ")
            self._indents[-1] = " " * max(len(_INDENT), marker_width)
        if depth and block.kind not in (Kind.CODE, Kind.CODE_HEAD, Kind.TABLE):
            is_in_quote = depth in block.quoted_at  # and so not directly in the list
            if not is_in_quote:
                self._loose[-1] = block.loose
        return follows_list


def plain_pieces(blocks: Iterable[Block]) -> Iterator[str]:
    """Yield plain text block by block; tabs separate the cells of a row."""
    end = ""
    for block in blocks:
        if block.kind is not Kind.CODE_HEAD:
            yield end + _write_plain(block)
            end = "\n"


def _write_plain(block: Block) -> str:
    if block.kind is Kind.TABLE:
        return "\n".join(
            "\t".join(_SEPARATORS.sub(" ", "".join(map(_plain_words, cell))) for cell in row)
            for row in block.rows
        )
    mark = f"{block.marker} " if block.marker else ""
    if block.kind is Kind.MATH:
        text = _write_block(block)
    else:
        text = "".join(map(_plain_words, block.runs))
    indent = "  " * max(0, block.depth - 1)  # the outermost list is not indented
    return indent + mark + text.replace(LINE_BREAK, "\n")


def _plain_words(run: Run) -> str:
    return f"${source_text(run)}$" if run.math else source_text(run)


def _quote_prefix(depths: Sequence[int], indents: Sequence[str]) -> tuple[str, int]:
    """Return the line prefix of quotes at these list depths, and the depth of the last quote."""
    prefix = ""
    quote_depth = 0
    for depth in depths:
        prefix = f"{prefix}{''.join(indents[quote_depth:depth])}> "
        quote_depth = depth
    return prefix, quote_depth


def _write_code(members: list[Block]) -> str:
    """Return a code block in a fence longer than any in the code."""
    lines = [block.text for block in members if block.kind is Kind.CODE]
    language = members[0].language
    mark = "~" if "`" in language else "`"  # no backtick may follow a fence of backticks
    leading_fences = (_LEADING_FENCE.match(line) for line in lines)
    lengths = (len(m[1]) for m in leading_fences if m and m[1][:1] == mark)
    longest = max(lengths, default=0)
    fence = mark * max(3, longest + 1)  # a fence has at least three marks
    return "\n".join([f"{fence}{language}", *lines, fence])


def _write_block(block: Block) -> str:
    text = _write_styled(block.runs)
    if block.kind is Kind.HEADING and "\n" in text:  # only an underlined heading has several lines
        return f"{_escape_paragraph(text)}\n{'===' if block.level == 1 else '---'}"
    if block.kind is Kind.HEADING:
        return f"{'#' * block.level} {_CLOSES_HEADING.sub(_escape_match, text)}"
    if block.kind is Kind.RULE:
        # In a tight list, no blank line precedes the rule: "---" would make the text above a
        # heading.
        return "***" if block.depth else "---"
    if block.kind is Kind.MATH:
        tex = block.text.replace(LINE_BREAK, "\n")
        return f"$$\n{tex}\n$$"
    if block.kind is Kind.TABLE:
        return _write_table(block)
    return _escape_paragraph(text)


def _escape_paragraph(text: str) -> str:
    """Escape line beginnings that would start another block, and spaces at the text's ends."""
    if text[:1].isspace():
        text = f"&#{ord(text[0])};{text[1:]}"
    if text[-1:].isspace():
        text = f"{text[:-1]}&#{ord(text[-1])};"
    return "\n".join(  # "1." is written as "1\."
        f"\\{line}" if _BLOCK_START.match(line) else _NUMBERED.sub(r"\1\\\2", line)
        for line in text.split("\n")
    )


def _escape_match(match: re.Match[str]) -> str:
    return f"\\{match[0]}"


def _indent(text: str, block: Block, indents: Sequence[str], bullet: str = "-") -> str:
    """Return the text of a block with the markers and indentation of its lists and quotes."""
    quotes, quote_depth = _quote_prefix(depths_of_quotes(block), indents)
    mark = _item_marker(block, bullet) if block.marker else ""
    indented_lists = block.depth - 1 if mark else block.depth  # the marker indents its own list
    indent = quotes + "".join(indents[quote_depth:indented_lists])
    lines = text.split("\n")
    first = f"{indent}{mark}{lines[0]}"
    later_lines = [f"{indent}{' ' * len(mark)}{line}" if line else quotes for line in lines[1:]]
    return "\n".join([first, *later_lines])


def _item_marker(block: Block, bullet: str) -> str:
    marker = block.marker
    if block.note:
        return f"[^{marker}]: "
    number, _, box = marker.rpartition(" ")
    if box in _BOXES:
        return f"{number or bullet} {_BOXES[box]} "
    return f"{marker} " if marker[-1:] in ".)" else f"{bullet} "


def _write_table(block: Block) -> str:
    lines = []
    for number, row in enumerate(block.rows):
        texts = (_write_styled(cell).replace("|", "\\|") for cell in row)
        cells = (text.replace("\n", "<br>") for text in texts)  # a row is a single line
        lines.append(f"| {' | '.join(cells)} |")
        if number == 0 and block.head:
            rules = (_RULE_OF_ALIGN.get(align, "---") for align in block.aligns)
            lines.append(f"| {' | '.join(rules)} |")
    return "\n".join(lines)


def _write_styled(runs: Runs, open_styles: frozenset[str] = frozenset()) -> str:
    """Write runs that are inside these open styles. Open the style with the most runs first."""
    text = ""
    position = 0
    while position < len(runs):
        style, end = _widest_style(runs, position, open_styles)
        if style:
            inner = runs[position:end]
            if style == _LINK:
                inner = _mark_lone_brackets(inner)
            piece = _write_styled(inner, open_styles | {style})
            piece = _mark_up(piece, style, _style_value(runs[position], style))
        else:
            following = runs[end] if end < len(runs) else None
            piece = _write_run(runs[position], text, following)
        # Below: the end of the text and the beginning of the piece could form markup together.
        if piece[:1] == "[" and text[-1:] == "!":  # they would begin an image
            text = f"{text[:-1]}\\!"
        elif not style and piece[:1] in ("*", "~", "_") and piece[:1] == text[-1:]:
            piece = f"\\{piece}"
        if style == "strike" and text[-1:] == "~" and text[-2:] != "\\~":
            text = f"{text[:-1]}\\~"
        text += piece
        position = end
    return text


def _mark_lone_brackets(runs: Runs) -> Runs:
    """Replace unpaired brackets in a link's words by placeholders, to be escaped later."""
    open_brackets: list[tuple[int, int]] = []
    texts = [list(run.text) for run in runs]
    for run_index, run in enumerate(runs):
        if run.code or run.math or run.image:
            continue
        for char_index, character in enumerate(run.text):
            if character == "[":
                open_brackets.append((run_index, char_index))
            elif character == "]" and open_brackets:
                open_brackets.pop()
            elif character == "]":
                texts[run_index][char_index] = "\ufdd1"
    for run_index, char_index in open_brackets:
        texts[run_index][char_index] = "\ufdd0"
    return tuple(run._replace(text="".join(t)) for run, t in zip(runs, texts, strict=True))


def _widest_style(runs: Runs, start: int, open_styles: frozenset[str]) -> tuple[str, int]:
    """Return the style of run `start` that spans the most runs, and where it ends; "" for none."""
    widest = ""
    best_end = start + 1
    for style in (_LINK, _ELEMENT, *_STYLE_MARKS):
        value = "" if style in open_styles else _style_value(runs[start], style)
        if not value:
            continue
        end = start + 1
        while end < len(runs) and _style_value(runs[end], style) == value:
            end += 1
        if not widest or end > best_end:
            widest = style
            best_end = end
    return widest, best_end


def _style_value(run: Run, style: str) -> str:
    """Return the mark of a style that a run has, or the target of its link; "" for none."""
    if style == _ELEMENT:
        return run.element
    if style != _LINK:
        return _STYLE_MARKS[style] if getattr(run, style) else ""
    # `_write_run` writes images, notes and addresses with their links. A citation is plain text:
    # its link leads to a source in the program.
    if not run.link or run.image or run.note or is_citation(run.link) or _is_address(run):
        return ""
    return run.link


def _is_address(run: Run) -> bool:
    """Return True if a link's words are its address, which needs no brackets."""
    is_address = _BARE_AUTOLINK.fullmatch(run.text) or _ANGLE_AUTOLINK.fullmatch(run.text)
    if run.code or not is_address or ":" not in run.link:
        return False
    if run.link in (run.text, f"mailto:{run.text}", f"http://{run.text}"):
        # Without "http:" or "www.", parsers do not link the address of a web page.
        return not run.link.startswith("http:") or run.text.startswith(("http", "www."))
    # The parser encodes characters of a target, as a space is "%20".
    return ":" in run.text and unquote(run.link) == unquote(run.text)


def _mark_up(text: str, style: str, value: str) -> str:
    """Put the marks of a style around a text, inside the spaces at its ends.

    Args:
        value: the style's mark, or a link's target.
    """
    if style == _LINK:
        text = text.translate(_ESCAPED_BRACKETS)
    core = text.strip()
    if not core:
        return text
    if style == _LINK:
        return text.replace(core, f"[{core}]({_link_target(value)})", 1)
    if style == _ELEMENT:
        return text.replace(core, f"<{value}>{core}</{value}>", 1)
    if style == "strike" and core[0] == "~":  # three tildes strike nothing
        return text.replace(core, f"{value}\\{core}{value}", 1)
    return text.replace(core, f"{value}{core}{value}", 1)


def _link_target(link: str) -> str:
    link = _ENTITY_SIGN.sub("&amp;", link)
    return f"<{link}>" if _UNSAFE_TARGET.search(link) else link


def _write_run(run: Run, written: str, following: Run | None) -> str:
    """Write a run without its styles, between the Markdown `written` and the run `following`."""
    if run.note and not run.image:
        return f"[^{run.text}]"
    text = source_text(run).replace(LINE_BREAK, "\n")
    if run.math:
        return _write_formula(text, written, following)
    if run.image:
        return _write_image(run, text, following)
    if run.code:
        return _write_code_span(text)
    if run.link and _is_address(run):
        return _write_address(text, written, following)
    text = _MARKUP_CHARACTERS.sub(_escape_match, text)
    if not (run.bold or run.italic):
        return text
    # Within emphasis, a star beside a space is escaped, too: at an edge it would join the marks.
    return text.replace("\\*", "*").replace("*", "\\*")


def _write_formula(tex: str, written: str, following: Run | None) -> str:
    """Write a formula between dollars, or between brackets if dollars could be misread."""
    next_character = "" if following is None else following.text[:1]
    character_before = written[-1:]
    touches_text = (
        character_before.isalnum()
        or next_character.isalnum()
        or "$" in (character_before, next_character)
        or next_character == "_"
    )
    precedes_formula = following is not None and following.math
    needs_brackets = touches_text or precedes_formula or tex != tex.strip() or "$" in tex
    if needs_brackets and "\\)" not in tex:  # with it, the brackets would end too early
        return f"\\({tex}\\)"
    return f"${tex}$"


def _write_image(run: Run, text: str, following: Run | None) -> str:
    """Write an image with its name and address.

    The address of an image within a link is not known, because its run has the link's target.
    """
    if not text or not run.link:
        return text
    if text == run.link:
        return f"![]({_link_target(run.link)})"
    # Brackets become entities. They are placeholders first, so that none is escaped as markup.
    alternative = text.translate(_BRACKET_PLACEHOLDERS)
    alternative = _MARKUP_CHARACTERS.sub(_escape_match, alternative)
    alternative = alternative.translate(_BRACKET_ENTITIES)
    precedes_address = (
        following is not None
        and following.text.startswith(ADDED_MARK)
        and following.link == run.link
    )
    # The link is the image's own address: the image is drawn, or its address follows.
    if run.note or precedes_address:
        return f"![{alternative}]({_link_target(run.link)})"
    return f"[![{alternative}]()]({_link_target(run.link)})"  # an image within a link


def _write_address(text: str, written: str, following: Run | None) -> str:
    """Write an address bare, or in angle brackets if parsers could miss it.

    "www.…" has no scheme, so brackets would not link it: it stays bare.
    """
    following_text = "" if following is None else source_text(following)
    is_apart_before = written[-1:] in ("", " ", "(", "\n")
    is_apart_after = _AFTER_ADDRESS.match(following_text) is not None
    if is_apart_before and is_apart_after and _BARE_AUTOLINK.fullmatch(text):
        return text
    if _ANGLE_AUTOLINK.fullmatch(text):
        return f"<{text}>"
    return text


def _write_code_span(text: str) -> str:
    """Write code between a number of backticks that it does not contain."""
    used_lengths = {len(ticks) for ticks in _TICKS.findall(text)}
    length = 1
    while length in used_lengths:
        length += 1
    ticks = "`" * length
    edges = text[:1] + text[-1:]
    # The parser removes a space at each end of a span, unless the span has only spaces.
    loses_spaces = edges == "  " and bool(text.strip())
    touches_ticks = "`" in edges
    pad = " " if loses_spaces or touches_ticks else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"
