"""Translations of whole sentences, with named placeholders.

`tr`, `tr_plural` and `tr_context` translate where text is shown. `N_` marks text of constants,
which `tr` or `tr_filled` translates later. packaging/messages.sh extracts the arguments of `tr`,
`tr_plural`, `tr_context` and `N_` into `resources/locale/`.
"""

from __future__ import annotations

import os
import re
import struct
from contextlib import contextmanager
from gettext import GNUTranslations, NullTranslations
from typing import TYPE_CHECKING, Final

from desktop_app.i18n import formatting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

ENGLISH: Final = "en"
DOMAIN: Final = "repartee"
LANGUAGE_VARIABLE: Final = "REPARTEE_LANGUAGE"
"""The environment variable that sets the language of one run."""

_FULL_WIDTH_ENDS: Final = ("。", "！", "？", "：", "）")

LANGUAGES: Final[Mapping[str, str]] = {
    ENGLISH: "English",
    "de": "Deutsch",
    "es": "Español",
    "fr": "Français",
    "he": "עברית",
    "it": "Italiano",
    "ja": "日本語",
    "nb": "Norsk bokmål",
    "nl": "Nederlands",
    "pl": "Polski",
    "pt_BR": "Português (Brasil)",
    "zh_CN": "简体中文",
}
"""The languages of the program by their codes; each is named in the language itself."""
_COUNTRIES: Final = {"pt": "pt_BR", "zh": "zh_CN"}
"""The form of a language that the program has."""
_TRADITIONAL: Final = {"hant", "tw", "hk", "mo"}
"""Parts of the names of Chinese in other characters."""


class _Language:
    """The language in use. It belongs to the process, because every package makes text."""

    code = ENGLISH
    catalog: NullTranslations = NullTranslations()
    folder: Path | None = None


_current = _Language()
_catalogs: dict[str, NullTranslations] = {ENGLISH: NullTranslations()}
"""The catalogs that `in_language` can use."""


def N_(message: str) -> str:  # noqa: N802 — gettext's own name
    """Mark text for translation and return it unchanged; `tr` translates it where it is shown."""
    return message


def tr(message: str, /, **values: str | int) -> str:
    """Translate a message and fill its placeholders; integers get the locale's separators.

    >>> tr("{count} of {total} files read", count=3, total=1200)
    '3 of 1,200 files read'
    """
    # gettext returns the header of the catalog for "".
    return _fill_placeholders(_current.catalog.gettext(message), values) if message else ""


def paragraph(*sentences: str) -> str:
    """Join sentences that aren't empty: with spaces, except after full-width punctuation.

    >>> paragraph("Saved.", "", "Close the window.")
    'Saved. Close the window.'
    >>> paragraph("保存しました。", "ウィンドウを閉じてください。")
    '保存しました。ウィンドウを閉じてください。'
    """
    text = ""
    for sentence in filter(None, sentences):
        text += gap_after(text) + sentence
    return text


def gap_after(text: str) -> str:
    """Return what stands between a text and the next sentence."""
    return "" if not text or text.endswith(_FULL_WIDTH_ENDS) else " "


def tr_plural(one: str, many: str, count: int, /, **values: str | int) -> str:
    """Translate a message in the plural form of `count`, and fill its placeholder `{count}`.

    >>> [tr_plural("{count} file", "{count} files", n) for n in (1, 1200)]
    ['1 file', '1,200 files']
    """
    return _fill_placeholders(
        _current.catalog.ngettext(one, many, count), {"count": count, **values}
    )


def tr_filled(message: str, values: Mapping[str, str | int], /) -> str:
    """Translate a message, and fill its placeholders with stored or foreign values.

    Raises:
        KeyError: a placeholder has no value.
    """
    return _with_values(_current.catalog.gettext(message), values) if message else ""


def tr_context(context: str, message: str, /, **values: str | int) -> str:
    """Translate a message whose meaning depends on its context, such as "Open" as a state."""
    return _fill_placeholders(_current.catalog.pgettext(context, message), values)


def yes_no(value: bool) -> str:
    """Return a truth value as a word."""
    return tr_context("value", "yes") if value else tr_context("value", "no")


def language() -> str:
    """Return the code of the language in use, such as "de"."""
    return _current.code


def offered_languages() -> dict[str, str]:
    """Return the names of English and of the languages with a catalog, by their codes."""
    folder = _current.folder
    return {
        code: name
        for code, name in LANGUAGES.items()
        if code == ENGLISH or (folder is not None and _catalog_path(code, folder).is_file())
    }


def use_language(code: str, folder: Path) -> None:
    """Use the language `code`, or English if its catalog in `folder` is missing or damaged."""
    catalog = _catalog(code, folder)
    _current.folder = folder
    _current.code = ENGLISH if catalog is None else code
    _current.catalog = NullTranslations() if catalog is None else catalog
    formatting.use_formats_of(_current.code)


def wanted_language(setting: str = "", system: Iterable[str] = ()) -> str:
    """Return the code of the language to use.

    REPARTEE_LANGUAGE comes first, then the setting, then the system's languages in their order.
    English is used if the program has none of them.

    Args:
        setting: the user's choice; "" for none.
        system: the system's languages; if empty, those of the POSIX variables.
    """
    candidates = (
        os.environ.get(LANGUAGE_VARIABLE, ""),
        setting,
        *(tuple(system) or _posix_languages()),
    )
    for name in candidates:
        code, *rest = re.split("[-_.@]", name.lower())
        if code == "zh" and _TRADITIONAL.intersection(rest):
            continue
        code = _COUNTRIES.get(code, code)
        if code in LANGUAGES:
            return code
    return ENGLISH


def in_english() -> AbstractContextManager[None]:
    """Use English within the block, for logs and for output that programs read."""
    return in_language(ENGLISH)


def load_language(code: str) -> None:
    """Load the catalog of a language of ISO 639-1, if the program has it, for `in_language`."""
    code = _COUNTRIES.get(code, code)
    catalog = None if _current.folder is None else _catalog(code, _current.folder)
    if catalog is not None:
        _catalogs[code] = catalog


@contextmanager
def in_language(code: str) -> Iterator[None]:
    """Use a language of ISO 639-1 within the block; without a loaded catalog, the one in use.

    The block must not await, because other tasks would use the language meanwhile.
    """
    wanted = _COUNTRIES.get(code, code)
    if _current.code == wanted or wanted not in _catalogs:
        yield
        return
    code = _current.code
    catalog = _current.catalog
    _current.code = wanted
    _current.catalog = _catalogs[wanted]
    formatting.use_formats_of(wanted)
    try:
        yield
    finally:
        _current.code = code
        _current.catalog = catalog
        formatting.use_formats_of(_current.code)


def _posix_languages() -> tuple[str, ...]:
    """Return the languages in the environment variables that gettext reads."""
    locale = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    if locale.split(".")[0] in ("", "C", "POSIX"):
        return ()
    return (*filter(None, os.environ.get("LANGUAGE", "").split(":")), locale)


def _catalog(code: str, folder: Path) -> NullTranslations | None:
    if code == ENGLISH or code not in LANGUAGES:
        return None
    try:
        with _catalog_path(code, folder).open("rb") as file:
            return GNUTranslations(file)
    except (OSError, ValueError, LookupError, struct.error):  # missing or damaged
        return None


def _catalog_path(code: str, folder: Path) -> Path:
    return folder / code / "LC_MESSAGES" / f"{DOMAIN}.mo"


def _fill_placeholders(message: str, values: Mapping[str, str | int]) -> str:
    """Fill the placeholders. Without values, braces in a message are plain text."""
    return _with_values(message, values) if values else message


def _with_values(message: str, values: Mapping[str, str | int]) -> str:
    return message.format_map(
        {
            name: formatting.number(value) if isinstance(value, int) else value
            for name, value in values.items()
        }
    )
