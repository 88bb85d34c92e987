"""Converts web pages, mails, chapters of books and the clipboard's HTML to Markdown.

Scripts, styles, hidden parts, images (except their alternative text) and the addresses of relative
links are left out. Nothing is fetched. Markdown's special characters in the text stay as they are,
because escapes cost tokens and hide words from a search.

The page's style sheets tell what is hidden, raised and struck out. Rules apply as CSS orders them
(CSS Cascading and Inheritance Level 4, section 6). Those for paper, for other sizes of the window,
and in layers or other conditions are not read: their parts are kept.
"""

from __future__ import annotations

import codecs
import html
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from bs4 import BeautifulSoup, Comment, Tag
from markdownify import ATX, MarkdownConverter

from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.reader_result import LeftOut
from desktop_app.documents.text import page_formulas, plain_text
from desktop_app.domain.documents.document_notes import SkipReason

_CHARSET: Final = re.compile(rb"<meta\b[^>]*?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.I)
_CHARACTER_DATA: Final = re.compile(r"<!\[CDATA\[(.*?)(?:\]\]>|\Z)", re.S)
_HIDDEN: Final = re.compile(r"display:\s*none|visibility:\s*hidden|mso-hide:\s*all", re.I)
_NOT_BOLD: Final = re.compile(r"font-weight:\s*normal", re.I)
_ITEM_NUMBER: Final = re.compile(r"(-?[0-9]{1,9})([.)]?)")
_LINE: Final = re.compile(r"^((?:[ \t]*(?:[-*+>]|#{1,6}|[0-9]{1,9}[.)])[ \t])*)(.*)$", re.M)
_STRIKE_TAG: Final = re.compile(r"<(?:del|s|strike)\b", re.I)
NOTE: Final = "note:"
"""Begins the ids of a document's notes, which are items of a list."""
_STRIKES: Final = ("del", "s", "strike")
_INLINE: Final = frozenset(
    ("a", "abbr", "b", "big", "cite", "code", "em", "font", "i", "ins", "label", "mark", "small")
    + ("span", "strong", "time", "u", "var", "s", "del", "strike")
)
# Word's paragraphs of a list, their numbers or bullets, and numbers that Markdown does not know.
_WORD_LIST: Final = re.compile(r"mso-list:\s*l[0-9]+\s+level([0-9]+)", re.I)
_WORD_MARK: Final = re.compile(r"mso-list:\s*Ignore", re.I)
_NUMBERED: Final = re.compile(r"[0-9]|[^\W_][.)]|\([^\W_]")
_DEEPEST_LEVEL: Final = 9  # of Word
_TICKED: Final = "☒"
_UNTICKED: Final = "☐"
_LANGUAGE: Final = re.compile(r"(?:language-|lang-|highlight-source-)([\w+#-]+)")
_FENCED: Final = re.compile(r"^```.*?^```", re.M | re.S)
_BLANK_LINES: Final = re.compile(r"\n(?:[ \t]*\n){2,}")
_NEVER_SHOWN: Final = (
    *("script", "style", "noscript", "template", "title", "svg", "iframe", "object", "audio"),
    *("video", "canvas", "rt", "rp"),
)


def read(
    data: bytes, encoding: str = "", left_out: LeftOut | None = None
) -> plain_text.DecodedText | None:
    """Return a web page as Markdown, without its head; None if its encoding is unknown.

    Args:
        encoding: that of the mail around the page, if the page states none.
        left_out: counts the hidden parts.
    """
    decoded = _decode(data, encoding)
    if decoded is None:
        return None
    page = decoded.text
    if page.lstrip("\ufeff \n").startswith("<?xml"):
        page = _CHARACTER_DATA.sub(lambda section: html.escape(section[1], quote=False), page)
    return plain_text.DecodedText(to_markdown(page, left_out), decoded.note)


def to_markdown(page: str, left_out: LeftOut | None = None) -> str:
    """Convert a web page or the body of a mail to Markdown; `left_out` counts hidden parts."""
    return _convert(page, ("nav", *_NEVER_SHOWN), left_out or LeftOut())


def convert_selection(source: str) -> str:
    """Convert HTML from the clipboard to Markdown.

    Returns "" if all of it is code: then the plain text on the clipboard is better.
    """
    markdown = _convert(source, ("button", "select", *_NEVER_SHOWN), LeftOut())
    return markdown if _FENCED.sub("", markdown).strip() else ""


def _convert(page: str, names: tuple[str, ...], left_out: LeftOut) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a page that looks like an address, or like XML
        page = page_formulas.with_lines(page.replace("\xad", ""), left_out)
        soup = BeautifulSoup(page, "lxml")
    page_formulas.unwrap(soup, page)
    styled = styled_elements(soup, page)
    _leave_out(soup, names, {id(each) for each, effect in styled if effect == _HIDE}, left_out)
    # Google Docs wraps everything in a <b> that is not bold.
    for element in soup.find_all("b"):
        if _NOT_BOLD.search(str(element.get("style"))):
            element.unwrap()
    _mark_all(soup, [(each, effect) for each, effect in styled if effect != _HIDE], page)
    if "mso-list" in page:
        _make_lists(soup)
    _number_items(soup)
    for table in soup.find_all("table"):
        is_layout = table.find("table") or table.get("role") == "presentation"
        if is_layout or len(table.find_all(("td", "th"), limit=2)) < 2:
            # It only lays out a page or a mail, or is a frame.
            for part in table.find_all(("thead", "tbody", "tfoot", "tr", "td", "th")):
                if part.find_parent("table") is table:
                    part.name = "div"
            table.name = "div"
        else:
            _repeat_merged_rows(soup, table)
    markdown: str = _Converter(
        heading_style=ATX,
        bullets="-",
        escape_asterisks=False,
        escape_underscores=False,
        escape_misc=False,
        table_infer_header=True,
        code_language_callback=_language,
    ).convert_soup(soup)
    return _BLANK_LINES.sub("\n\n", markdown).strip()


def _leave_out(
    soup: BeautifulSoup, names: tuple[str, ...], hidden_ids: set[int], left_out: LeftOut
) -> None:
    """Remove the elements that are never shown, and those that are hidden."""
    elements = soup.find_all(True)  # any other search takes ten times as long
    hidden_ids |= {id(each) for each in elements if _is_hidden(each)}
    for element in elements:
        # Nobody gives a name to the frames of advertisements.
        name = element.get("src") if element.name == "frame" else ""
        name = (element.get("title") or name) if element.name in ("frame", "iframe") else ""
        if name and id(element) not in hidden_ids:
            left_out.unread.append((" ".join(str(name).split()), SkipReason.LINK))
    for element in elements:
        if element.name in names:
            element.decompose()
    for element in elements:
        # One that is decomposed was in another hidden part. Asking searches the element.
        if id(element) not in hidden_ids or element.decomposed:
            continue
        if left_out.leaves_out(is_hidden=True, counts=bool(element.get_text(strip=True))):
            element.decompose()


def _is_hidden(element: Tag) -> bool:
    style = element.get("style")
    return element.has_attr("hidden") or (
        isinstance(style, str) and _HIDDEN.search(style) is not None
    )


def _mark(soup: BeautifulSoup, element: Tag, name: str) -> None:
    """Say by an element `s`, `sup` or `sub` what the style of another element does."""
    if name != "s" and element.name not in _INLINE:
        return
    for target in element.find_all(("td", "th", "li")) or [element]:
        if target.name in _INLINE:
            target.wrap(soup.new_tag(name))
        else:
            inner = soup.new_tag(name)
            for child in list(target.contents):
                inner.append(child)
            target.append(inner)


def _mark_all(soup: BeautifulSoup, styled: list[tuple[Tag, str]], page: str) -> None:
    """Mark what styles mark, join struck texts, and strike out the cells of struck tables."""
    if not styled and not _STRIKE_TAG.search(page):
        return
    for element, effect in styled:
        if not element.decomposed:
            _mark(soup, element, effect)
    for element in soup.find_all(_STRIKES):
        before = element.previous_sibling
        if element.find("table"):
            _mark(soup, element, "s")
            element.unwrap()
        elif isinstance(before, Tag) and before.name in _STRIKES:
            for child in list(element.contents):
                before.append(child)
            element.decompose()


def _make_lists(soup: BeautifulSoup) -> None:
    """Make lists of Word's paragraphs, which state their level."""
    open_lists: list[tuple[int, Tag]] = []
    for item in soup.find_all(style=_WORD_LIST):
        style = _WORD_LIST.search(str(item.get("style")))
        mark = item.find(style=_WORD_MARK)
        label = "".join(mark.get_text().split()) if mark else ""
        if mark:
            mark.decompose()
        while open_lists and (before := item.previous_sibling) is not None:
            if before is open_lists[0][1]:
                break
            if isinstance(before, Tag) or not (
                isinstance(before, Comment) or str(before).isspace()
            ):
                open_lists.clear()
            else:
                before.extract()
        number = _ITEM_NUMBER.fullmatch(label)
        if item.name != "p" or style is None or (number is None and _NUMBERED.search(label)):
            open_lists.clear()
            item.insert(0, f"{label} " if number or _NUMBERED.search(label) else "")
            continue
        level = min(int(style[1][:2]), _DEEPEST_LEVEL)
        name = "ol" if number else "ul"
        while open_lists and (
            level < open_lists[-1][0]
            or (level == open_lists[-1][0] and name != open_lists[-1][1].name)
        ):
            open_lists.pop()
        if not open_lists or level > open_lists[-1][0]:
            new = soup.new_tag(name)
            around = open_lists[-1][1].contents[-1] if open_lists else None
            if isinstance(around, Tag):
                around.append(new)
            else:
                item.insert_before(new)
            open_lists.append((level, new))
        item.name = "li"
        if number:
            item["value"] = label
        open_lists[-1][1].append(item.extract())


def _number_items(soup: BeautifulSoup) -> None:
    for numbered in soup.find_all("ol"):
        following = int(start) if (start := str(numbered.get("start"))).isdecimal() else 1
        for item in numbered.find_all("li", recursive=False):
            number = _ITEM_NUMBER.fullmatch(str(item.get("value") or following))
            item["value"] = number[0] if number else str(following)
            following = int(number[1] if number else following) + 1


def _repeat_merged_rows(soup: BeautifulSoup, table: Tag) -> None:
    """Put empty cells below cells that span several rows."""
    open_spans: dict[int, int] = {}  # the rows left, by column
    for row in table.find_all("tr"):
        column = 0
        for cell in row.find_all(("td", "th"), recursive=False):
            while open_spans.get(column, 0):
                open_spans[column] -= 1
                cell.insert_before(soup.new_tag("td"))
                column += 1
            rows = md.small_number(cell.get("rowspan"))
            for _ in range(md.small_number(cell.get("colspan"))):
                open_spans[column] = rows - 1
                column += 1
        while open_spans.get(column, 0):
            open_spans[column] -= 1
            row.append(soup.new_tag("td"))
            column += 1


def _language(element: Tag) -> str:
    """Return the programming language in the classes of a code block; "" if there is none."""
    for tag in (element, *element.find_all("code", limit=1)):
        if match := _LANGUAGE.search(" ".join(map(str, tag.get("class") or ()))):
            return match[1]
    return ""


def _option_text(option: Tag) -> str:
    return " ".join(option.get_text().split()) or str(option.get("label") or "")


def _apart(element: Tag, text: str) -> str:
    """Return the text of a form's element or a formula, apart from the words beside it."""
    before, after = element.previous_sibling, element.next_sibling
    space_before = " " if before is not None and before.get_text()[-1:].isalnum() else ""
    space_after = " " if after is not None and after.get_text()[:1].isalnum() else ""
    return f"{space_before}{text}{space_after}" if text else ""


_BLOCK: Final[Any] = getattr(MarkdownConverter, "convert_div")  # noqa: B009 - it has no types


class _Converter(MarkdownConverter):
    """markdownify with short links and images, raised digits, and the answers in forms."""

    def convert_li(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Return an item with its number, if it states one."""
        number = str(el.get("value") or "")
        match = _ITEM_NUMBER.fullmatch(number)
        if match is None or not text.strip() or el.parent is None or el.parent.name != "ol":
            return str(super().convert_li(el, text, parent_tags))  # type: ignore[misc]  # untyped
        mark = f"{match[1]}{match[2] or '.'} "
        if str(el.get("id")).startswith(NOTE):
            return f"[^{match[1]}]: {text.strip()}\n\n"
        lines = text.strip().split("\n")
        indented_lines = [f"{' ' * len(mark)}{line}" if line else "" for line in lines[1:]]
        return "\n".join([f"{mark}{lines[0]}", *indented_lines]) + "\n"

    def convert_input(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Return a box, ticked or not, or what was typed."""
        kind = str(el.get("type") or "text").lower()
        if kind in ("checkbox", "radio"):
            shown = _TICKED if el.has_attr("checked") else _UNTICKED
        elif kind in ("hidden", "password", "file", "image"):
            return str(el.get("alt") or "") if kind == "image" else ""
        else:
            shown = " ".join(str(el.get("value") or "").split())
        return _apart(el, shown)

    def convert_select(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Return the options that are chosen; a list that drops down shows its first one."""
        options = el.find_all("option")
        chosen = [
            f"{_TICKED} {_option_text(option)}" for option in options if option.has_attr("selected")
        ]
        drops_down = not el.has_attr("multiple") and str(el.get("size") or "1") == "1"
        if not chosen and drops_down:
            chosen = [_option_text(option) for option in options[:1]]
        return _apart(el, ", ".join(filter(None, chosen)))

    def convert_datalist(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return ""

    def convert_img(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return str(el.get("alt") or "")

    def convert_a(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return text if "_noformat" in parent_tags else md.link(text, str(el.get("href") or ""))

    def convert_td(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        cell = " ".join(text.split()).replace("|", "\\|")
        return f" {cell} |{'  |' * (md.small_number(el.get('colspan')) - 1)}"

    def convert_th(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return self.convert_td(el, text, parent_tags)

    convert_summary = convert_details = convert_legend = convert_fieldset = _BLOCK
    convert_address = convert_header = convert_footer = convert_main = convert_aside = _BLOCK
    convert_form = convert_figure = convert_hgroup = convert_center = convert_dialog = _BLOCK
    convert_menu = convert_nav = _BLOCK

    def convert_math(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        if el.get("display") == "block" and "_inline" not in parent_tags and text.strip():
            return f"\n\n{text.strip()}\n\n"
        return _apart(el, text)

    def convert_del(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        if "_noformat" in parent_tags or not parent_tags.isdisjoint(_STRIKES):
            return text
        return _LINE.sub(lambda line: f"{line[1]}{md.strike(line[2])}", text)

    convert_s = convert_strike = convert_del

    def convert_sup(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return md.superscript(text)

    def convert_sub(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return md.subscript(text)


def _decode(data: bytes, stated: str) -> plain_text.DecodedText | None:
    """Decode a page by the encoding that it or the mail around it states, else by the likeliest.

    UTF-8 that is not ASCII is read as UTF-8, even if the page states another encoding.
    """
    charset = _CHARSET.search(data[:2048])
    codec = plain_text.text_codec(charset[1].decode()) if charset else stated
    if not codec or data.startswith(codecs.BOM_UTF8):
        return plain_text.decode(data)
    encodings = (codec,) if data.isascii() else ("utf-8", codec)
    for encoding in encodings:
        with suppress(UnicodeDecodeError):
            return plain_text.DecodedText(data.decode(encoding))
    return plain_text.decode(data)


_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.S)
_CONFUSING_STRING: Final = re.compile(r"""(["'])[^"'\n{};]*[{};][^"'\n]*\1""")
_PIECE: Final = re.compile(r"([^{};]*)([{};])")
_ON_SCREENS: Final = re.compile(r"(?:@media\s+)?(?:only\s+)?(?:screen|all)", re.I)
_DECLARATION: Final = re.compile(
    r"\s*(display|visibility|mso-hide|text-decoration|vertical-align|mso-text-raise|top)(?:-line)?"
    r"\s*:\s*([^;!]{1,200}?)\s*(!\s*important)?\s*",
    re.I,
)
_HIDE: Final = "hide"
_EFFECTS: Final = {
    ("display", "none"): _HIDE,
    ("visibility", "hidden"): _HIDE,
    ("mso-hide", "all"): _HIDE,
    ("vertical-align", "super"): "sup",
    ("vertical-align", "sub"): "sub",
}
_MARKING: Final = re.compile("line-through|vertical-align|mso-text-raise|relative", re.I)
_LENGTH: Final = re.compile(r"([+-]?[0-9]*\.?[0-9]+)(em|ex|rem|%|pt|px|mm)")
# Shorter ones put signs and icons in the middle of a line.
_LEAST_RAISE: Final = {"em": 0.2, "rem": 0.2, "ex": 0.4, "%": 15, "pt": 2, "px": 3, "mm": 0.7}


def _effect(name: str, value: str) -> str:
    """Return the element that says what a declaration does, or _HIDE; "" for no effect."""
    value = value.lower()
    if name == "text-decoration":
        return "s" if "line-through" in value else ""
    length = _LENGTH.fullmatch(value) if name in _HEIGHTS else None
    if length is None:
        return _EFFECTS.get((name, value), "")
    height = float(length[1]) * _HEIGHTS[name]
    return "" if abs(height) < _LEAST_RAISE[length[2]] else "sup" if height > 0 else "sub"


_HEIGHTS: Final = {"vertical-align": 1, "mso-text-raise": 1, "top": -1}
_COMMA: Final = re.compile(r",(?![^(\[]*[)\]])")
_COMBINATOR: Final = re.compile(r"[\s>+~]+")
_NAME: Final = re.compile(r"[.#][\w-]+")
_ELEMENT: Final = re.compile(r"[a-z][\w-]*", re.I)
_UNNAMED: Final = re.compile(r"[(\[\\]")
# The parts of a selector that count, as in section 17 of Selectors Level 4.
_SPECIFICITY: Final = (r"#[\w-]", r"\.[\w-]|\[|(?<!:):(?!:)", r"(?:^|[\s>+~(])[a-z]|::")

_Weight = tuple[bool, tuple[int, ...], int]


class _Rule(NamedTuple):
    selector: str
    effect: str
    weight: _Weight  # the heaviest rule of an element applies


def styled_elements(soup: BeautifulSoup, page: str) -> list[tuple[Tag, str]]:
    """Return the elements that style sheets hide, raise, lower or strike out, and how.

    Those that their own style raises or strikes out are among them. A page is never hidden as a
    whole: its script shows it, once it has found no frame around it (OWASP's “best-for-now legacy
    browser frame breaking script”) or everything is loaded.
    """
    found: dict[tuple[int, str], tuple[Tag, str]] = {}
    for element in soup.find_all(style=_MARKING) if _MARKING.search(page) else ():
        is_relative = "relative" in str(element.get("style"))
        for name, value, _ in _declarations(str(element.get("style"))):
            effect = _effect(name, value)
            if effect not in ("", _HIDE) and (name != "top" or is_relative):
                found[id(element), effect] = element, effect
    rules: dict[str, list[_Rule]] = {}
    for sheet in soup.find_all("style"):
        if not sheet.find_parent("noscript") and _is_for_screens(str(sheet.get("media") or "all")):
            _add_rules(str(sheet.string or ""), rules)
    rules = {name: each for name, each in rules.items() if any(rule.effect for rule in each)}
    if not rules:
        return list(found.values())
    elements: dict[str, list[Tag]] = {}
    for element in soup.find_all(True):
        classes = (f".{name}" for name in element.get("class") or ())
        for key in ("*", element.name, *classes, f"#{element.get('id')}"):
            elements.setdefault(key, []).append(element)
    for name, property_rules in rules.items():
        for element, effect in _affected(name, property_rules, elements):
            if element.name not in ("html", "body"):
                found[id(element), effect] = element, effect
    return list(found.values())


def _declarations(style: str) -> Iterator[tuple[str, str, bool]]:
    """Yield the names and values of declarations that matter, and if they are important."""
    for declaration in style.split(";"):
        if match := _DECLARATION.fullmatch(declaration):
            yield match[1].lower(), match[2].lower(), bool(match[3])


def _add_rules(sheet: str, rules: dict[str, list[_Rule]]) -> None:
    """Add a sheet's rules by property."""
    for selectors, declarations in _blocks(sheet):
        for name, value, is_important in _declarations(";".join(declarations)):
            if name == "top":  # needs another declaration
                continue
            for selector in _COMMA.split(selectors):
                specificity = tuple(
                    len(re.findall(part, selector.strip(), re.I)) for part in _SPECIFICITY
                )
                weight = (is_important, specificity, sum(map(len, rules.values())))
                rule = _Rule(selector.strip(), _effect(name, value), weight)
                rules.setdefault(name, []).append(rule)


def _blocks(sheet: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the selectors and the declarations of the rules that apply on screens."""
    sheet = _CONFUSING_STRING.sub('""', _COMMENT.sub("", sheet))
    open_blocks: list[tuple[str, list[str]]] = []
    for piece in _PIECE.finditer(sheet):
        if piece[2] == "{":
            open_blocks.append((piece[1].strip(), []))
        elif open_blocks:
            open_blocks[-1][1].append(piece[1])
            if piece[2] == "}":
                block = open_blocks.pop()
                is_rule = not block[0].startswith("@")
                if is_rule and all(_is_for_screens(around) for around, _ in open_blocks):
                    yield block


def _is_for_screens(media: str) -> bool:
    return any(_ON_SCREENS.fullmatch(each.strip()) for each in media.split(","))


def _affected(
    name: str, rules: list[_Rule], elements: Mapping[str, list[Tag]]
) -> Iterator[tuple[Tag, str]]:
    """Yield the elements whose heaviest rule for a property has an effect."""
    heaviest: dict[int, tuple[_Rule, Tag]] = {}
    # Rules with an effect come first: others matter only for the elements of these.
    for rule in sorted(rules, key=lambda each: not each.effect):
        key = _key(rule.selector)
        for element in elements.get(key, ()):
            known = heaviest.get(id(element))
            is_lighter = known[0].weight < rule.weight if known else bool(rule.effect)
            if is_lighter and (rule.selector == key or _matches(rule.selector, element)):
                heaviest[id(element)] = rule, element
    for rule, element in heaviest.values():
        if rule.effect and not _differs_itself(element, name, rule):
            yield element, rule.effect


def _key(selector: str) -> str:
    """Return a class, an id or a name that each element has which the selector matches, or "*".

    Sheets of a site have thousands of rules, most of them for other pages.
    """
    if _UNNAMED.search(selector):
        return "*"
    last = _COMBINATOR.split(selector)[-1]
    if named := _NAME.search(last):
        return named[0]
    element = _ELEMENT.match(last)
    return element[0].lower() if element else "*"


def _matches(selector: str, element: Tag) -> bool:
    try:
        return bool(element.css.match(selector))
    except (element.css.api.SelectorSyntaxError, NotImplementedError):
        return False


def _differs_itself(element: Tag, name: str, rule: _Rule) -> bool:
    """Return True if the element's own style outweighs a rule."""
    for own, value, is_important in _declarations(str(element.get("style") or "")):
        if own == name and (is_important or not rule.weight[0]):
            return _effect(name, value) != rule.effect
    return False
