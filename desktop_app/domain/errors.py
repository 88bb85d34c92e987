"""The hierarchy of errors that users can see.

An error is raised with its sentence, marked by `N_`, and with a hint on what to do. Both are
translated and filled where they are shown, and stored as they were raised.

Foreign exceptions are translated once, at the library call that raises them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING, Any, Final, Self

from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.i18n.formatting import number
from desktop_app.i18n.translation import in_english, paragraph, tr

Param = str | int
"""A value for a placeholder in the sentences of an error."""

PLACEHOLDER: Final = lazy_pattern(r"\{(\w+)\}")
_QUOTED: Final = ("words", "why")  # a sentence of the program, or words of somebody else


def filled(message: str, params: Mapping[str, Param]) -> str:
    """Translate a message and fill its placeholders; those without a value stay."""

    def value_of(match: re.Match[str]) -> str:
        value = params.get(match[1], match[0])
        if isinstance(value, int):
            return number(value)
        return tr(value) if match[1] in _QUOTED else value

    return PLACEHOLDER.sub(value_of, tr(message))


def sentence(message: str, params: Mapping[str, Param]) -> str:
    """Return a message as `filled` does, with any {words} for which it has no place at its end."""
    text = filled(message, params)
    words = params.get("words")
    if not words or "{words}" in message:
        return text
    if text.endswith("\u3002"):  # the full stop of Chinese and Japanese, whose colon is as wide
        return f"{text[:-1]}\uff1a{tr(str(words))}"
    return f"{text.removesuffix('.')}: {tr(str(words))}"


class ErrorDescription:
    """The sentences of an error or of its stored note.

    Attributes:
        message: the sentence on what happened, with placeholders.
        hint: the sentence on what to do, with placeholders; "" for none.
        params: values for the placeholders.
    """

    __slots__ = ()

    # Conversions evaluate annotations, and Mapping is not imported when they do.
    if TYPE_CHECKING:
        message: str
        hint: str
        params: Mapping[str, Param]

    @property
    def what_happened(self) -> str:
        """Return the sentence on what happened."""
        return sentence(self.message, self.params)

    @property
    def what_to_do(self) -> str:
        """Return the sentence on what to do, as the window shows it."""
        from desktop_app.domain.error_text import WINDOW, hint_text

        return hint_text(self, WINDOW)

    @property
    def sentences(self) -> str:
        """Return both sentences, as the window shows them."""
        return paragraph(self.what_happened, self.what_to_do)

    def __str__(self) -> str:
        """Return what happened in English, for reports, logs and tracebacks."""
        with in_english():
            return self.what_happened


class UserFacingError(ErrorDescription, Exception):
    """A failure that is reported to the user.

    Attributes:
        code: identifies the class, in memory and in the store. A ProviderError that
            `to_provider_error` makes from another error has the code of that error.
        details: for the Details view and the log; never a key, never a prompt.
    """

    code: str = "error"

    def __init__(
        self,
        message: str,
        /,
        hint: str = "",
        *,
        details: str = "",
        params: Mapping[str, Param] | None = None,
        **values: Param,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.params: dict[str, Param] = {**(params or {}), **values}
        self.details = details

    def copy_with(self, **fields: Any) -> Self:
        """Return a copy with new values of some attributes, and the same cause."""
        copied = copy(self)
        vars(copied).update(fields)
        copied.__cause__ = self.__cause__
        return copied

    def with_hint(self, hint: str, **params: Param) -> Self:
        """Return a copy with another hint and the values for its placeholders."""
        return self.copy_with(hint=hint, params={**self.params, **params})

    @property
    def all_details(self) -> str:
        """Return the facts in other attributes of the error, then its details."""
        return self.details


class ProviderError(UserFacingError):
    """The provider refused, failed or could not be reached.

    Attributes:
        status: the HTTP status, or None if there was none.
        api_code: the provider's own code, or "".
        request_id: the provider's id of the request, for its support.
        billed_tokens: the input tokens of earlier requests of the same call, which are billed
            although the call failed; None if unknown.
    """

    code = "provider"
    billed_tokens: int | None = 0

    def __init__(
        self,
        message: str,
        /,
        hint: str = "",
        *,
        status: int | None = None,
        api_code: str = "",
        request_id: str = "",
        **others: Any,
    ) -> None:
        super().__init__(message, hint, **others)
        self.status = status
        self.api_code = api_code
        self.request_id = request_id

    @property
    def all_details(self) -> str:
        lines = (
            f"HTTP status {self.status}" if self.status is not None else "",
            f"Code: {self.api_code}" if self.api_code else "",
            f"Request id: {self.request_id}" if self.request_id else "",
            self.details,
        )
        return "\n".join(filter(None, lines))


def to_provider_error(error: UserFacingError) -> ProviderError:
    """Return an error as a ProviderError, with which an answer can end."""
    if isinstance(error, ProviderError):
        return error
    failed = ProviderError(
        error.message, error.hint, params=error.params, details=error.details
    ).copy_with(code=error.code)
    failed.__cause__ = error
    return failed


class NetworkError(ProviderError):
    """The connection failed: no network, name not found, TLS refused or timed out."""

    code = "network"


class UnreachableError(NetworkError):
    """Nothing answers at the address."""

    code = "unreachable"


class AuthenticationError(ProviderError):
    """The key is missing or was not accepted."""

    code = "authentication"


class MissingKeyError(AuthenticationError):
    """There is no key for the address."""

    code = "key_missing"


class ModelNotFoundError(ProviderError):
    """The provider does not serve the model to this key."""

    code = "model_not_found"


class RefusedParameterError(ProviderError):
    """The model does not accept a parameter or value; `param` names it ("" if unknown).

    `accepted` are the values that the refusal names; () for none. `beside` is the parameter that it
    is refused together with; "" if it is refused alone. With `is_any_value`, no value is accepted.
    """

    code = "refused_parameter"

    def __init__(
        self,
        message: str,
        /,
        hint: str = "",
        *,
        param: str = "",
        accepted: tuple[str, ...] = (),
        beside: str = "",
        is_any_value: bool = False,
        **others: Any,
    ) -> None:
        super().__init__(message, hint, **others)
        self.param = param
        self.accepted = accepted
        self.beside = beside
        self.is_any_value = is_any_value


class ContextTooLongError(ProviderError):
    """Input and answer do not fit the model's window.

    Attributes:
        tokens, window: the tokens of the request and of the window; 0 if the server names none.
    """

    code = "context_too_long"

    def __init__(
        self, message: str, /, hint: str = "", *, tokens: int = 0, window: int = 0, **others: Any
    ) -> None:
        super().__init__(message, hint, **others)
        self.tokens = tokens
        self.window = window


class ContentFilteredError(ProviderError):
    """The provider's content filter stopped the question or the answer, or the model declined."""

    code = "refused"  # the code of an answer that the filter ended


class RateLimitedError(ProviderError):
    """Too many requests or tokens. The hint names the requested wait if that is over 2 min."""

    code = "rate_limited"


class QuotaExhaustedError(ProviderError):
    """The account has no credit left, so waiting does not help."""

    code = "quota_exhausted"


class ProviderFaultError(ProviderError):
    """The provider failed (5xx), or refused for a reason that has no class."""

    code = "provider_fault"


class ServerTroubleError(ProviderFaultError):
    """The provider has problems (5xx) that may be over at the next attempt."""


class ModelLoadingError(ServerTroubleError):
    """The server is still loading the model, which takes minutes; then it answers."""


class RequestTooLargeError(ProviderFaultError):
    """The request has more bytes than the provider accepts."""


class RequestRefusedError(ProviderFaultError):
    """The provider refused the request for a reason that has no class.

    Attributes:
        part: the message or other part of it that the refusal names, which is no setting; "" if it
            names none.
    """

    part: str = ""


class EndpointMissingError(ProviderError):
    """The address does not offer this API: 404, 405, a redirect, HTML."""

    code = "endpoint_missing"


class WebPageError(EndpointMissingError):
    """The address sends a web page."""


class ResponsesNeededError(EndpointMissingError):
    """The model has the Responses API only."""


class StreamCutError(ProviderError):
    """The stream ended, or the connection broke, before the answer was complete."""

    code = "stream_cut"


class RunLostError(ProviderError):
    """A background run can no longer be resumed."""

    code = "run_lost"


class ReplyTooLargeError(ProviderError):
    """The reply exceeded a limit on its size; the connection was closed."""

    code = "reply_too_large"


class UnexpectedReplyError(ProviderError):
    """The reply violates the API."""

    code = "unexpected_reply"


BILLABLE_ERRORS: Final = (ReplyTooLargeError, StreamCutError, UnexpectedReplyError)
"""Errors after which a provider may bill, because it had begun to answer."""


class IllegalChoiceError(UserFacingError):
    """A model, prompt or setting cannot be used as chosen; found before anything was sent."""

    code = "illegal_choice"


class ModelTooSmallError(IllegalChoiceError):
    """The model that ships with the program would summarize, which it cannot."""

    code = "model_too_small"


class SpendingCapError(UserFacingError):
    """The month's spending would exceed the provider's cap; the request was not sent."""

    code = "spending_cap"


class RoomHeldError(SpendingCapError):
    """Requests under way may need the room that the cap leaves; it may be enough once they end."""


class UnpricedModelError(SpendingCapError):
    """A model of unknown price would escape the provider's cap, and the user has not agreed."""

    code = "unpriced_model"


class CompactionError(UserFacingError):
    """A conversation could not be compacted and is sent as before."""

    code = "compaction"


class CredentialError(UserFacingError):
    """The keyring is locked, missing or failing."""

    code = "credential"


class StorageError(UserFacingError):
    """The store could not be read or written."""

    code = "storage"


class AttachmentMissingError(StorageError):
    """The file of an attachment is not in the store any more."""


class StoreFullError(StorageError):
    """No space left, or a read-only file system."""

    code = "store_full"


class NoRoomForCopyError(StoreFullError):
    """There is no room for a copy of the store before its upgrade; it is unchanged."""


class StoreDamagedError(StorageError):
    """The store, one of its rows, or a backup is damaged."""

    code = "store_damaged"


class StoreRefusedError(StorageError):
    """SQLite refuses a statement or a value; nothing was changed."""

    code = "store_refused"


class StoreTooNewError(StorageError):
    """The store was written by a newer version; it was left untouched."""

    code = "store_too_new"


class DocumentError(UserFacingError):
    """A document that cannot be attached."""

    code = "document"


class DocumentUnsupportedError(DocumentError):
    """The format is not supported."""

    code = "document_unsupported"


class DocumentEncryptedError(DocumentError):
    """The document needs a password.

    Attributes:
        takes_password: True if it can be read with a password.
        sha256: of a document that was read before and is rendered again; otherwise "".
    """

    code = "document_encrypted"

    def __init__(
        self,
        message: str,
        /,
        hint: str = "",
        *,
        takes_password: bool = False,
        sha256: str = "",
        **others: Any,
    ) -> None:
        super().__init__(message, hint, **others)
        self.takes_password = takes_password
        self.sha256 = sha256


class DocumentDamagedError(DocumentError):
    """The document cannot be parsed, or the worker crashed while parsing it."""

    code = "document_damaged"


class DocumentEmptyError(DocumentError):
    """The document has no text."""

    code = "document_empty"


class DocumentTooLargeError(DocumentError):
    """The file exceeds a limit on size, pages, time or memory."""

    code = "document_too_large"


class DocumentDoesNotFitError(DocumentError):
    """The text is larger than the model's window, or there are too many image pages."""

    code = "document_does_not_fit"


class ImportRefusedError(UserFacingError):
    """An imported file cannot be read, or is of the wrong kind."""

    code = "import_refused"


class LocalModelError(UserFacingError):
    """The on-device model cannot run: weights missing, server not started."""

    code = "local_model"


class ToolServerError(UserFacingError):
    """A server of tools cannot be configured, started or used."""

    code = "tool_server"


class ServerDefinitionError(ToolServerError):
    """The user named or described a server in a way that cannot be used."""


class SignInNeededError(ToolServerError):
    """A server needs the user to sign in."""


class SettingError(UserFacingError):
    """A value or file of the user's cannot be used."""

    code = "setting"


class SyncError(UserFacingError):
    """The library cannot be synchronized now; nothing was lost."""

    code = "sync"


class SyncRefusedError(SyncError):
    """A file in the storage is unreadable, damaged, foreign, or of a newer version; left out."""


class SyncLaterError(SyncError):
    """The storage asks to come back later.

    Attributes:
        wait_s: in how many seconds.
    """

    wait_s: float = 60.0


class SyncBeginError(SyncError):
    """The storage has no library yet."""


class SyncBusyError(SyncError):
    """Another process synchronizes the same store."""


class SyncTargetError(SyncError):
    """The storage was emptied or replaced."""


class VoiceError(UserFacingError):
    """Dictation or reading aloud does not work here, or nothing was heard."""

    code = "voice"
