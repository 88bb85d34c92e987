"""Renders the chapters of `resources/help` from Markdown.

A chapter may contain placeholders, which are replaced by texts as the window shows them:

- `{command:conversation.new}`: the title of a command;
- `{key:conversation.new}`: the current shortcut of a command;
- `{setting:look.theme}`: the label of a setting;
- `{page:look.theme}`: a link to the page that has it;
- `{tool:calculator}`: the name of a built-in tool;
- `{place:data_page}`: a link to a place of the window, by its value in `domain/places.py`;
- `{table:shortcuts}`: a table of all commands that have a shortcut.

Links between chapters are written `[…](help:providers#network)`. A translated chapter is
`resources/help/<language>/<id>.md`; without one, the English chapter is shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape, unescape
from pathlib import Path
from typing import Final, NamedTuple

import markdown

from desktop_app.domain.documents.letter_folding import fold
from desktop_app.domain.places import Place, place_name
from desktop_app.domain.tools.tool_words import NAMED_TOOLS, tool_title
from desktop_app.i18n.translation import N_, tr
from desktop_app.settings.schema import SETTINGS
from desktop_app.shortcuts.command import Category
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.text.linked_label import PLACE_SCHEME

CHAPTERS: Final = (
    ("getting-started", N_("Getting started")),
    ("documents", N_("Documents and images")),
    ("conversations", N_("Conversations")),
    ("quick-prompt", N_("Quick prompt")),
    ("providers", N_("Providers and API keys")),
    ("money", N_("Costs and limits")),
    ("privacy", N_("Privacy and security")),
    ("keyboard", N_("Keyboard")),
    ("command-line", N_("Command line")),
    ("troubleshooting", N_("Troubleshooting")),
)
"""The ids of the chapters and their titles, marked for translation."""

_PLACE_OF_PAGE: Final = {
    "models": Place.DEFAULTS,
    "voice": Place.VOICE,
    "advanced": Place.ADVANCED,
    "answer": Place.RESPONSES,
    "look": Place.APPEARANCE,
    "library": Place.DATA,
}
"""The place of each page of the settings that has rows."""
_PLACEHOLDER: Final = re.compile(r"\{((?:command|key|page|place|setting|table|tool):[\w.-]+)\}")
# Between characters of the private use area, a placeholder is text that Markdown leaves alone.
_PROTECTED: Final = re.compile("\ue000(.*?)\ue001")
_SECTION: Final = re.compile(r'<h2 id="([^"]+)">(.*?)</h2>', re.DOTALL)


class HelpSection(NamedTuple):
    """A section of a chapter: its place (chapter#section), its title and its folded text."""

    place: str
    title: str
    text: str


class HelpChapter(NamedTuple):
    """A chapter: its id, its title, its HTML and its sections."""

    id: str
    title: str
    html: str
    sections: tuple[HelpSection, ...]


def placeholder_values(keymap: Keymap) -> dict[str, str]:
    """Return the HTML of all placeholders, in the language in use."""
    values = {f"setting:{setting.key}": escape(tr(setting.label)) for setting in SETTINGS}
    rows = []
    for category in Category:
        heading = f"<tr><th colspan='2' align='left'>{escape(tr(category))}</th></tr>"
        for command in keymap:
            if command.category is not category:
                continue
            keys = escape(shortcut_text(keymap.shortcut_of(command.id)))
            title = values[f"command:{command.id}"] = escape(tr(command.title))
            values[f"key:{command.id}"] = keys or escape(tr("no shortcut"))
            if keys:
                rows.append(f"{heading}<tr><td>{title}</td><td>{keys}</td></tr>")
                heading = ""  # only above the first
    for place in Place:
        values[f"place:{place}"] = _place_link(place)
    for setting in SETTINGS:
        if setting.page:
            values[f"page:{setting.key}"] = _place_link(_PLACE_OF_PAGE[setting.page])
    values |= {f"tool:{name}": escape(tool_title(name)) for name in NAMED_TOOLS}
    values["table:shortcuts"] = f"<table>{''.join(rows)}</table>"
    return values


def _place_link(place: Place) -> str:
    return f'<a href="{PLACE_SCHEME}{place}">{escape(place_name(place))}</a>'


def render_chapters(
    folder: Path, language: str, values: Mapping[str, str]
) -> tuple[HelpChapter, ...]:
    """Return all chapters, in about 100 ms.

    Args:
        folder: the folder of the English chapters.
        language: the language of the chapters; a chapter without a translation is English.
        values: the values of the placeholders.

    Raises:
        KeyError: a chapter names an unknown placeholder.
    """
    chapters = []
    for id_, title in CHAPTERS:
        translated_path = folder / language / f"{id_}.md"
        path = translated_path if translated_path.is_file() else folder / f"{id_}.md"
        chapters.append(render_chapter(id_, tr(title), path.read_text("utf-8"), values))
    return tuple(chapters)


def render_chapter(
    chapter_id: str, title: str, source: str, values: Mapping[str, str]
) -> HelpChapter:
    """Return a chapter rendered from Markdown.

    Raises:
        KeyError: it names an unknown placeholder.
    """
    protected_source = _PLACEHOLDER.sub("\ue000\\1\ue001", source)
    html = markdown.markdown(protected_source, extensions=["tables", "sane_lists", "attr_list"])
    html = _PROTECTED.sub(lambda match: values[match[1]], html)
    # The parts are the text before the first section, then id, title and body of each section.
    parts = _SECTION.split(html)
    sections = tuple(
        HelpSection(f"{chapter_id}#{id_}", _plain_text(head), fold(_plain_text(body)))
        for id_, head, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
    )
    return HelpChapter(chapter_id, title, f"<h1>{escape(title)}</h1>{html}", sections)


def _plain_text(html: str) -> str:
    # Words in neighboring cells and paragraphs are separated, those around <strong> are not.
    spaced_html = re.sub(r"</(?:p|li|t[dh]|pre)>", " ", html)
    return " ".join(unescape(re.sub(r"<[^>]+>", "", spaced_html)).split())
