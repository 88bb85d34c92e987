"""The chapters of the help: every placeholder, link, label and command in them exists."""

from __future__ import annotations

import re
import shlex
from html import unescape
from pathlib import Path
from typing import Final

import pytest
from babel.messages.pofile import read_po

from desktop_app.app.help.help_chapters import (
    CHAPTERS,
    HelpChapter,
    placeholder_values,
    render_chapter,
    render_chapters,
)
from desktop_app.app.help.help_places import PLACES, START
from desktop_app.app.window.settings_panel import PAGES
from desktop_app.cli.arguments import program
from desktop_app.domain.places import Place
from desktop_app.paths import resource_path
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.text.linked_label import PLACE_SCHEME
from tests.helpers.command_line import options, subcommands

_BOLD: Final = re.compile(r"(- )?\*\*([^*]+)\*\*")
"""A name of the window. What begins an item of a list is a heading of it."""
_KEYS: Final = re.compile(
    r"(?:(?:Ctrl|Strg|Control|Alt|Shift|Maj|Umschalt|Mayúsculas|Maiusc)\+)*"
    r"(?:[+/A-Z]|Alt|Esc|Échap|Tab|Enter|Entrée|Backspace|Rücktaste|Retour arrière|Del|Suppr|Entf|"
    r"Intro|Invio|Retroceso|Suprimir|Canc|↑|↓|←|→|"
    r"Arriba|Abajo|Izquierda|Derecha|Su|Giù|Sinistra|Destra|Acima|Abaixo|Esquerda|Direita|"
    r"Up|Down|Left|Right|Haut|Bas|Gauche|Droite|Links|Rechts|Venstre|Høyre|"
    r"Pfeil nach (?:oben|unten)|Pil (?:opp|ned)|Pijl-(?:omhoog|omlaag|links|rechts))"
)
_UNTRANSLATED: Final = {"Instant", "Thinking", "Pro"}
_SETTING_IN_PLACE: Final = re.compile(r"\{setting:([\w.]+)\}\*\*[^.;{}]{0,30}\{place:(\w+)\}")
# As Japanese and Chinese put it.
_PLACE_OF_SETTING: Final = re.compile(r"\{place:(\w+)\}[^.;{}。；]{0,30}\*\*\{setting:([\w.]+)\}")
HELP: Final = resource_path("help")
LANGUAGES: Final = ["", *sorted(path.name for path in HELP.iterdir() if path.is_dir())]
IDS: Final = [chapter for chapter, _ in CHAPTERS]


@pytest.fixture(scope="module")
def book() -> dict[str, HelpChapter]:
    chapters = render_chapters(resource_path("help"), "en", placeholder_values(Keymap()))
    return {chapter.id: chapter for chapter in chapters}


def test_every_file_is_a_chapter() -> None:
    assert {path.stem for path in resource_path("help").glob("*.md")} == set(IDS)


@pytest.mark.parametrize("chapter_id", IDS)
def test_a_chapter_has_sections_with_ids_and_text(
    book: dict[str, HelpChapter], chapter_id: str
) -> None:
    chapter = book[chapter_id]
    assert chapter.sections
    assert chapter.html.count("<h2") == len(chapter.sections)
    assert len({section.place for section in chapter.sections}) == len(chapter.sections)
    assert all(section.title and section.text for section in chapter.sections)


@pytest.mark.parametrize("chapter_id", IDS)
def test_links_lead_to_sections(book: dict[str, HelpChapter], chapter_id: str) -> None:
    for target in re.findall(r'href="([^"]*)"', book[chapter_id].html):
        if target.startswith(PLACE_SCHEME):
            assert target.removeprefix(PLACE_SCHEME) in list(Place)
            continue
        assert target.startswith("help:")
        _require(book, target.removeprefix("help:"))


@pytest.mark.parametrize("target", sorted({START, *PLACES.values()}))
def test_help_places_of_windows_exist(book: dict[str, HelpChapter], target: str) -> None:
    _require(book, target)


def _require(book: dict[str, HelpChapter], place: str) -> None:
    chapter = place.partition("#")[0]
    assert place in (chapter, *(each.place for each in book[chapter].sections)), place


@pytest.mark.parametrize("name", ["command:no.such", "key:no.such", "setting:no.such"])
def test_an_unknown_placeholder_is_refused(name: str) -> None:
    with pytest.raises(KeyError, match=re.escape(name)):
        render_chapter("x", "X", f"## A {{#a}}\n\n{{{name}}}", placeholder_values(Keymap()))


def test_chapters_show_the_users_shortcuts() -> None:
    source = "## A {#a}\n\n**{key:list.search}** or **{key:conversation.export}**"
    values = placeholder_values(Keymap({"list.search": "Ctrl+Shift+*", "conversation.export": ""}))
    html = render_chapter("x", "X", source, values).html
    assert "<strong>Ctrl+Shift+*</strong> or <strong>no shortcut</strong>" in html


def test_a_translated_chapter_comes_first(tmp_path: Path) -> None:
    for chapter_id in IDS:
        (tmp_path / f"{chapter_id}.md").write_text("## English {#a}\n\nx", "utf-8")
    (tmp_path / "nl").mkdir()
    (tmp_path / "nl" / "money.md").write_text("## Nederlands {#a}\n\nx", "utf-8")
    made = {each.id: each.html for each in render_chapters(tmp_path, "nl", {})}
    assert "Nederlands" in made["money"]
    assert "English" in made["keyboard"]


# ---------------------------------------------------------------- what the text names


def test_settings_paths_name_pages(book: dict[str, HelpChapter]) -> None:
    path = r"Settings › (Tool servers|\w+)"
    named = {page for chapter in book.values() for page in re.findall(path, chapter.html)}
    assert named
    assert named <= {title for _, title in PAGES}


def _name(text: str) -> str:
    text = text.replace("\xa0", " ").replace(" ({count})", "").replace("（{count}）", "")
    return " ".join(text.split()).rstrip(".… ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_name_in_bold_is_in_the_window(language: str) -> None:
    catalog_language = language or "de"  # English names are the ids of any catalog
    path = resource_path("locale") / catalog_language / "LC_MESSAGES" / "repartee.po"
    with path.open("rb") as file:
        messages = list(read_po(file))
    texts = [each.string if language else each.id for each in messages if each.id]
    forms = [form for text in texts for form in ([text] if isinstance(text, str) else text)]
    names = {_name(form) for form in forms} | _UNTRANSLATED
    for chapter in sorted((HELP / language).glob("*.md")):
        if chapter.stem == "privacy":
            continue  # there, bold sentences are its points
        found = _BOLD.findall(chapter.read_text("utf-8"))
        bold = [_name(text) for heads, text in found if not heads and "{" not in text]
        assert [n for n in bold if n not in names and not _KEYS.fullmatch(n)] == [], chapter


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_setting_is_on_the_page_that_the_help_names(language: str) -> None:
    values, count = placeholder_values(Keymap()), 0
    for chapter in (HELP / language).glob("*.md"):
        text = chapter.read_text("utf-8")
        named = [pair[::-1] for pair in _PLACE_OF_SETTING.findall(text)]
        for key, place in (*_SETTING_IN_PLACE.findall(text), *named):
            assert values[f"page:{key}"] == values[f"place:{place}"], (chapter, key)
            count += 1
    assert count


def test_every_command_line_exists(book: dict[str, HelpChapter]) -> None:
    lines = [
        unescape(code)
        for chapter in book.values()
        for code in re.findall(r"<code>(.*?)</code>", chapter.html, re.DOTALL)
    ]
    calls = [line.split("repartee ", 1)[1] for line in lines if "repartee " in line]
    assert len(calls) > 15
    named_alone = [line.split()[0] for line in lines if line.startswith("--")]
    known = subcommands(program())
    for call in calls:
        words = shlex.split(call.partition(" -- ")[0])
        if words[0] == "FILE":
            continue  # opens the window with a file
        assert words[0] in known, call
        command = known[words.pop(0)]
        if inner := subcommands(command):
            name = words[0] if words and words[0] in inner else "all"  # of “models”
            assert name in inner, call
            command = inner[name]
        named = [word for word in words if word.startswith("--")]
        assert set(named) <= options(command), call
    commands = [each for one in known.values() for each in (one, *subcommands(one).values())]
    every = {option for command in commands for option in options(command)}
    of_tool_servers = {"--token=…"}  # an example of a tool server's own option
    assert set(named_alone) <= every | of_tool_servers
