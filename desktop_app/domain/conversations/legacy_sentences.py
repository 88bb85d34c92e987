"""Reads what earlier versions wrote as sentences, in stores and in exported files.

The sentences are frozen: they are what those versions wrote, whatever this one says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from desktop_app.domain.errors import Kept, Remedy
from desktop_app.domain.spending.cost import UsageScope

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


def legacy_usage_scope(notices: Iterable[str]) -> UsageScope:
    """Return which answers the tokens of an answer with these notices are for."""
    for notice in notices:
        if notice == _FIRST:
            return UsageScope.FIRST
        if notice.startswith(_ALL):
            return UsageScope.ALL
    return UsageScope.OWN


def legacy_error_code(kind: str) -> str:
    """Return the code of an error that was stored with the name of its class."""
    return _CODES.get(kind, "")


def legacy_kept(sentence: str) -> Kept | str:
    """Return what was kept by its code, or the sentence if it has none."""
    return _KEPT.get(sentence, sentence)


def legacy_remedy(sentence: str) -> Remedy | str:
    """Return a remedy by its code, or the sentence if it has none."""
    return _REMEDY_OF.get(sentence, sentence)
