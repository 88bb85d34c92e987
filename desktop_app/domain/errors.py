"""Every error that a person can meet, in one tree.

    UserFacingError                 what happened · what was kept · what to do
    ├── ProviderError               the provider refused, failed or could not be reached
    │   ├── NetworkError            no connection, name not found, TLS refused, timed out
    │   ├── AuthenticationError     401/403: no key, wrong key
    │   ├── ModelNotFoundError      404 model_not_found
    │   ├── RefusedParameterError   400 unsupported_value / unsupported_parameter (has .param)
    │   ├── ContextTooLongError     400 context_length_exceeded
    │   ├── RateLimitedError        429 rate_limit_exceeded
    │   ├── QuotaExhaustedError     429 insufficient_quota, credit_balance_exhausted
    │   ├── ProviderFaultError      5xx and other refusals (has .status)
    │   ├── EndpointMissingError    404, 405, a redirect or HTML where an API was expected
    │   ├── StreamCutError          the stream ended without its terminal event
    │   ├── RunLostError            a run in the background that the provider no longer has
    │   ├── ReplyTooLargeError      a reply that passed a limit on its size
    │   └── UnexpectedReplyError    a reply that is not what the API promises
    ├── CompactionError         a conversation could not be made shorter
    ├── IllegalChoiceError          what the chosen model does not take; found before sending
    ├── SpendingCapError            the month's spending would pass the cap that the person set
    ├── CredentialError             the keyring is locked, absent or failing
    ├── StorageError
    │   ├── StoreFullError          no space, read-only file system
    │   ├── StoreDamagedError       the integrity check found damage
    │   ├── StoreRefusedError       a value that the store does not take; all others are kept
    │   └── StoreTooNewError        written by a newer version; left untouched
    ├── DocumentError               a document that gives no attachment
    │   ├── DocumentUnsupportedError, DocumentDamagedError,
    │   ├── DocumentEncryptedError  it asks for a password (has .takes_password)
    │   ├── DocumentEmptyError, DocumentTooLargeError
    │   └── DocumentDoesNotFitError the text is larger than the model's window
    ├── ImportRefusedError          a file that is no export that can be read
    ├── LocalModelError             weights missing, the server did not start
    └── SettingError                a value or file of the person's that cannot be used

Foreign exceptions are translated once, where the library that raises them is called.
"""

from __future__ import annotations

from typing import Final


class UserFacingError(Exception):
    """A failure in words for the person.

    Attributes:
        what_happened: one sentence, in the past tense.
        what_was_kept: one sentence, or "" where nothing was at stake.
        what_to_do: one sentence that names the next step.
        details: for the Details view and the log; never a key, never a prompt.
    """

    def __init__(
        self,
        what_happened: str,
        *,
        what_was_kept: str = "",
        what_to_do: str = "",
        details: str = "",
    ) -> None:
        super().__init__(what_happened)
        self.what_happened = what_happened
        self.what_was_kept = what_was_kept
        self.what_to_do = what_to_do
        self.details = details

    @property
    def sentences(self) -> str:
        """All that is to be said, as running text."""
        said = (self.what_happened, self.what_was_kept, self.what_to_do)
        return " ".join(sentence for sentence in said if sentence)


class ProviderError(UserFacingError):
    """The provider refused, failed or could not be reached.

    Attributes:
        status: the HTTP status, None where none arrived.
        code: the provider's own code, "" where it gave none.
        request_id: the provider's id of the request, for its support.
    """

    def __init__(
        self,
        what_happened: str,
        *,
        what_was_kept: str = "",
        what_to_do: str = "",
        details: str = "",
        status: int | None = None,
        code: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(
            what_happened, what_was_kept=what_was_kept, what_to_do=what_to_do, details=details
        )
        self.status = status
        self.code = code
        self.request_id = request_id


class NetworkError(ProviderError):
    """No connection, name not found, TLS refused, timed out."""


class AuthenticationError(ProviderError):
    """The key is missing or not accepted."""


class ModelNotFoundError(ProviderError):
    """The provider does not serve the model to this key."""


class RefusedParameterError(ProviderError):
    """A parameter or value that the model does not take; `param` names it ("" if unknown)."""

    param: str = ""


class ContextTooLongError(ProviderError):
    """Input and answer do not fit the model's window."""


class RateLimitedError(ProviderError):
    """Too many requests or tokens; how long to wait stands in what to do, where it was said."""


class QuotaExhaustedError(ProviderError):
    """The account has no credit left: waiting does not help."""


class ProviderFaultError(ProviderError):
    """The provider failed (5xx) or refused for a reason without a class of its own."""


class EndpointMissingError(ProviderError):
    """The address does not offer this API: 404, 405, a redirect, HTML."""


class StreamCutError(ProviderError):
    """The stream ended, or the connection broke, before the answer was whole."""


class RunLostError(ProviderError):
    """A run in the background can no longer be picked up."""


class ReplyTooLargeError(ProviderError):
    """The reply passed a limit on its size; the connection was closed."""


class UnexpectedReplyError(ProviderError):
    """The reply is not what the API promises."""


class IllegalChoiceError(UserFacingError):
    """Something that the chosen model does not take; found before anything was sent."""


class SpendingCapError(UserFacingError):
    """The month's spending and the next input would pass the provider's cap; found before
    anything was sent."""


class CompactionError(UserFacingError):
    """A conversation could not be made shorter; it is sent as it was."""


class CredentialError(UserFacingError):
    """The keyring is locked, absent or failing."""


class StorageError(UserFacingError):
    """The store could not be read or written."""


class StoreFullError(StorageError):
    """No space left, or a read-only file system."""


class StoreDamagedError(StorageError):
    """The store's integrity check found damage."""


class StoreRefusedError(StorageError):
    """A value that the store does not take; what was asked for with it was not done."""


class StoreTooNewError(StorageError):
    """The store was written by a newer version; it was left untouched."""


class DocumentError(UserFacingError):
    """A document that gives no attachment."""


class DocumentUnsupportedError(DocumentError):
    """A format that is not read."""


class DocumentEncryptedError(DocumentError):
    """The document asks for a password.

    Attributes:
        takes_password: it is read once the password is given.
        sha256: of a document that was read before and is to be drawn again; "" else.
    """

    takes_password = False
    sha256 = ""


class DocumentDamagedError(DocumentError):
    """The document cannot be parsed, or parsing it ended the worker."""


class DocumentEmptyError(DocumentError):
    """The document holds no text."""


class DocumentTooLargeError(DocumentError):
    """The file passes a limit on size, pages, time or memory."""


class DocumentDoesNotFitError(DocumentError):
    """The text is larger than the model's window."""


class ImportRefusedError(UserFacingError):
    """A file that is no export of conversations, or is damaged."""


class LocalModelError(UserFacingError):
    """The on-device model cannot run: weights missing, server not started."""


class SettingError(UserFacingError):
    """A value or file of the person's that cannot be used."""


NOTHING_SENT: Final = "Nothing was sent; your text is still in the prompt."
TEXT_KEPT: Final = "What had arrived is kept above."
NOTES_KEPT: Final = "The notes that were taken are kept: Retry goes on from there."
