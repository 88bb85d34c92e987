"""Every setting of the program, declared once: key, default, bounds, label, group.

Features declare theirs in their `core.py`, the base here. The settings panel builds the rows of its
tabs from these declarations, and the store has the values by their keys. Texts are marked for
translation; the panel translates them. Shortcuts that the user changed are settings too,
`keys.<command id>`; their commands are in each feature.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from desktop_app.domain.errors import SettingError
from desktop_app.domain.models.variants import OFFERED_EFFORTS, Effort, Variant
from desktop_app.domain.tools.image_settings import (
    QUALITY_NAMES,
    SHAPE_NAMES,
    USUAL_QUALITY,
    USUAL_SHAPE,
)
from desktop_app.features import cores
from desktop_app.i18n.translation import LANGUAGES, N_
from desktop_app.settings.setting import Choice, Group, Setting, Unit

KEYS_PREFIX: Final = "keys."
ON_CLOSE: Final = "desktop.on_close"
SPELLING: Final = "spelling.on"
SPELLING_LANGUAGES: Final = "spelling.languages"
SEND_KEYS: Final = "keys.prompt.send"
INSTRUCTIONS: Final = "answer.system_prompt"
SEARCH_DOMAINS: Final = "tools.search_domains"
SEARCH_LOCATION: Final = "tools.search_location"
SEARCH_SERVER: Final = "tools.search_server"


class OnClose(StrEnum):
    """Values of the setting ON_CLOSE: the effect of closing the window."""

    ASK = "ask"
    KEEP = "keep"
    QUIT = "quit"


_TOKEN_STOPS = (256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 128_000)

_BASE: Final[tuple[Setting, ...]] = (
    # Other controls than a row set these: the switch of a provider, the page of presets, the file
    # of the local model and the folder of backups. Empty: the first provider with a key, else the
    # local model; no preset; the built-in model; no folder.
    Setting("default.provider", "", N_("Default provider"), Group.KEPT),
    Setting("default.preset", "", N_("Prompt of new conversations"), Group.KEPT),
    Setting(
        "default.variant",
        Variant.THINKING.value,
        N_("Default model"),
        Group.MODELS,
        choices=tuple(Choice(v.value, v.label) for v in Variant),
        per_folder=True,
    ),
    Setting(
        "default.effort",
        Effort.MEDIUM.value,
        N_("Default effort"),
        Group.MODELS,
        words=N_("reasoning thinking"),
        choices=tuple(Choice(e.value, e.label) for e in OFFERED_EFFORTS),
        per_folder=True,
    ),
    Setting(
        INSTRUCTIONS,
        "",
        N_("Instructions"),
        Group.ANSWER,
        N_("Sent with every message."),
        words=N_("system prompt personality custom"),
        placeholder=N_("For example: Be brief and use British English."),
        per_conversation=True,
    ),
    Setting(
        "answer.verbosity",
        None,
        N_("Length"),
        Group.ANSWER,
        words=N_("verbosity short long"),
        choices=(
            Choice("low", N_("Brief")),
            Choice("medium", N_("Medium")),
            Choice("high", N_("Detailed")),
        ),
        per_conversation=True,
    ),
    Setting(
        "answer.tools",
        "",
        N_("Tools"),
        Group.ANSWER,
        words=N_("web search functions"),
        has_dialog=True,
        per_conversation=True,
    ),
    Setting(
        "library.model_titles",
        True,
        N_("Generate conversation titles"),
        Group.ANSWER,
        N_("By a small model, if that costs less than a cent."),
        words=N_("name rename automatic"),
        is_advanced=True,
    ),
    # The shortcut of the command prompt.send, which the Shortcuts page can set to other keys.
    Setting(
        SEND_KEYS,
        "Return",
        N_("Send messages with"),
        Group.ANSWER,
        N_("The other of the two starts a new line."),
        words=N_("enter key keyboard"),
        is_advanced=True,
        choices=(Choice("Return", N_("Enter")), Choice("Ctrl+Return", N_("Ctrl+Enter"))),
    ),
    Setting(
        SPELLING,
        True,
        N_("Check spelling"),
        Group.ANSWER,
        N_("Uses the dictionaries of this computer."),
    ),
    # Codes of dictionaries, one per line. Empty: the dictionaries of the system's languages.
    Setting(
        SPELLING_LANGUAGES,
        "",
        N_("Languages for spelling"),
        Group.ANSWER,
        words=N_("dictionary"),
        part_of=SPELLING,
        has_dialog=True,
    ),
    # The menu of images at the prompt sets these two.
    Setting(
        "answer.image_shape",
        None,
        N_("Shape of images"),
        Group.KEPT,
        choices=tuple(Choice(shape, name) for shape, name in SHAPE_NAMES.items()),
        unset_label=SHAPE_NAMES[USUAL_SHAPE],
        per_conversation=True,
    ),
    Setting(
        "answer.image_quality",
        None,
        N_("Quality of images"),
        Group.KEPT,
        choices=tuple(Choice(quality, name) for quality, name in QUALITY_NAMES.items()),
        unset_label=QUALITY_NAMES[USUAL_QUALITY],
        per_conversation=True,
    ),
    Setting(
        "answer.max_output_tokens",
        None,
        N_("Maximum output tokens"),
        Group.ANSWER,
        N_("Includes reasoning."),
        words=N_("limit length cost"),
        is_advanced=True,
        minimum=16,
        stops=_TOKEN_STOPS,
        unit=Unit.TOKENS,
        per_conversation=True,
    ),
    Setting(
        "answer.temperature",
        None,
        N_("Temperature"),
        Group.ANSWER,
        N_("Low for facts and code, high for creative text."),
        words=N_("creativity randomness sampling"),
        is_advanced=True,
        stops=tuple(n / 10 for n in range(21)),
        per_conversation=True,
    ),
    Setting(
        "answer.reasoning_summary",
        None,
        N_("Reasoning summary"),
        Group.ANSWER,
        N_("OpenAI requires a verified organization."),
        words=N_("thoughts thinking"),
        is_advanced=True,
        choices=(
            Choice("auto", N_("Automatic")),
            Choice("concise", N_("Concise")),
            Choice("detailed", N_("Detailed")),
        ),
        unset_label=N_("Off"),
        per_conversation=True,
    ),
    Setting(
        "answer.form",
        "",
        N_("Response format"),
        Group.ANSWER,
        N_("A JSON Schema or a grammar."),
        words=N_("structured output"),
        is_advanced=True,
        has_dialog=True,
        per_conversation=True,
    ),
    Setting(
        "tools.max_cost",
        None,
        N_("Cost limit for tools (US dollars)"),
        Group.ANSWER,
        N_("Once a response has cost this much, it calls no more tools."),
        words=N_("money budget"),
        is_advanced=True,
        stops=(0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0, 100.0),
        unset_label=N_("No limit"),
    ),
    Setting(
        "tools.vector_stores",
        "",
        N_("Vector stores"),
        Group.ANSWER,
        N_("IDs at the provider, one per line, for file_search."),
        is_advanced=True,
        most_lines=3,
    ),
    Setting(
        SEARCH_DOMAINS,
        "",
        N_("Domains to search"),
        Group.ANSWER,
        N_("One per line, with their subdomains. Empty: all of the web."),
        words=N_("web search allowed sites internet"),
        is_advanced=True,
        most_lines=100,
        placeholder=N_("For example: pubmed.ncbi.nlm.nih.gov"),
        pattern=r"\s*(?:[\w-]{1,63}\.)+[\w-]{2,63}\s*",
        pattern_hint=N_("Enter domains such as example.org, one per line."),
    ),
    Setting(
        SEARCH_LOCATION,
        "",
        N_("Location for web searches"),
        Group.ANSWER,
        N_("A city, a region or a country code. Sent with each search."),
        words=N_("web search country city region place"),
        is_advanced=True,
        most_lines=1,
        placeholder=N_("For example: Oslo, NO"),
        pattern=r"[^,\n]{1,100}(?:,[^,\n]{1,100}){0,2}",
        pattern_hint=N_("Enter a place such as “Oslo, NO” or “Austin, Texas, US”."),
    ),
    Setting(
        SEARCH_SERVER,
        "",
        N_("Search server"),
        Group.ANSWER,
        N_("The address of a SearXNG server, for models without a web search of their own."),
        words=N_("web search SearXNG internet"),
        is_advanced=True,
        most_lines=1,
        placeholder=N_("For example: http://localhost:8080"),
        pattern=r"\s*https?://[^\s/?#@]+(?:/[^\s?#]*)?\s*",
        pattern_hint=N_("Enter an address such as https://searx.example.org."),
    ),
    Setting(
        "answer.auto_compact",
        False,
        N_("Compact long conversations automatically"),
        Group.ANSWER,
        N_("Costs one request. Nothing is deleted."),
        words=N_("context window summary"),
        is_advanced=True,
    ),
    Setting(
        "look.theme",
        "system",
        N_("Theme"),
        Group.LOOK,
        words=N_("dark mode colors appearance"),
        choices=(
            Choice("system", N_("System")),
            Choice("light", N_("Light")),
            Choice("dark", N_("Dark")),
            Choice("contrast", N_("High contrast")),
        ),
    ),
    Setting(
        "look.language",
        "",
        N_("Language"),
        Group.LOOK,
        N_("Translated by machine, except English. Corrections: github.com/repartee/repartee"),
        choices=(
            Choice("", N_("System")),
            *(Choice(code, name) for code, name in LANGUAGES.items()),
        ),
    ),
    Setting(
        "look.text_size",
        100,
        N_("Text size"),
        Group.LOOK,
        words=N_("font zoom scale large"),
        stops=tuple(range(80, 201, 10)),
        unit=Unit.PERCENT,
    ),
    Setting(
        "look.font",
        "",
        N_("Font"),
        Group.LOOK,
        words=N_("typeface"),
        is_advanced=True,
        is_font=True,
    ),
    Setting(
        "look.line_width",
        "standard",
        N_("Line width of conversations"),
        Group.LOOK,
        words=N_("column full screen"),
        is_advanced=True,
        choices=(
            Choice("narrow", N_("Narrow")),
            Choice("standard", N_("Standard")),
            Choice("wide", N_("Wide")),
            Choice("full", N_("Full width")),
        ),
    ),
    Setting("look.code_wrap", True, N_("Wrap long lines of code"), Group.LOOK, is_advanced=True),
    Setting(
        ON_CLOSE,
        OnClose.ASK.value,
        N_("When the window is closed"),
        Group.DESKTOP,
        N_("Hiding needs a tray or the global shortcut."),
        words=N_("tray background quit"),
        is_advanced=True,
        choices=(
            Choice(OnClose.ASK.value, N_("Ask")),
            Choice(OnClose.KEEP.value, N_("Hide")),
            Choice(OnClose.QUIT.value, N_("Quit")),
        ),
    ),
)

SETTINGS: Final = (*_BASE, *(setting for core in cores() for setting in core.settings))
_SETTING_BY_KEY: Final[Mapping[str, Setting]] = MappingProxyType({s.key: s for s in SETTINGS})


def setting(key: str) -> Setting:
    """Return the declaration of `key`.

    Raises:
        SettingError: there is no such setting.
    """
    declaration = _SETTING_BY_KEY.get(key)
    if declaration is None:
        raise SettingError(N_("There is no setting “{key}”."), hint=N_("Check its name."), key=key)
    return declaration


def label_of(key: str) -> str:
    """Return the label of a setting; of a parameter without a setting, its name."""
    declaration = _SETTING_BY_KEY.get(key)
    return key.rpartition(".")[2] if declaration is None else declaration.label


def settings_of(*groups: Group, advanced: bool = False) -> tuple[Setting, ...]:
    """Return the settings of groups, in the order of the panel: the advanced ones or the others."""
    return tuple(s for s in SETTINGS if s.group in groups and s.is_advanced is advanced)


def overridable_settings() -> tuple[Setting, ...]:
    """Return the settings with a row of which a conversation or a folder may have its own value."""
    return tuple(
        s for s in SETTINGS if (s.per_conversation or s.per_folder) and s.group is not Group.KEPT
    )
