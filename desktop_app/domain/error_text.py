"""The sentences on what an error kept and what to do, for each place that shows errors.

A sentence is chosen by its code and its placeholders are filled in; finished text is never edited.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from desktop_app.domain.errors import Kept, Remedy


@dataclass(frozen=True)
class Surface:
    """A place that shows errors.

    Attributes:
        kept: its own sentences for what was kept.
        remedies: its own sentences for remedies.
        retry, retry_at_start: how it offers to ask again, inside a sentence and at its start.
        retry_billed: the same after "It may have been billed."
        provider, network: where its user finds the settings of a provider and of its network.
    """

    kept: Mapping[Kept, str]
    remedies: Mapping[Remedy, str]
    retry: str
    retry_at_start: str
    retry_billed: str
    provider: str
    network: str


_KEPT: Final[Mapping[Kept, str]] = {
    Kept.PROMPT: "Nothing was sent; your text is still in the prompt.",
    Kept.CHOICE: "The choice is as it was.",
    Kept.QUESTION: "Your question is kept.",
    Kept.TEXT: "What had arrived is kept above.",
    Kept.NOTES: "The notes that were taken are kept: Retry goes on from there.",
}
_KEPT_IN_TERMINAL: Final[Mapping[Kept, str]] = {
    Kept.PROMPT: "Nothing was sent.",
    Kept.CHOICE: "Nothing was sent.",
    Kept.QUESTION: "",
    Kept.TEXT: "What had arrived stands in the output.",
    Kept.NOTES: "The notes that were taken are kept: the same command goes on from there.",
}
_IN_LIBRARY: Final = "The conversation is kept in the library."

_REMEDIES: Final[Mapping[Remedy, str]] = {
    Remedy.RETRY_BILLED: "It may have been billed. {retry_billed}.",
    Remedy.RETRY_SOON: "Wait a little, then {retry}.",
    Remedy.RETRY_LATER: "{retry_at_start} in a while, or choose another provider.",
    Remedy.RETRY_AFTER_WAIT: "It asks to wait {minutes} minutes; {retry} then.",
    Remedy.RETRY_CHANGED: "Change the message or the settings, then {retry}.",
    Remedy.RETRY_OR_CHECK_ADDRESS: (
        "{retry_at_start}; if it stays so, check the address {provider}."
    ),
    Remedy.RETRY_ELSEWHERE: "Choose another provider, then {retry}.",
    Remedy.CHECK_CONNECTION: "Check the network connection, then {retry}.",
    Remedy.CONTINUE: "Continue lets it go on.",
    Remedy.ADD_KEY: "Add one {provider}.",
    Remedy.CHECK_KEY: "Check the key, or replace it, {provider}.",
    Remedy.ENTER_KEY_AGAIN: "Enter it again {provider}.",
    Remedy.ENTER_ADDRESS: "Enter one like https://host/v1 {provider}.",
    Remedy.CHECK_ADDRESS: "Check the address {provider}; it usually ends in /v1.",
    Remedy.CHECK_ADDRESS_OR_LEAVE: "Check the address {provider}, or choose another provider.",
    Remedy.CHECK_ADDRESS_OF_OTHER: "Check the address {provider}: another server answers there.",
    Remedy.CHECK_ADDRESS_OR_SIGN_IN: (
        "Check the address {provider}, which usually ends in /v1, and whether this network wants "
        "you to sign in first: open any page in a browser."
    ),
    Remedy.USE_HTTPS: "Use an address that begins with https:// {provider}.",
    Remedy.ALLOW_HOST: "Allow {host} {provider}, or use an address with https://.",
    Remedy.TYPE_MODEL: "Type the model's name {provider}.",
    Remedy.RAISE_CAP: "Raise the cap {provider}, choose another provider, or wait until {day}.",
    Remedy.CHECK_PROXY: "Check the proxy {network}.",
    Remedy.CHECK_PROXY_KIND: ("Check the proxy {network}. http:// and socks5:// are two kinds."),
    Remedy.CHECK_ENVIRONMENT_PROXY: (
        "Check the proxy in the environment (HTTPS_PROXY, ALL_PROXY), or set one {network}."
    ),
    Remedy.CHECK_ENVIRONMENT_PROXY_KIND: (
        "Check the proxy in the environment (HTTPS_PROXY, ALL_PROXY), or set one {network}. "
        "http:// and socks5:// are two kinds."
    ),
    Remedy.ENTER_PROXY_PASSWORD: "Enter the user and the password {network}.",
    Remedy.CHOOSE_CERTIFICATES: (
        "Check the address and the clock. Where a company opens encrypted connections, choose its "
        "certificate file {network}."
    ),
    Remedy.CHECK_CERTIFICATES: "Check that the certificate file {network} is right.",
}
# A provider that the environment sets up has no network settings of its own.
_OF_ENVIRONMENT: Final[Mapping[Remedy, str]] = {
    Remedy.CHECK_ENVIRONMENT_PROXY: (
        "Check the proxy in the environment (HTTPS_PROXY, ALL_PROXY)."
    ),
    Remedy.CHECK_ENVIRONMENT_PROXY_KIND: (
        "Check the proxy in the environment (HTTPS_PROXY, ALL_PROXY). http:// and socks5:// are "
        "two kinds."
    ),
    Remedy.CHOOSE_CERTIFICATES: (
        "Check the address and the clock. Where a company opens encrypted connections, name its "
        "certificate file in SSL_CERT_FILE."
    ),
}
_IN_TERMINAL: Final[Mapping[Remedy, str]] = {
    Remedy.ADD_KEY: (
        "Add one in the window, Settings › Provider, or set OPENAI_API_KEY or COMETAPI_KEY."
    ),
    Remedy.CONTINUE: "",
}

WINDOW: Final = Surface(
    _KEPT,
    {},
    retry="press Retry",
    retry_at_start="Press Retry",
    retry_billed="Press Retry to ask again",
    provider="in Settings › Provider",
    network="in Settings › Provider › Network",
)
CONTINUABLE: Final = replace(
    WINDOW,
    retry="press Continue or Retry",
    retry_at_start="Press Continue or Retry",
    retry_billed="Press Continue to go on from there, or Retry to ask again",
)
"""Shown below an answer of which a part has arrived."""
GONE_ON: Final = replace(WINDOW, remedies={Remedy.CONTINUE: ""})
"""Shown below an answer that others follow, so that it cannot be continued."""
TERMINAL: Final = Surface(
    _KEPT_IN_TERMINAL,
    _IN_TERMINAL,
    retry="ask again",
    retry_at_start="Ask again",
    retry_billed="Ask again",
    provider="in the window, Settings › Provider",
    network="in the window, Settings › Provider › Network",
)
SETTINGS_PANEL: Final = replace(
    WINDOW,
    retry="test again",
    retry_at_start="Test again",
    retry_billed="Test again",
    provider="here",
    network="here › Network",
)


def in_library(surface: Surface) -> Surface:
    """Return a surface for a conversation that is kept in the library."""
    return replace(
        surface, kept={**surface.kept, Kept.TEXT: _IN_LIBRARY, Kept.QUESTION: _IN_LIBRARY}
    )


def of_environment(surface: Surface) -> Surface:
    """Return a surface for a provider that the environment sets up."""
    place = "in the environment"
    remedies = {**surface.remedies, **_OF_ENVIRONMENT}
    return replace(surface, remedies=remedies, provider=place, network=place)


def kept_text(kept: Kept | str, surface: Surface) -> str:
    """Return what was kept in a sentence; "" if there is nothing to say."""
    return surface.kept[kept] if isinstance(kept, Kept) else kept


def remedy_text(remedy: Remedy | str, params: Mapping[str, str], surface: Surface) -> str:
    """Return what to do in a sentence; "" if there is nothing to say."""
    if not isinstance(remedy, Remedy):
        return remedy
    words = {
        "retry": surface.retry,
        "retry_at_start": surface.retry_at_start,
        "retry_billed": surface.retry_billed,
        "provider": surface.provider,
        "network": surface.network,
    }
    return surface.remedies.get(remedy, _REMEDIES[remedy]).format(**{**params, **words})
