"""Renders the chapters of `resources/help` from Markdown.

A chapter may contain placeholders, which are replaced by texts as the window shows them:

- `{command:conversation.new}`: the title of a command;
- `{key:conversation.new}`: the current shortcut of a command;
- `{setting:look.theme}`: the label of a setting;
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
from typing import Final

import markdown

from desktop_app.app.help.help_window import HelpChapter, HelpSection
from desktop_app.domain.places import Place, place_name
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

_PLACEHOLDER: Final = re.compile(r"\{((?:command|key|place|setting|table):[\w.-]+)\}")
# Characters of the private use area, which Markdown leaves alone.
_PROTECTED_VALUE: Final = re.compile("\ue000(\\d+)\ue001")
_SECTION: Final = re.compile(r'<h2 id="([^"]+)">(.*?)</h2>', re.DOTALL)
_TAG: Final = re.compile(r"<[^>]+>")


def placeholder_values(keymap: Keymap) -> dict[str, str]:
    """Return the values of all placeholders, in the language in use; tables and links are HTML."""
    values = {f"setting:{setting.key}": tr(setting.label) for setting in SETTINGS}
    for command in keymap:
        values[f"command:{command.id}"] = tr(command.title)
        keys = keymap.shortcut_of(command.id)
        values[f"key:{command.id}"] = shortcut_text(keys) if keys else tr("no shortcut")
    values |= {f"place:{place}": _place_link(place) for place in Place}
    values["table:shortcuts"] = _shortcut_table(keymap)
    return values


def _place_link(place: Place) -> str:
    return f'<a href="{PLACE_SCHEME}{place}">{escape(place_name(place))}</a>'


def _shortcut_table(keymap: Keymap) -> str:
    """Return an HTML table of the commands that have a shortcut, by category."""
    rows = []
    for category in Category:
        commands = [
            (command, keys)
            for command in keymap
            if command.category is category and (keys := keymap.shortcut_of(command.id))
        ]
        if commands:
            rows.append(f"<tr><th colspan='2' align='left'>{escape(tr(category))}</th></tr>")
        rows += [
            f"<tr><td>{escape(tr(command.title))}</td><td>{escape(shortcut_text(keys))}</td></tr>"
            for command, keys in commands
        ]
    return f"<table>{''.join(rows)}</table>"


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
    return tuple(
        render_chapter(id_, tr(title), _read_source(folder, language, id_), values)
        for id_, title in CHAPTERS
    )


def render_chapter(
    chapter_id: str, title: str, source: str, values: Mapping[str, str]
) -> HelpChapter:
    """Return a chapter rendered from Markdown.

    Raises:
        KeyError: it names an unknown placeholder.
    """
    replacements: list[str] = []

    def protect(match: re.Match[str]) -> str:
        value = values[match[1]]
        replacements.append(value if match[1].startswith(("place:", "table:")) else escape(value))
        return f"\ue000{len(replacements) - 1}\ue001"

    protected_source = _PLACEHOLDER.sub(protect, source)
    html = markdown.markdown(protected_source, extensions=["tables", "sane_lists", "attr_list"])
    html = _PROTECTED_VALUE.sub(lambda match: replacements[int(match[1])], html)
    return HelpChapter(chapter_id, title, f"<h1>{escape(title)}</h1>{html}", _parse_sections(html))


def _parse_sections(html: str) -> tuple[HelpSection, ...]:
    # The parts are the text before the first section, then id, title and body of each section.
    parts = _SECTION.split(html)
    return tuple(
        HelpSection(id_, _plain_text(title), _plain_text(body))
        for id_, title, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
    )


def _plain_text(html: str) -> str:
    # Words in neighboring cells and paragraphs are separated, those around <strong> are not.
    spaced_html = re.sub(r"</(?:p|li|t[dh]|pre)>", " ", html)
    return " ".join(unescape(_TAG.sub("", spaced_html)).split())


def _read_source(folder: Path, language: str, chapter_id: str) -> str:
    translated_path = folder / language / f"{chapter_id}.md"
    path = translated_path if translated_path.is_file() else folder / f"{chapter_id}.md"
    return path.read_text("utf-8")
