"""Shows the open end of inline text as the markup that it is about to become.

A scanner passes once over the text of the growing block, in the parser's order of precedence:
escapes, code, mathematics, autolinks, brackets, emphasis. A construct that cannot be decided yet (a
bracket, a formula, half an entity) is held back from its first mark on. A construct that can be
decided is completed: `**bold` is bold, `[words](https://exa` is a link without a target yet. So
shown text is removed only if marks turn out to be plain text.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.markdown.parsing.emphasis import flanks
from desktop_app.markdown.parsing.formulas import (
    BEFORE_DOLLAR,
    BRACKET_CLOSERS,
    FORMULA,
    are_words,
    can_precede_formula,
    find_last_closer,
    find_last_letter,
    is_price,
)
from desktop_app.markdown.parsing.parser import CJK_PUNCTUATION, TAG, has_end, is_too_dense

# Nothing is held back for long: the limits below are arbitrary numbers of characters after which a
# mark is taken for plain text.
_MAX_WORDS_LENGTH: Final = 200
"""Characters; longer text in an open bracket is shown as written."""
_MAX_FORMULA_LENGTH: Final = 400
"""Characters; longer text after an opener is not held back as a formula."""
_MAX_PLAIN_FORMULA_LENGTH: Final = 80
"""Characters; longer text after a dollar is not held back unless it has one of TeX's signs."""
_MAX_ADDRESS_START_LENGTH: Final = 80
"""Characters at the end that are searched for half an address, so that long text costs no more."""
_MAX_TAG_LENGTH: Final = 40
"""Characters; a longer text after `<` is not held back as a tag."""

_MAX_EMPHASIS_LENGTH: Final = 300
"""Characters after which open emphasis or code is shown as written, unless it begins its block."""

_ADDRESS_END_SIGNS: Final = "?!.,:;*_~'\")]"
"""Characters that belong to a bare address only if more characters of the address follow."""

_MAX_OPEN_MARKS: Final = 40
"""Maximum number of nested open marks; if more are open, the outermost are ignored."""

_MAX_ADDRESS_LENGTH: Final = 200
"""Characters before a mark in which an address that contains the mark may begin."""
_STARRED_NAMES: Final = ("args", "kwargs", "argv")
_STARRED_NAME: Final = lazy_pattern(rf"(?:{'|'.join(_STARRED_NAMES)})\b|/\*")
_NAME_BEGINNINGS: Final = frozenset(
    ("/", *(name[:length] for name in _STARRED_NAMES for length in range(1, len(name) + 1)))
)
_MAX_NAME_LENGTH: Final = max(map(len, _STARRED_NAMES))
_FACTOR: Final = lazy_pattern("[A-Za-z0-9]")
_PARENTHESIS: Final = lazy_pattern("[()]")
_NO_ADDRESS: Final = lazy_pattern(rf"[\s<>\"'`{CJK_PUNCTUATION}]")
_ADDRESS_CONTINUES: Final = lazy_pattern(
    rf"[{re.escape(_ADDRESS_END_SIGNS)}]*[^\s<>{re.escape(_ADDRESS_END_SIGNS)}{CJK_PUNCTUATION}]"
)

_MARKS: Final = lazy_pattern(r"\\|`+|\*+|_+|~+|!?\[|!\Z|\]|\$|<|&")
_AUTOLINK: Final = lazy_pattern(r"<(?:[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*|[^\s<>@]+@[\w.-]+)>")
_INCOMPLETE_AUTOLINK: Final = lazy_pattern(
    r"<(?:[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*|[^\s<>@:]+@[\w.-]*?(?P<end>[.-]?))\Z"
)
_EMPTY_ADDRESS: Final = lazy_pattern(r"<[^:@]*[:@]/*\Z")
_INCOMPLETE_TAG: Final = lazy_pattern(rf"</?[\w.+-]{{0,{_MAX_TAG_LENGTH}}}\Z")
_INCOMPLETE_ENTITY: Final = lazy_pattern(
    r"&(?:#(?:[xX][0-9A-Fa-f]{0,6}|\d{0,7})|[A-Za-z][A-Za-z0-9]{0,31})?\Z"
)
_DISPLAY_FORMULA: Final = lazy_pattern(r"\$\$[^$]+\$\$")
# Signs that a dollar begins a formula, rather than a price or the name of a variable.
_TEX_SIGN: Final = lazy_pattern(r"[\\^_{}=]")
# `$$` and text, or one dollar before a sign with which TeX begins, or before a number that goes on
# as in TeX (a power, an operator, a variable), not as a price.
_INCOMPLETE_FORMULA: Final = lazy_pattern(
    r"(?:\$\$[^$]+\$?|\$(?=[A-Za-z\\({|\[+-]"
    r"|\d[\d.,]*(?:\s?(?:\Z|[\\^_{=]|[b-z]\b)|\s[+*<>-](?:\s|\Z)|a\b|[+*<>]\w|!))"
    r"(?:\\.|[^$\\])*\\?"
    # between spaces, a letter or a command; between backticks, anything
    r"|\$ (?:[A-Za-z]? ?\$?|\\[^$\n]*)|\$`[^`\n]*`?)\Z",
    re.DOTALL,
)

# Possible beginnings of bare addresses, and addresses whose `end` may belong to the sentence.
BEGINS_ADDRESS = lazy_pattern(
    r"(?:(?<![A-Za-z0-9@/.])(?:ht?|htt(?:ps?:?/{0,2})?)"
    r"|(?<![A-Za-z0-9_@/.])(?:ww?|www(?:\.[^\s.]*\.?)?))\Z",
    re.IGNORECASE,
)
_END_SIGNS: Final = re.escape(_ADDRESS_END_SIGNS)
_ADDRESS_AT_END: Final = lazy_pattern(
    r"(?:(?<![A-Za-z0-9@/.])https?://|(?<![A-Za-z0-9_@/.])www\.)"
    rf"(?=[^\s<>\"'`{CJK_PUNCTUATION}]*+[{_END_SIGNS}]*+\Z)(?:.*[^{_END_SIGNS}])?(?P<end>.*)",
    re.IGNORECASE,
)
_INCOMPLETE_MAIL: Final = lazy_pattern(r"(?<=[\w.+-])@(?:[\w-]*\.?|[\w.-]*?(?P<end>\.?))\Z")


class _CutError(Exception):
    """Text from `shown_end` on is not shown; `closer` closes the construct that is cut there."""

    def __init__(self, shown_end: int, closer: str = "") -> None:
        super().__init__(shown_end)
        self.shown_end = shown_end
        self.closer = closer


def complete_inline(content: str, *, may_continue: bool = True) -> tuple[str, str]:
    """Return the inline text to show, and the marks that close its open markup.

    Args:
        may_continue: the last word may continue, because no space follows it.

    >>> complete_inline("a **b")
    ('a **b', '**')
    >>> complete_inline("see [the docs](https://exa")
    ('see [the docs](#', ')')
    >>> complete_inline("a **"), complete_inline("a [b")
    (('a ', ''), ('a ', ''))
    """
    if is_too_dense(content):
        return content, ""
    scanner = _Scanner(content, may_continue=may_continue)
    end = len(content)
    closer = ""
    try:
        scanner.scan()
    except _CutError as cut:
        end = cut.shown_end
        closer = cut.closer
    if not closer:
        decided_end = _end_of_decided_text(content[:end], scanner.settled_end)
        # Marks that closed emphasis stay shown, even if they might belong to an address.
        closed_end = min(scanner.closed_end, end)
        end = max(decided_end, closed_end)
    return scanner.close_marks(end, closer)


def _end_of_decided_text(content: str, settled_end: int) -> int:
    """Return the end of the text without an undecided address; none begins before `settled_end`."""
    search_start = max(settled_end, len(content) - _MAX_ADDRESS_START_LENGTH)
    half_address = BEGINS_ADDRESS.search(content, search_start)
    if half_address is not None:
        return half_address.start()
    last_space = max(content.rfind(" "), content.rfind("\n"))
    word_start = max(last_space + 1, settled_end)
    for pattern in (_ADDRESS_AT_END, _INCOMPLETE_MAIL):
        address = pattern.search(content, word_start)
        if address is not None:
            if address["end"] is None:  # it may not be an address at all
                end = address.start()
            else:
                end = address.start("end")
            return _before_open_bracket(content, address.start(), end)
    return len(content)


def _before_open_bracket(content: str, start: int, end: int) -> int:
    """Return the decided end of an address: `end`, or before a bracket that is still open."""
    open_bracket = end
    depth = 0
    for bracket in re.finditer("[()]", content[start:end]):
        if bracket[0] == ")":
            depth -= 1
            continue
        depth += 1
        if depth == 1:
            open_bracket = start + bracket.start()
    if depth <= 0:
        return end
    return start + len(content[start:open_bracket].rstrip(_ADDRESS_END_SIGNS))


class _EmphasisMark(NamedTuple):
    """An open run of emphasis marks, or an open bracket.

    Attributes:
        unpaired: the number of its characters that have not been paired yet.
        can_also_close: the mark may also end emphasis.
        is_doubtful: the mark is more likely to stay as written than to begin emphasis.
    """

    text: str
    start: int
    unpaired: int = 0
    can_also_close: bool = False
    is_doubtful: bool = False


class _Scanner:
    """A single scan of a text.

    Attributes:
        content: the text.
        open_marks: the marks of emphasis and the opening brackets that nothing has closed yet, in
            the order of the text.
        closed_end: the end of the last mark that has closed another.
        settled_end: the end of the last escape, code, formula, autolink or link.
    """

    def __init__(self, content: str, *, may_continue: bool) -> None:
        self.content = content
        self._may_continue = may_continue
        self.open_marks: list[_EmphasisMark] = []
        self.closed_end = 0
        self.settled_end = 0
        self._shown = content  # with "#" in place of a link's address that is incomplete

    def scan(self) -> None:
        """Scan to the end.

        Raises:
            _CutError: something begins that cannot be decided yet.
        """
        position = 0
        while (match := _MARKS.search(self.content, position)) is not None:
            position = self._process_mark(match[0], match.start(), match.end())
            if position > match.end():  # the mark began a whole construct
                self.settled_end = position

    def close_marks(self, end: int, closer: str) -> tuple[str, str]:
        """Return the text up to `end`, and the marks that close everything open in it.

        The text ends before the first open bracket that may become a link, because its words are
        not too long.

        Args:
            closer: the mark that closes the construct that is cut at `end`; "" if none is.
        """
        min_start = len(self.content) - _MAX_WORDS_LENGTH
        open_brackets = [
            m.start for m in self.open_marks if m.text[-1:] == "[" and min_start < m.start < end
        ]
        if open_brackets:
            end = open_brackets[0]
            closer = ""  # the construct that it closes is not shown
            self._shown = self.content
        marks = _find_closable_marks(
            [m for m in self.open_marks if m.text[-1] != "[" and m.start < end], self.content
        )
        text = self._shown[:end]
        if not closer:
            # Marks with nothing after them are not shown. A closer cannot follow a space.
            stripped = text.rstrip()
            while marks and marks[-1].start + len(marks[-1].text) >= len(stripped):
                stripped = stripped[: marks.pop().start].rstrip()
            if marks or len(stripped) < len(text.rstrip()):
                text = stripped
        closers = "".join(mark.text[0] * mark.unpaired for mark in reversed(marks))
        return text, closer + closers

    def _process_mark(self, mark: str, start: int, end: int) -> int:
        """Process a mark, and return where the text continues."""
        match mark[0]:
            case "\\":
                return self._process_escape(start)
            case "`":
                return self._process_code(mark, start, end)
            case "$":
                return self._process_formula(start)
            case "<":
                return self._process_angle_bracket(start)
            case "&":
                if _INCOMPLETE_ENTITY.match(self.content, start):
                    raise _CutError(start)
                return end
            case "]":
                return self._process_bracket(start)
            case "!" if mark == "!":  # at the end, where a bracket may follow
                if self._may_continue:
                    raise _CutError(start)
                return end
            case "[" | "!":
                self.open_marks.append(_EmphasisMark(mark, start))
                return end
        return self._process_emphasis(mark, start, end)

    # ------------------------------------------------------------------ escapes, code, formulas

    def _process_escape(self, start: int) -> int:
        content = self.content
        opener = content[start : start + 2]
        if len(opener) < 2:
            raise _CutError(start)
        closer = BRACKET_CLOSERS.get(opener)
        if closer is None:
            return start + 2
        after_opener = start + 2
        if find_last_closer(closer, content) >= after_opener:
            end = content.find(closer, after_opener)
            # Without a letter or digit, and around words, these are escaped brackets.
            if find_last_letter(content, end) <= start:
                return after_opener
            return after_opener if are_words(opener, content[after_opener:end]) else end + 2
        if len(content) - start <= _MAX_FORMULA_LENGTH:
            raise _CutError(start)
        return after_opener

    def _process_code(self, ticks: str, start: int, end: int) -> int:
        content = self.content
        for closer in re.finditer("`+", content[end:]):
            if closer[0] == ticks:
                return end + closer.end()
        bare = content.rstrip("`")  # backticks at the end may be part of the closer
        if not content[end:].strip(" \n`"):  # nothing to show yet
            raise _CutError(start)
        # Long text is plain, unless the paragraph begins with the backticks.
        if len(content) - start > _MAX_EMPHASIS_LENGTH and start:
            return end
        # The parser drops a space at both ends, so the closer gets one if only the beginning has.
        is_spaced = content[end] == " " and bare[-1] != " "
        raise _CutError(max(end, len(bare)), " " + ticks if is_spaced else ticks)

    def _process_formula(self, start: int) -> int:
        """Process a dollar sign, which may begin a formula, a price or a variable's name."""
        content = self.content
        if not can_precede_formula(content[start - 1 : start]):
            return start + 1
        match = _DISPLAY_FORMULA.match(content, start) or FORMULA.match(content, start)
        if match is not None:
            if is_price(match[0].strip("$")):
                return start + 1
            if match.end() == len(content) and content[start + 1] != "$" and self._may_continue:
                # If a letter or digit follows, this is not a formula: $5-$10, $HOME/$USER. The text
                # without its last dollar stays shown if it was shown before the dollar came.
                was_shown = _INCOMPLETE_FORMULA.match(content[:-1], start) is None
                raise _CutError(match.end() - 1 if was_shown else start)
            return match.end()
        remaining_length = len(content) - start
        if remaining_length <= _MAX_FORMULA_LENGTH:
            first_formula = BEFORE_DOLLAR.match(content, start)
            rest = "" if first_formula is None else content[first_formula.end() :]
            if rest in ("$", "$$") or (rest and _INCOMPLETE_FORMULA.match(rest)):
                raise _CutError(start)
        if content[start:] in ("$", "$$"):
            raise _CutError(start)
        incomplete = _INCOMPLETE_FORMULA.match(content, start)
        if incomplete is not None:
            has_tex_sign = _TEX_SIGN.search(incomplete[0]) is not None
            max_length = _MAX_FORMULA_LENGTH if has_tex_sign else _MAX_PLAIN_FORMULA_LENGTH
            if remaining_length <= max_length:
                raise _CutError(start)
        return start + 1

    def _process_angle_bracket(self, start: int) -> int:
        content = self.content
        match = _AUTOLINK.match(content, start)
        if match is not None:
            return match.end()
        if len(content) - start > _MAX_WORDS_LENGTH:
            return start + 1
        tag = TAG.match(content, start)
        if tag is not None:
            if tag["name"] and not tag["closes"] and not has_end(content, tag):
                raise _CutError(start)
            return tag.end()
        incomplete = _INCOMPLETE_AUTOLINK.match(content, start)
        if incomplete is not None and _EMPTY_ADDRESS.match(incomplete[0]) is None:
            undecided_end = incomplete["end"] or ""
            raise _CutError(len(content) - len(undecided_end), ">")
        if incomplete is not None or _INCOMPLETE_TAG.match(content, start):
            raise _CutError(start)
        return start + 1

    # ------------------------------------------------------------------ brackets

    def _process_bracket(self, start: int) -> int:
        """Process a closing bracket, which ends a link's words if a bracket is open."""
        brackets = (n for n in self._last_indexes() if self.open_marks[n].text[-1] == "[")
        opener_index = next(brackets, None)
        if opener_index is None:
            return start + 1
        opener = self.open_marks[opener_index]
        content = self.content
        del self.open_marks[opener_index:]
        # Inner brackets need no cut: the outer bracket is held back anyway.
        is_inner = any(mark.text[-1] == "[" for mark in self.open_marks)
        following = content[start + 1 : start + 2]
        # The mark of a footnote is decided, unless it begins a line, where it may be a definition.
        line_start = content.rfind("\n", 0, opener.start) + 1
        is_note = content[opener.start + 1 : start].startswith("^") and start > opener.start + 2
        is_note = is_note and bool(content[line_start : opener.start].strip())
        if not following and not is_inner and not is_note:
            raise _CutError(opener.start)
        if following == "(":
            return self._process_target(opener, start + 2, is_inner=is_inner)
        if following == "[" and content.find("]", start + 2) < 0 and not is_inner:
            raise _CutError(opener.start)
        return start + 1

    def _process_target(self, opener: _EmphasisMark, start: int, *, is_inner: bool) -> int:
        end = _end_of_target(self.content, start)
        if end is None:  # open
            if is_inner:
                return start
            words = self.content[opener.start + len(opener.text) : start - len("](")]
            if not words.strip():
                raise _CutError(opener.start)
            self._shown = self.content[:start] + "#"
            raise _CutError(start + 1, ")")
        return end if end > 0 else start

    def _last_indexes(self) -> range:
        """Return the indexes of the open marks to search for an opener, the last mark first."""
        count = len(self.open_marks)
        return range(count - 1, max(-1, count - _MAX_OPEN_MARKS), -1)

    # ------------------------------------------------------------------ emphasis

    def _process_emphasis(self, mark: str, start: int, end: int) -> int:
        """Process a run of stars, underscores or tildes: close open marks, then open a mark."""
        content = self.content
        if end == len(content):
            raise _CutError(start)
        if _is_in_address(content, start, end):
            return end
        character_before = content[start - 1 : start] if start else ""
        count = len(mark)
        opens, closes = flanks(character_before, content[end], mark)
        while closes and count:
            used_count = self._close_with(mark[0], count, can_also_open=opens)
            if not used_count:
                break
            count -= used_count
            self.closed_end = end
        if opens and count:
            if _may_be_name(content, mark, end):
                raise _CutError(start)
            is_doubtful = _is_literal_star(content, mark, start, end)
            _push_mark(
                self.open_marks,
                _EmphasisMark(
                    mark[:count],
                    start,
                    unpaired=count,
                    can_also_close=closes,
                    is_doubtful=is_doubtful,
                ),
            )
        return end

    def _close_with(self, sign: str, count: int, *, can_also_open: bool) -> int:
        """Close the nearest mark that `count` signs can close; return the number of signs used.

        Args:
            can_also_open: the run of the signs could also begin emphasis.
        """
        for index in self._last_indexes():
            opener = self.open_marks[index]
            if opener.text[-1] == "[":
                return 0
            if opener.text[0] != sign or (sign == "~" and len(opener.text) != count):
                continue
            # CommonMark's "rule of three": if one of two runs could both open and close, they do
            # not pair if the sum of their lengths is a multiple of 3, unless both lengths are.
            can_do_both = opener.can_also_close or can_also_open
            lengths = (len(opener.text), count)
            breaks_rule = sum(lengths) % 3 == 0 and any(length % 3 for length in lengths)
            if sign == "*" and can_do_both and breaks_rule:
                continue
            used_count = min(2, count, opener.unpaired)
            unpaired = opener.unpaired - used_count
            del self.open_marks[index:]
            if unpaired:
                self.open_marks.append(opener._replace(unpaired=unpaired))
            return used_count
        return 0


def _push_mark(marks: list[_EmphasisMark], mark: _EmphasisMark) -> None:
    """Add an open mark. If it has stars, the last earlier mark with as many becomes doubtful."""
    first_index = max(0, len(marks) - _MAX_OPEN_MARKS) if mark.text[0] == "*" else len(marks)
    for index in range(len(marks) - 1, first_index - 1, -1):
        if marks[index].text == mark.text:
            marks[index] = marks[index]._replace(is_doubtful=True)
            break
    marks.append(mark)


def _find_closable_marks(marks: list[_EmphasisMark], content: str) -> list[_EmphasisMark]:
    """Return the marks that will probably be closed.

    This includes a doubtful mark within another of the same character, because the closer of the
    outer mark would pair with it first.
    """
    closable: list[_EmphasisMark] = []
    for mark in marks[-_MAX_OPEN_MARKS:]:
        is_within = any(mark.text[0] == outer.text[0] for outer in closable)
        # A single "~" stays as written: it more often means "about", as in "~10 m".
        if mark.text != "~" and (is_within or not _stays_literal(mark, content)):
            closable.append(mark)
    return closable


def _stays_literal(mark: _EmphasisMark, content: str) -> bool:
    """Return True if a mark will probably not be closed.

    That is so if it is doubtful, if a long text follows (unless the mark begins its block), or if a
    bracket opens before the mark and closes after it.
    """
    start = mark.start
    is_long = len(content) - start > _MAX_EMPHASIS_LENGTH and start > 0
    if mark.is_doubtful or is_long:
        return True
    search_start = max(0, start - _MAX_EMPHASIS_LENGTH)
    if content.rfind("(", search_start, start) <= content.rfind(")", search_start, start):
        return False
    depth = 0
    for parenthesis in _PARENTHESIS.findall(content, start, start + _MAX_EMPHASIS_LENGTH):
        depth += 1 if parenthesis == "(" else -1
        if depth < 0:
            return True
    return False


def _may_be_name(content: str, mark: str, end: int) -> bool:
    """Return True if stars at the end may become part of a name such as `*args`."""
    return mark[0] == "*" and content[end : end + _MAX_NAME_LENGTH + 1] in _NAME_BEGINNINGS


def _is_literal_star(content: str, mark: str, start: int, end: int) -> bool:
    """Return True if stars precede the name of a variable or of files, or are between factors."""
    if mark[0] != "*":
        return False
    if _STARRED_NAME.match(content, end) or (mark == "*" and content[end] in "./"):
        return True
    return bool(_FACTOR.match(content[start - 1 : start]) and _FACTOR.match(content, end))


def _is_in_address(content: str, start: int, end: int) -> bool:
    """Return True if a mark is within a bare address that continues after it."""
    slashes = content.rfind("://", max(0, start - _MAX_ADDRESS_LENGTH), start)
    if slashes < 0 or _ADDRESS_CONTINUES.match(content, end) is None:
        return False
    return _NO_ADDRESS.search(content, slashes, start) is None


def _end_of_target(content: str, position: int) -> int | None:
    """Return the end of the link target after `](`; None if it is open, -1 if it is not a link."""
    position = _skip_space(content, position)
    if content[position : position + 1] == "<":
        end = content.find(">", position)
        if end < 0:
            return -1 if "\n" in content[position:] else None  # no line end is allowed inside
        position = end + 1
    else:
        position = _end_of_address(content, position)
    next_index = _skip_space(content, position)
    if next_index >= len(content):
        return None
    if content[next_index] in "\"'(" and next_index > position:  # a title, after a space
        closer = ")" if content[next_index] == "(" else content[next_index]
        next_index = content.find(closer, next_index + 1)
        if next_index < 0:
            return None
        next_index = _skip_space(content, next_index + 1)
        if next_index >= len(content):
            return None
    return next_index + 1 if content[next_index] == ")" else -1


def _skip_space(content: str, position: int) -> int:
    while position < len(content) and content[position].isspace():
        position += 1
    return position


def _end_of_address(content: str, position: int) -> int:
    """Return the end of a link's address: a space, or a closing bracket that it does not open."""
    depth = 0
    while position < len(content) and not content[position].isspace():
        character = content[position]
        if character == "\\":
            position += 1
        elif character == "(":
            depth += 1
        elif character == ")":
            if depth == 0:
                break
            depth -= 1
        position += 1
    return min(position, len(content))
