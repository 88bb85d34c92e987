"""Formats errors as sentences for a surface: the window, a terminal or a file.

A sentence is chosen by its code, and its placeholders are filled; finished text is never edited.
`Reason` has the sentences on what happened, `Remedy` those on what to do. This module has
replacements for remedies on some surfaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Final, NamedTuple

from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import ErrorDescription, Param
from desktop_app.domain.places import LinkedText, LinkSegment, Place, linked_text, plain_text
from desktop_app.domain.remedy import Remedy
from desktop_app.domain.text_enum import TextEnum
from desktop_app.domain.tools.server_fault import fault_text
from desktop_app.i18n.translation import N_, tr, tr_filled

_ENVIRONMENT_NAME: Final = N_("environment variables")


class Surface(NamedTuple):
    """A surface that shows errors.

    Attributes:
        remedies: replacements for the sentences of remedies.
        places: replacements for the names of places to which sentences link.
    """

    remedies: Mapping[Remedy, str]
    places: Mapping[Place, str]


# A provider that environment variables configure has no network settings.
_ENVIRONMENT_REMEDIES: Final[Mapping[Remedy, str]] = {
    Remedy.CHECK_ENVIRONMENT_PROXY: N_("Check HTTPS_PROXY and ALL_PROXY."),
    Remedy.CHECK_ENVIRONMENT_PROXY_KIND: N_(
        "Try http:// or socks5:// in HTTPS_PROXY and ALL_PROXY."
    ),
    Remedy.CHOOSE_CERTIFICATES: N_(
        "On a company network, name its certificate file in SSL_CERT_FILE."
    ),
    # The limit is that of the saved provider with the same address.
    Remedy.RAISE_CAP: N_("Raise the saved provider’s limit, or wait until {day}."),
}
_TERMINAL_REMEDIES: Final[Mapping[Remedy, str]] = {
    Remedy.ADD_KEY: N_("Add one in {provider_page}, or set OPENAI_API_KEY or COMETAPI_KEY."),
    Remedy.CONTINUE: "",
    Remedy.ENTER_PRICE: N_("Enter it in {models_window}, or use --allow-unpriced."),
    Remedy.REPAIR_LIBRARY: N_(
        "Open Repartee or run “repartee repair” to repair it or restore a backup."
    ),
    Remedy.RESTORE_BACKUP: N_("To replace your library with it, run “repartee restore”."),
    Remedy.SIGN_IN: N_("Run “repartee mcp login {server}”."),
}

WINDOW: Final = Surface({}, {})
CONTINUABLE: Final = WINDOW._replace(
    remedies={Remedy.RETRY_BILLED: N_("Select Continue to resume, or Retry to start over.")}
)
"""Below an answer that was interrupted and can be continued."""
NOT_CONTINUABLE: Final = WINDOW._replace(remedies={Remedy.CONTINUE: ""})
"""Below an answer that cannot be continued: empty, refused, a copy, or not the last one."""
TERMINAL: Final = Surface(_TERMINAL_REMEDIES, {})


def environment_surface(surface: Surface) -> Surface:
    """Return the surface for errors of a provider that environment variables configure."""
    remedies = {**surface.remedies, **_ENVIRONMENT_REMEDIES}
    places = {**surface.places, Place.PROVIDER: _ENVIRONMENT_NAME, Place.NETWORK: _ENVIRONMENT_NAME}
    return surface._replace(remedies=remedies, places=places)


def happened_text(reason: Reason | str, params: Mapping[str, Param]) -> str:
    """Return the sentence on what happened.

    Raises:
        LookupError, ValueError: a parameter is missing or of another type.
    """
    if isinstance(reason, TextEnum):
        return tr_filled(reason.text, params) if params else tr(reason.text)
    if not isinstance(reason, Reason):
        return reason
    is_detailed = bool(reason.detailed) and all(
        params.get(name) for name in _placeholders(reason.detailed)
    )
    why = params.get("why")
    if isinstance(why, str):
        params = {**params, "why": fault_text(why)}
    return tr_filled(reason.detailed if is_detailed else reason.happened, params)


def remedy_of(error: ErrorDescription) -> Remedy | str:
    """Return the remedy of the error itself, else that of its reason."""
    if error.remedy or not isinstance(error.reason, Reason):
        return error.remedy
    return error.reason.remedy


def remedy_segments(error: ErrorDescription, surface: Surface) -> LinkedText:
    """Return the sentence on what to do, with links to the places it names; () for none."""
    remedy = remedy_of(error)
    if isinstance(remedy, str):
        return (LinkSegment(remedy),) if remedy else ()
    sentence = surface.remedies.get(remedy, remedy.sentence)
    return linked_text(sentence, error.display_params, surface.places)


def remedy_text(error: ErrorDescription, surface: Surface) -> str:
    """Return the sentence on what to do as plain text; "" for none."""
    return plain_text(remedy_segments(error, surface))


def error_segments(error: ErrorDescription, surface: Surface) -> LinkedText:
    """Return both sentences; the one on what to do has links to the places it names."""
    happened = error.what_happened
    remedy = remedy_segments(error, surface)
    return (LinkSegment(f"{happened} "), *remedy) if remedy else (LinkSegment(happened),)


def _placeholders(sentence: str) -> Iterable[str]:
    return (name for _, name, _, _ in Formatter().parse(sentence) if name)
