"""The translations are complete, and agree with the English texts."""

from __future__ import annotations

import ast
import re
import shlex
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from desktop_app.cli.doctor import SANDBOX_TEXTS
from desktop_app.i18n.translation import ENGLISH, LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from babel.messages.catalog import Message

ROOT: Final = Path(__file__).parents[2]
LOCALE: Final = ROOT / "resources" / "locale"
HELP: Final = ROOT / "resources" / "help"
TRANSLATED: Final = [code for code in LANGUAGES if code != ENGLISH]
CHAPTERS: Final = sorted(path.name for path in HELP.glob("*.md"))
PLURALS: Final = {"ja": 1, "pl": 3, "zh_CN": 1}
MARKERS: Final = {"tr", "tr_plural", "tr_context", "N_"}

# What a translation must keep: {name}, %(name)s, targets of links, tags and code.
_KEPT: Final = re.compile(r"\{\w*\}|%(?:\(\w+\))?[rs]|\]\([^)]*\)|</?\w[^>]*>|`[^`]+`")


@cache
def english() -> Catalog:
    """Return the texts of the code, extracted as packaging/messages.sh does."""
    script = (ROOT / "packaging" / "messages.sh").read_text("utf-8")
    options = shlex.split(script.partition("quiet extract")[2].partition("--add")[0], posix=True)
    keywords = {}
    for option in options:
        if re.fullmatch(r"\w+(:[\dc,]+)?", option):
            name, _, places = option.partition(":")
            numbers = [
                (int(p[:-1]), "c") if p.endswith("c") else int(p) for p in places.split(",") if p
            ]
            keywords[name] = tuple(numbers) or None
    assert keywords.keys() == MARKERS
    found = Catalog()
    for file in sources():
        for line, message, _, context in extract_from_file("python", file, keywords=keywords):
            found.add(message, locations=[(str(file), line)], context=context)
    return found


@cache
def sources() -> dict[Path, str]:
    """Return the files of the product that mark or may show texts: parsing all takes seconds."""
    hint = re.compile(rf"\b({'|'.join(MARKERS | SHOWING)})\(")
    files = sorted((ROOT / "desktop_app").rglob("*.py"))
    return {file: text for file in files if hint.search(text := file.read_text("utf-8"))}


@cache
def marked_and_shown() -> tuple[set[str], list[str]]:
    """Return the marked texts, and the places that show a text that is not marked."""
    marked: set[str] = set()
    shown = []
    for file, source in sources().items():
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
        for call in calls:
            match call:
                case ast.Call(func=ast.Name("tr_context"), args=[_, ast.Constant(str(text)), *_]):
                    marked.add(text)
                case ast.Call(func=ast.Name("tr_context")):
                    pass
                case ast.Call(func=ast.Name(name), args=[ast.Constant(str(text)), *_]):
                    marked |= {text} if name in MARKERS else set()
        shown += [
            f"{file.relative_to(ROOT)}:{line}: {text}"
            for line, text in shown_literals(calls)
            if WORD.search(text) and text not in NAMES and not ROLE.fullmatch(text)
        ]
    return marked, shown


@cache
def translation(code: str) -> Catalog:
    with (LOCALE / code / "LC_MESSAGES" / "repartee.po").open("rb") as file:
        return read_po(file, abort_invalid=True)


def key(message: Message) -> tuple[tuple[str, ...], str | None]:
    return texts(message.id), message.context


def texts(value: str | Sequence[str] | None) -> tuple[str, ...]:
    return (value or "",) if isinstance(value, str | None) else tuple(value)


def kept(text: str) -> Counter[str]:
    return Counter(_KEPT.findall(text))


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_text_is_translated_and_no_other(code: str) -> None:
    wanted = {key(message) for message in english() if message.id}
    entries = [message for message in translation(code) if message.id]
    assert not wanted - {key(message) for message in entries}, "packaging/messages.sh update"
    assert not {key(message) for message in entries} - wanted, "packaging/messages.sh update"
    assert not translation(code).obsolete
    assert not translation(code).fuzzy
    assert not [message.id for message in entries if message.fuzzy]
    assert not [message.id for message in entries if not all(texts(message.string))]


def test_every_marked_text_is_extracted() -> None:
    """Babel overlooks texts that are marked within an f-string."""
    extracted = {texts(message.id)[0] for message in english()}
    marked, _ = marked_and_shown()
    assert len(marked) > 1_000
    assert not marked - extracted


@pytest.mark.parametrize("code", TRANSLATED)
def test_placeholders_links_and_spaces_are_those_of_the_text(code: str) -> None:
    found = []
    for message in translation(code):
        originals, translated = texts(message.id), texts(message.string)
        for at, text in enumerate(translated if message.id else ()):
            # A language without plural forms has the text of many.
            original = originals[-1 if len(translated) == 1 else min(at, len(originals) - 1)]
            same = kept(original) == kept(text)
            # The singular may spell out its number, or not.
            if len(originals) > 1 and at == 0:
                same = kept(text) | Counter({"{count}": 1}) == kept(original) | Counter(
                    {"{count}": 1}
                )
            ends = [part[: len(part) - len(part.lstrip())] for part in (original, text)]
            ends += [part[len(part.rstrip()) :] for part in (original, text)]
            if text and not (same and ends[0] == ends[1] and ends[2] == ends[3]):
                found.append((original, text))
    assert not found


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_catalog_can_be_compiled(code: str, tmp_path: Path) -> None:
    catalog = translation(code)
    assert catalog.num_plurals == PLURALS.get(code, 2)
    assert [error for _, errors in catalog.check() for error in errors] == []
    with (tmp_path / "x.mo").open("wb") as file:
        write_mo(file, catalog)


# German and Dutch address nobody formally. “Sie” and “ihr” of German are also “they” and “their”,
# which have a capital at the beginning of a sentence only.
_SENTENCE_START: Final = r"(?<![.!?:…–„“\n] )(?<!^)(?<![„“(*\n])"
FORMAL: Final = {
    "de": re.compile(_SENTENCE_START + r"\b(Sie|Ihnen|Ihre?[mnrs]?)\b", re.MULTILINE),
    "nl": re.compile(r"\buw?(?= [a-z])|\buw\b", re.IGNORECASE),
}


@pytest.mark.parametrize("code", FORMAL)
def test_texts_address_the_user_as_the_glossary_says(code: str) -> None:
    pieces = [text for message in translation(code) if message.id for text in texts(message.string)]
    pieces += [(HELP / code / chapter).read_text("utf-8") for chapter in CHAPTERS]
    assert not [found for text in pieces for found in FORMAL[code].findall(text)]
    samples = {"de": "Bitte kopieren Sie Ihre Texte.", "nl": "Kopieer uw teksten."}
    assert FORMAL[code].search(samples[code])


def test_the_texts_of_the_sandbox_are_translated() -> None:
    said = [
        node.value
        for path in [ROOT / "desktop_app" / "sandbox" / "linux.py"]
        for function in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(function, ast.FunctionDef) and function.name == "detect_mechanisms"
        for node in ast.walk(function)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value != ast.get_docstring(function)
    ]
    names = {"Landlock (ABI ", ")", "seccomp", "linux"}
    sentences = {text for text in said if text.endswith(".")}
    assert set(said) - names - sentences == {*SANDBOX_TEXTS}
    assert sentences <= {texts(message.id)[0] for message in english()}


# ---------------------------------------------------------------- help


def outline(text: str) -> dict[str, object]:
    """Return what a translated chapter has in common with the English one."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    return {
        "sections": re.findall(r"^(#+) .*?\{#([\w-]+)\}$", text, re.M),
        "placeholders": Counter(re.findall(r"\{(?:command|key|setting):[\w.-]+\}", text)),
        "links": Counter(re.findall(r"\]\(([^)]+)\)", text)),
        "code": Counter(re.findall(r"^```.*?^```$", text, re.M | re.S)),
        "rows": len(re.findall(r"^\|", prose, re.M)),
    }


@pytest.mark.parametrize("code", TRANSLATED)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_has_the_sections_links_and_placeholders(code: str, chapter: str) -> None:
    translated = HELP / code / chapter
    assert translated.is_file()
    assert outline(translated.read_text("utf-8")) == outline((HELP / chapter).read_text("utf-8"))


@pytest.mark.parametrize("code", TRANSLATED)
def test_no_chapter_is_left_over(code: str) -> None:
    assert sorted(path.name for path in (HELP / code).iterdir()) == CHAPTERS


# ---------------------------------------------------------------- the code

# What shows its first argument, or announces it.
SHOWING: Final = {
    *("setText", "setTitle", "setWindowTitle", "setToolTip", "setStatusTip", "setWhatsThis"),
    *("setPlaceholderText", "setAccessibleName", "setAccessibleDescription", "addAction"),
    *("addMenu", "addItem", "addItems", "addTab", "setInformativeText", "setDetailedText"),
    *("setHeaderData", "setHorizontalHeaderLabels", "setLabelText", "setPrefix", "setSuffix"),
    *("set_text", "notify", "say", "PlainLabel", "PlainButton", "PlainToolButton", "QAction"),
    *("_HintButton", "QMenu", "message_box", "CollapsibleSection", "FormSection", "LineSection"),
}
# Of a style or a state, such as "error".
ROLE: Final = re.compile(r"[a-z-]+")
WORD: Final = re.compile(r"[^\W\d_]{2}")


def literals(node: ast.expr) -> Iterator[str]:
    """Yield the text that an expression writes itself."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        for value in node.values:
            yield from literals(value)
    elif isinstance(node, ast.IfExp):
        yield from (*literals(node.body), *literals(node.orelse))
    elif isinstance(node, ast.BinOp):
        yield from (*literals(node.left), *literals(node.right))


def shown_literals(calls: Iterable[ast.Call]) -> Iterator[tuple[int, str]]:
    for call in calls:
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        if name in SHOWING:
            for argument in call.args:
                yield from ((call.lineno, text) for text in literals(argument))


# Names of products, and an example of an address.
NAMES: Final = {"Repartee", "SmolLM2 135M", "http://host:3128"}


def test_no_text_is_shown_that_is_not_marked() -> None:
    _, found = marked_and_shown()
    assert not found
