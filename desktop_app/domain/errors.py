"""The hierarchy of errors that users can see.

Each class has a stable `code`, and each error a `Reason`: both are stored, never their sentences.

    UserFacingError                 reason, what to do
    ├── ProviderError               the provider refused, failed or could not be reached
    │   ├── NetworkError            no connection, name not found, TLS refused, timed out
    │   ├── AuthenticationError     401/403: no key, wrong key
    │   ├── ModelNotFoundError      404 model_not_found
    │   ├── RefusedParameterError   400 unsupported_value / unsupported_parameter (has .param)
    │   ├── ContextTooLongError     400 context_length_exceeded
    │   ├── ContentFilteredError    400 content_filter, or the model declined
    │   ├── RateLimitedError        429 rate_limit_exceeded
    │   ├── QuotaExhaustedError     429 insufficient_quota, credit_balance_exhausted
    │   ├── ProviderFaultError      5xx and other refusals (has .status)
    │   ├── EndpointMissingError    404, 405, a redirect or HTML instead of an API
    │   ├── StreamCutError          the stream ended without its terminal event
    │   ├── RunLostError            the provider no longer has the background run
    │   ├── ReplyTooLargeError      the reply exceeded a limit on its size
    │   └── UnexpectedReplyError    the reply is not what the API promises
    ├── CompactionError             a conversation could not be compacted
    ├── IllegalChoiceError          the chosen model does not support it; found before sending
    ├── SpendingCapError            the month's spending would exceed the user's cap
    │   └── UnpricedModelError      a model of unknown price would escape the cap
    ├── CredentialError             the keyring is locked, missing or failing
    ├── StorageError
    │   ├── StoreFullError          no space, read-only file system
    │   ├── StoreDamagedError       the integrity check found damage
    │   ├── StoreRefusedError       the store rejects a value; all others are kept
    │   └── StoreTooNewError        written by a newer version; left untouched
    ├── DocumentError               a document that cannot be attached
    │   ├── DocumentUnsupportedError, DocumentDamagedError,
    │   ├── DocumentEncryptedError  it needs a password (has .takes_password)
    │   ├── DocumentEmptyError, DocumentTooLargeError
    │   └── DocumentDoesNotFitError the text is larger than the model's window
    ├── ImportRefusedError          the file is not a readable export
    ├── LocalModelError             weights missing, the server did not start
    ├── ToolServerError             a server of tools cannot be configured, started or used
    └── SettingError                a value or file of the user's that cannot be used

Foreign exceptions are translated once, at the library call that raises them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING

from desktop_app.i18n.translation import in_english

if TYPE_CHECKING:
    from desktop_app.domain.error_reasons import Reason

Param = str | int
"""A value for a placeholder in the sentences of an error."""


class Remedy(Enum):
    """The user's next step; `error_text` words it for the place that shows the error."""

    RETRY_BILLED = "retry_billed"
    RETRY_SOON = "retry_soon"
    RETRY_FROM_NOTES = "retry_from_notes"
    RETRY_LATER = "retry_later"
    RETRY_AFTER_WAIT = "retry_after_wait"
    RETRY_CHANGED = "retry_changed"
    RETRY_OR_CHECK_ADDRESS = "retry_or_check_address"
    RETRY_ELSEWHERE = "retry_elsewhere"
    CHECK_CONNECTION = "check_connection"
    START_SERVER = "start_server"
    START_OLLAMA = "start_ollama"
    START_LM_STUDIO = "start_lm_studio"
    START_LLAMA_CPP = "start_llama_cpp"
    START_LLAMA_CPP_PYTHON = "start_llama_cpp_python"
    START_VLLM = "start_vllm"
    START_LITELLM = "start_litellm"
    CONTINUE = "continue"
    ADD_KEY = "add_key"
    CHECK_KEY = "check_key"
    ENTER_KEY_AGAIN = "enter_key_again"
    ENTER_ADDRESS = "enter_address"
    CHECK_ADDRESS = "check_address"
    CHECK_ADDRESS_OR_LEAVE = "check_address_or_leave"
    CHECK_ADDRESS_OF_OTHER = "check_address_of_other"
    CHECK_ADDRESS_OR_SIGN_IN = "check_address_or_sign_in"
    SIGN_IN = "sign_in"
    USE_HTTPS = "use_https"
    ALLOW_HOST = "allow_host"
    SET_MODEL = "set_model"
    TYPE_MODEL = "type_model"
    RAISE_CAP = "raise_cap"
    ENTER_PRICE = "enter_price"
    CHECK_PROXY = "check_proxy"
    CHECK_PROXY_KIND = "check_proxy_kind"
    CHECK_ENVIRONMENT_PROXY = "check_environment_proxy"
    CHECK_ENVIRONMENT_PROXY_KIND = "check_environment_proxy_kind"
    ENTER_PROXY_PASSWORD = "enter_proxy_password"
    CHOOSE_CERTIFICATES = "choose_certificates"
    CHECK_CERTIFICATES = "check_certificates"
    NONE = "none"
    ASKED_AGAIN = "asked_again"
    ASK_SHORTER = "ask_shorter"
    ATTACH_FEWER = "attach_fewer"
    ATTACH_PART_OR_RAISE = "attach_part_or_raise"
    ATTACH_PART = "attach_part_see_limits"
    ATTACH_SHORTER = "attach_shorter"
    ATTACH_WITH_PASSWORD = "attach_with_password"
    CANCEL_FIRST = "cancel_first"
    CHANGE_SETTING = "change_setting"
    CHECK_CLOCK = "check_clock"
    CHECK_FILE = "check_file"
    CHECK_PATH = "check_path"
    CHOOSE_BACKUP = "choose_backup"
    CHOOSE_OTHER_MODEL = "choose_other_model"
    CHOOSE_OTHER_PLACE = "choose_other_place"
    CHOOSE_PEM = "choose_pem"
    CHOOSE_PROMPTS = "choose_prompts"
    COMPACT = "compact"
    COPY_WITHOUT_PASSWORD = "copy_without_password"
    CORRECT_FILE = "correct_file"
    ENTER_IN_TERMINAL = "enter_in_terminal"
    EXPORT_AGAIN = "export_again"
    INSTALL_AGAIN = "install_again"
    INSTALL_WEIGHTS = "install_weights"
    IT_ASKS_FOR = "it_asks_for"
    KEY_WITHOUT_KEYRING = "key_without_keyring"
    NAME_MODEL = "name_model"
    NAME_OTHER_PROVIDER = "name_other_provider"
    NAME_PROVIDER = "name_provider"
    NEEDS_VALUE = "needs_value"
    READABLE_FORMATS = "readable_formats"
    SECTIONS_ARE = "sections_are"
    SECTIONS_ARE_NAMED = "sections_are_named"
    SECTION_IS_ALONE = "section_is_alone"
    SEND_TEXT = "send_text"
    SEND_TEXT_ALONE = "send_text_alone"
    SET_BASE_URL = "set_base_url"
    START_NEW = "start_new"
    SUMMARIZE = "summarize"
    TAKES_LINES = "takes_lines"
    TAKES_NUMBER = "takes_number"
    TAKES_ONE_OF = "takes_one_of"
    TAKES_RANGE = "takes_range"
    TAKES_SHORTCUT = "takes_shortcut"
    TAKES_TEXT = "takes_text"
    TAKES_WHOLE_NUMBER = "takes_whole_number"
    TAKES_YES_OR_NO = "takes_yes_or_no"
    THERE_ARE = "there_are"
    TRY_LATER = "try_later"


class UserFacingError(Exception):
    """A failure that is reported to the user.

    Attributes:
        code: identifies the class, or that of a wrapped error, in memory and in the store.
        reason: what happened, as a code; or a sentence that another process or a store brought.
        remedy: what to do, if it is not what `error_sentences` says of the reason.
        params: values for the placeholders in the sentences.
        details: for the Details view and the log; never a key, never a prompt.
    """

    code: str = "error"

    def __init__(
        self,
        reason: Reason | str,
        params: Mapping[str, Param] | None = None,
        /,
        *,
        what_to_do: Remedy | str = "",
        details: str = "",
        **values: Param,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = what_to_do
        self.params = {**(params or {}), **values}
        self.details = details

    def __str__(self) -> str:
        """Return what happened in English, for logs and tracebacks."""
        with in_english():
            return self.what_happened

    @property
    def what_happened(self) -> str:
        """The sentence on what happened."""
        from desktop_app.domain.error_text import happened_text  # not needed at the start

        return happened_text(self.reason, self.params)

    @property
    def what_to_do(self) -> str:
        """The sentence on what to do, worded for the window."""
        from desktop_app.domain.error_text import WINDOW, remedy_text

        return remedy_text(self, WINDOW)

    @property
    def sentences(self) -> str:
        """Both sentences, worded for the window."""
        return f"{self.what_happened} {self.what_to_do}".rstrip()


class ProviderError(UserFacingError):
    """The provider refused, failed or could not be reached.

    Attributes:
        status: the HTTP status, or None if there was none.
        api_code: the provider's own code, or "".
        request_id: the provider's id of the request, for its support.
    """

    code = "provider"

    def __init__(
        self,
        reason: Reason | str,
        params: Mapping[str, Param] | None = None,
        /,
        *,
        what_to_do: Remedy | str = "",
        details: str = "",
        status: int | None = None,
        api_code: str = "",
        request_id: str = "",
        **values: Param,
    ) -> None:
        super().__init__(
            reason,
            {**(params or {}), **values},
            what_to_do=what_to_do,
            details=details,
        )
        self.status = status
        self.api_code = api_code
        self.request_id = request_id


class NetworkError(ProviderError):
    """The connection failed: no network, name not found, TLS refused or timed out."""

    code = "network"


class AuthenticationError(ProviderError):
    """The key is missing or was not accepted."""

    code = "authentication"


class ModelNotFoundError(ProviderError):
    """The provider does not serve the model to this key."""

    code = "model_not_found"


class RefusedParameterError(ProviderError):
    """The model does not accept a parameter or value; `param` names it ("" if unknown)."""

    code = "refused_parameter"

    param: str = ""


class ContextTooLongError(ProviderError):
    """Input and answer do not fit the model's window.

    Attributes:
        tokens, window: the tokens of the request and of the window; 0 if the server names none.
    """

    code = "context_too_long"

    tokens: int = 0
    window: int = 0


class ContentFilteredError(ProviderError):
    """The provider's content filter stopped the question or the answer, or the model declined."""

    code = "refused"  # as of an answer that the filter ends


class RateLimitedError(ProviderError):
    """Too many requests or tokens. The remedy says how long to wait, if the server did."""

    code = "rate_limited"


class QuotaExhaustedError(ProviderError):
    """The account has no credit left, so waiting does not help."""

    code = "quota_exhausted"


class ProviderFaultError(ProviderError):
    """The provider failed (5xx), or refused for a reason that has no class."""

    code = "provider_fault"


class EndpointMissingError(ProviderError):
    """The address does not offer this API: 404, 405, a redirect, HTML."""

    code = "endpoint_missing"


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
    """The reply is not what the API promises."""

    code = "unexpected_reply"


class IllegalChoiceError(UserFacingError):
    """The chosen model does not support something; found before anything was sent."""

    code = "illegal_choice"


class SpendingCapError(UserFacingError):
    """The month's spending would exceed the provider's cap; found before anything was sent."""

    code = "spending_cap"


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


class StoreFullError(StorageError):
    """No space left, or a read-only file system."""

    code = "store_full"


class StoreDamagedError(StorageError):
    """The store's integrity check found damage."""

    code = "store_damaged"


class StoreRefusedError(StorageError):
    """The store rejects a value; the write was not done."""

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

    takes_password = False
    sha256 = ""


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
    """The text is larger than the model's window."""

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


class SettingError(UserFacingError):
    """A value or file of the user's cannot be used."""

    code = "setting"
