"""Reads what earlier versions wrote as sentences, in stores and in exported files.

The sentences are frozen: they are what those versions wrote, whatever this one says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Final

from desktop_app.domain.conversations.conversation import ErrorNote
from desktop_app.domain.conversations.notices import NoticeCode, NoticeText, notice
from desktop_app.domain.errors import Kept, Remedy
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
_KEPT: Final[Mapping[str, Kept]] = {
    "Nothing was sent; your text is still in the prompt.": Kept.PROMPT,
    "The choice is as it was.": Kept.CHOICE,
    "Your question is kept.": Kept.QUESTION,
    "What had arrived is kept above.": Kept.TEXT,
    "The notes that were taken are kept: Retry goes on from there.": Kept.NOTES,
}
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


def legacy_error(note: ErrorNote, *, is_worded: bool) -> ErrorNote:
    """Return a note with the codes of its sentences; a sentence without one stays.

    Args:
        is_worded: what was kept and the remedy are sentences, too.
    """
    if not is_worded:
        return note
    kept, remedy = note.kept, note.remedy
    if isinstance(kept, str):
        kept = _KEPT.get(kept, kept)
    if isinstance(remedy, str):
        remedy = _REMEDY_OF.get(remedy, remedy)
    return replace(note, kept=kept, remedy=remedy)


def legacy_notice(sentence: str) -> NoticeText:
    """Return a notice by its code, or the sentence if it has none."""
    # Matching takes the square of the length, and a foreign file may hold any sentence.
    for code, pattern in _notice_patterns() if len(sentence) <= _LONGEST_NOTICE else ():
        if found := pattern.fullmatch(sentence):
            return notice(code, **found.groupdict())
    return sentence


@cache
def _notice_patterns() -> list[tuple[NoticeCode, re.Pattern[str]]]:
    return [(code, _pattern(template)) for code, template in _NOTICES.items()]


def _pattern(template: str) -> re.Pattern[str]:
    names = re.compile(r"\{(\w+)\}")
    words = names.split(template)
    made = (f"(?P<{word}>.+)" if n % 2 else re.escape(word) for n, word in enumerate(words))
    return re.compile("".join(made), re.DOTALL)
