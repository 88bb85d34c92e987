"""The hints of errors for a surface: the window, a terminal or a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from desktop_app.domain import hints
from desktop_app.domain.errors import ErrorDescription
from desktop_app.domain.places import LinkedText, LinkSegment, Place, linked_text, plain_text
from desktop_app.i18n.translation import N_, gap_after

_ENVIRONMENT_NAME: Final = N_("environment variables")


class Surface(NamedTuple):
    """A surface that shows errors.

    Attributes:
        hints: replacements for hints; "" for none.
        places: replacements for the names of places to which hints link.
    """

    hints: Mapping[str, str]
    places: Mapping[Place, str]


# A provider that environment variables configure has no network settings.
_ENVIRONMENT_HINTS: Final[Mapping[str, str]] = {
    hints.CHECK_ENVIRONMENT_PROXY: N_("Check HTTPS_PROXY and ALL_PROXY."),
    hints.CHECK_ENVIRONMENT_PROXY_KIND: N_(
        "Try http:// or socks5:// in HTTPS_PROXY and ALL_PROXY."
    ),
    hints.CHOOSE_CERTIFICATES: N_(
        "On a company network, name its certificate file in SSL_CERT_FILE."
    ),
    # The limit is that of the saved provider with the same address.
    hints.RAISE_CAP: N_("Raise the saved provider’s limit, or wait until {day}."),
    hints.WAIT_FOR_ROOM: N_(
        "Wait until they have ended, lower “Maximum output tokens”, or raise the saved provider’s "
        "limit."
    ),
    hints.ASK_FEWER: N_(
        "Ask for fewer at once, lower “Maximum output tokens”, or raise the saved provider’s limit."
    ),
}
_TERMINAL_HINTS: Final[Mapping[str, str]] = {
    hints.ADD_KEY: N_("Add one in {provider_page}, or set OPENAI_API_KEY or COMETAPI_KEY."),
    hints.CHECK_SERVER: N_("Check its configuration with “repartee mcp list”."),
    hints.CHECK_SERVER_ADDRESS: N_(
        "Check that it’s running, and its address with “repartee mcp list”."
    ),
    hints.CHECK_SLOW_SERVER: N_("Try again, or check its configuration with “repartee mcp list”."),
    hints.CONTINUE: "",
    hints.ENTER_CLIENT_ID: N_(
        "Register an app at the service with the redirect address {redirect}, then add the server "
        "again with --client-id."
    ),
    hints.ENTER_PRICE: N_("Enter it in {models_window}, or use --allow-unpriced."),
    hints.ENTER_SERVER_VALUES: N_(
        "Remove it with “repartee mcp remove {server}”, then add it again."
    ),
    hints.FREE_SPACE_FOR_COPY: N_(
        "Free up {size} MB, then try again. Repartee’s window, and commands in a terminal, also "
        "offer to upgrade it without a copy."
    ),
    hints.REPAIR_LIBRARY: N_(
        "Open Repartee or run “repartee repair” to repair it or restore a backup."
    ),
    hints.RESTORE_BACKUP: N_("To replace your library with it, run “repartee restore”."),
    hints.USE_REFERENCES: N_(
        "Use environment variables, as {example}, or --plain if the values aren’t secret."
    ),
    hints.SIGN_IN: N_("Run “repartee mcp login {server}”."),
}

WINDOW: Final = Surface({}, {})
CONTINUABLE: Final = WINDOW._replace(
    hints={hints.RETRY_BILLED: N_("Select Continue to resume, or Retry to start over.")}
)
"""Below an answer that was interrupted and can be continued."""
NOT_CONTINUABLE: Final = WINDOW._replace(hints={hints.CONTINUE: ""})
"""Below an answer that cannot be continued: empty, refused, a copy, or not the last one."""
CELL: Final = WINDOW._replace(
    hints={
        hints.CONTINUE: "",
        hints.REMOVE_ATTACHMENT: hints.CHOOSE_PROVIDER,
        hints.SHORTEN: hints.READ_IN_PARTS,
    }
)
"""Beside a cell of a table, which is asked alone: it has no conversation to shorten or leave."""
TERMINAL: Final = Surface(_TERMINAL_HINTS, {})


def environment_surface(surface: Surface) -> Surface:
    """Return the surface for errors of a provider that environment variables configure."""
    places = {**surface.places, Place.PROVIDER: _ENVIRONMENT_NAME, Place.NETWORK: _ENVIRONMENT_NAME}
    return Surface({**surface.hints, **_ENVIRONMENT_HINTS}, places)


def hint_segments(error: ErrorDescription, surface: Surface) -> LinkedText:
    """Return the sentence on what to do, with links to the places it names; () for none."""
    hint = surface.hints.get(error.hint, error.hint)
    return linked_text(hint, error.params, surface.places) if hint else ()


def hint_text(error: ErrorDescription, surface: Surface) -> str:
    """Return the sentence on what to do as plain text; "" for none."""
    return plain_text(hint_segments(error, surface))


def error_segments(error: ErrorDescription, surface: Surface) -> LinkedText:
    """Return both sentences; the one on what to do has links to the places it names."""
    happened = error.what_happened
    hint = hint_segments(error, surface)
    return (
        (LinkSegment(happened + gap_after(happened)), *hint) if hint else (LinkSegment(happened),)
    )
