"""The reasons of errors: a code for what happened, with its sentences and the usual remedy."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum, auto
from typing import TYPE_CHECKING, Self

from desktop_app.domain.remedy import Remedy
from desktop_app.i18n.translation import N_

if TYPE_CHECKING:
    from desktop_app.domain.errors import Param


def _row(
    happened: str, remedy: Remedy = Remedy.NONE, *, detailed: str = ""
) -> tuple[auto, str, Remedy, str]:
    return auto(), happened, remedy, detailed


class Reason(StrEnum):
    """A code for what happened: the name in lower case. It is stored, so no name ever changes.

    The sentences have placeholders, such as {provider}, for the parameters of an error. An error
    may have another remedy than its reason. The sentence and the remedy together have at most 20
    words. If the user's data were at risk, the sentence also says that they are safe.

    Attributes:
        happened: the sentence on what happened.
        remedy: the usual next step.
        detailed: used in place of `happened` if the error has a value for each of its placeholders.
    """

    happened: str
    remedy: Remedy
    detailed: str

    def __new__(
        cls, code: str, happened: str = "", remedy: Remedy = Remedy.NONE, detailed: str = ""
    ) -> Self:
        self = str.__new__(cls, code)
        self._value_ = code
        self.happened = happened
        self.remedy = remedy
        self.detailed = detailed
        return self

    # The provider's refusals
    NO_CREDIT = _row(
        N_("Your {provider} account has no credit."),
        Remedy.ADD_CREDIT,
        detailed=N_("Your {provider} account has no credit: {words}"),
    )
    TOO_MANY_REQUESTS = _row(
        N_("{provider} is limiting requests."),
        Remedy.RETRY_SOON,
        detailed=N_("{provider} is limiting requests: {words}"),
    )
    KEY_NOT_ACCEPTED = _row(
        N_("{provider} rejected the API key."),
        Remedy.CHECK_KEY,
        detailed=N_("{provider} rejected the API key: {words}"),
    )
    CONVERSATION_TOO_LONG = _row(
        N_("The conversation exceeds the model’s context window."),
        Remedy.SHORTEN_CONVERSATION,
        detailed=N_("The conversation exceeds the model’s context window: {words}"),
    )
    IMAGES_REFUSED = _row(
        N_("This model at {provider} doesn’t support these images."),
        Remedy.CHOOSE_MODEL_FOR_IMAGES,
        detailed=N_("This model at {provider} doesn’t support these images: {words}"),
    )
    MODEL_NOT_SERVED = _row(
        N_("Your {provider} API key has no access to this model."),
        Remedy.CHOOSE_MODEL_OR_ASK_FOR_ACCESS,
        detailed=N_("Your {provider} API key has no access to this model: {words}"),
    )
    SETTING_REFUSED = _row(
        N_("{provider} rejected the setting “{setting}”."),
        Remedy.CHANGE_SETTING,
        detailed=N_("{provider} rejected the setting “{setting}”: {words}"),
    )
    UNNAMED_SETTING_REFUSED = _row(
        N_("{provider} rejected a setting."),
        Remedy.CHANGE_SETTING,
        detailed=N_("{provider} rejected a setting: {words}"),
    )
    ACCESS_REFUSED = _row(
        N_("{provider} denied access."),
        Remedy.CHECK_PERMISSIONS,
        detailed=N_("{provider} denied access: {words}"),
    )
    REQUEST_TOO_LARGE = _row(
        N_("The request is too large for {provider}."),
        Remedy.REMOVE_ATTACHMENT,
        detailed=N_("The request is too large for {provider}: {words}"),
    )
    FAILED_WHILE_ANSWERING = _row(
        N_("{provider} failed while responding."),
        Remedy.RETRY_BILLED,
        detailed=N_("{provider} failed while responding: {words}"),
    )
    REQUEST_REFUSED = _row(
        N_("{provider} rejected the request."),
        Remedy.RETRY_CHANGED,
        detailed=N_("{provider} rejected the request: {words}"),
    )
    PROVIDER_FAULT = _row(
        N_("{provider} is having problems ({http})."),
        Remedy.RETRY_LATER,
        detailed=N_("{provider} is having problems ({http}): {words}"),
    )
    NOT_FINISHED_IN_TIME = _row(
        N_("{provider} didn’t finish the request in time ({http})."),
        Remedy.RETRY_BILLED,
        detailed=N_("{provider} didn’t finish the request in time ({http}): {words}"),
    )
    NOT_SERVED_THERE = _row(
        N_("This provider doesn’t offer {model}."), Remedy.CHOOSE_MODEL_OR_PROVIDER
    )
    API_MISSING = _row(
        N_("Couldn’t find a compatible API at {provider}."),
        Remedy.CHECK_ADDRESS,
        detailed=N_("Couldn’t find a compatible API at {provider}: {words}"),
    )
    EMPTY_REPLY = _row(
        N_("The base URL of {provider} returned an empty response."), Remedy.CHECK_ADDRESS
    )
    EMPTY_ANSWER = _row(N_("{provider} ended the response before it began."), Remedy.RETRY_LATER)
    NO_COMPACTION_API = _row(
        N_("The base URL of {provider} doesn’t support compaction."), Remedy.CHECK_ADDRESS
    )
    NO_EMBEDDING_API = _row(
        N_("The base URL of {provider} doesn’t support embeddings."), Remedy.CHECK_ADDRESS
    )
    REDIRECTED = _row(
        N_("{provider} redirects elsewhere, where nothing was sent."),
        Remedy.CHECK_ADDRESS_OR_SIGN_IN,
        detailed=N_("{provider} redirects to {host}, where nothing was sent."),
    )
    WEB_PAGE = _row(
        N_("{provider} sent a web page, not a response."), Remedy.CHECK_ADDRESS_OR_SIGN_IN
    )
    NO_BATCH_API = _row(
        N_("{provider} doesn’t support batches, so nothing was charged."), Remedy.CHOOSE_PROVIDER
    )

    # Keys
    NO_KEY = _row(N_("{provider} needs an API key."), Remedy.ADD_KEY)
    NO_KEY_FOR_HOST = _row(
        N_("There is no API key for this URL."),
        Remedy.ENTER_KEY_AGAIN,
        detailed=N_("There is no API key for {host}."),
    )
    KEY_MALFORMED = _row(N_("The API key contains invalid characters."), Remedy.ENTER_KEY_AGAIN)
    KEYRING_LOCKED = _row(N_("The keyring is locked."), Remedy.UNLOCK_KEYRING)
    KEYRING_SLOW = _row(N_("The keyring didn’t respond and may be locked."), Remedy.UNLOCK_KEYRING)
    KEYRING_MISSING = _row(N_("No keyring is available."), Remedy.KEY_WITHOUT_KEYRING)
    KEYRING_FORGETS = _row(N_("The keyring isn’t saving keys."), Remedy.KEY_WITHOUT_KEYRING)
    KEYRING_NOT_TRUSTED = _row(
        N_("{module} isn’t the operating system’s keyring."), Remedy.KEY_WITHOUT_KEYRING
    )
    KEY_WITHOUT_ADDRESS = _row(
        N_("The API key wasn’t saved because the provider has no valid base URL."),
        Remedy.ENTER_ADDRESS_FIRST,
    )
    CUSTOM_FIELD_INVALID = _row(
        N_("“{name}” can’t be used as a header or query parameter."), Remedy.REMOVE_CUSTOM_FIELD
    )
    CUSTOM_VALUE_INVALID = _row(
        N_("The value of “{name}” is empty, too long, or contains invalid characters."),
        Remedy.ENTER_KEY_AGAIN,
    )
    CUSTOM_VALUE_MISSING = _row(
        N_("The value of “{name}” isn’t in the keyring for this URL."), Remedy.ENTER_CUSTOM_VALUE
    )
    VARIABLE_UNUSABLE = _row(N_("The value of {variable} isn’t valid."), Remedy.SEE_ASK_HELP)

    # The connection
    NOT_REACHED = _row(N_("Couldn’t connect to {provider} at {host}."), Remedy.CHECK_CONNECTION)
    NOTHING_LISTENS = _row(N_("Nothing is listening at {host}."), Remedy.START_SERVER)
    # SERVER_BACK is shown, but never stored.
    SERVER_BACK = _row(N_("The server at {host} is back."), Remedy.SEND_AGAIN_BY_RETRY)
    NOT_ENCRYPTED = _row(
        N_("Couldn’t connect securely to {provider} at {host}."), Remedy.CHECK_ADDRESS_AND_PORT
    )
    ADDRESS_NOT_ENCRYPTED = _row(
        N_("The connection to {provider} isn’t encrypted, so others could read your messages."),
        Remedy.USE_HTTPS,
    )
    ADDRESS_UNUSABLE = _row(N_("The base URL of {provider} isn’t valid."), Remedy.ENTER_ADDRESS)
    NO_REPLY_IN_TIME = _row(N_("{provider} didn’t respond in time."), Remedy.RETRY_BILLED)
    BROKE_BEFORE_ANSWER = _row(
        N_("The connection to {provider} was lost before the response started."),
        Remedy.RETRY_BILLED,
    )
    BROKE_IN_REPLY = _row(
        N_("The connection to {provider} was lost during a response."), Remedy.AUTOMATIC_RETRY
    )
    BROKE_IN_ANSWER = _row(
        N_("The connection to {provider} was lost before the response finished."),
        Remedy.RETRY_BILLED,
    )
    SILENT_IN_ANSWER = _row(
        N_("{provider} stopped sending data before the response finished."), Remedy.RETRY_BILLED
    )
    LOST_IN_SLEEP = _row(
        N_("The connection to {provider} was lost while the computer was asleep."),
        Remedy.RETRY_BILLED,
    )
    CANCEL_TIMEOUT = _row(N_("The provider didn’t respond in time."), Remedy.TRY_LATER)
    CERTIFICATE_EXPIRED = _row(N_("The certificate of {provider} has expired."), Remedy.CHECK_CLOCK)
    CERTIFICATE_NOT_YET_VALID = _row(
        N_("The certificate of {provider} isn’t valid yet."), Remedy.CHECK_CLOCK
    )
    CERTIFICATE_OF_OTHER = _row(
        N_("The certificate of {provider} isn’t for {host}."), Remedy.CHECK_ADDRESS_OF_OTHER
    )
    CERTIFICATE_NOT_TRUSTED = _row(
        N_("The certificate of {provider} isn’t trusted."), Remedy.CHOOSE_CERTIFICATES
    )
    PROXY_WANTS_PASSWORD = _row(
        N_("The proxy requires a password."),
        Remedy.CHECK_PROXY,
        detailed=N_("The proxy {proxy} requires a password."),
    )
    PROXY_PASSWORD_WRONG = _row(
        N_("The proxy rejected the user name or password."),
        Remedy.CHECK_PROXY,
        detailed=N_("The proxy {proxy} rejected the user name or password."),
    )
    PROXY_BLOCKS = _row(
        N_("The proxy blocked the request to {host}: {words}."),
        Remedy.CHECK_PROXY,
        detailed=N_("The proxy {proxy} blocked the request to {host}: {words}."),
    )
    PROXY_CANNOT_REACH = _row(
        N_("The proxy couldn’t connect to {provider} at {host}."),
        Remedy.CHECK_ADDRESS_AND_PROXY,
        detailed=N_("The proxy {proxy} couldn’t connect to {provider} at {host}."),
    )
    PROXY_OF_OTHER_KIND = _row(
        N_("The proxy has the wrong type."),
        Remedy.CHECK_PROXY_KIND,
        detailed=N_("{proxy} has the wrong proxy type."),
    )
    PROXY_TIMEOUT = _row(
        N_("The proxy didn’t respond in time."),
        Remedy.CHECK_PROXY,
        detailed=N_("The proxy {proxy} didn’t respond in time."),
    )
    PROXY_NOT_REACHED = _row(N_("Couldn’t connect to the proxy {proxy}."), Remedy.CHECK_PROXY)
    PROXY_ADDRESS_INVALID = _row(N_("This isn’t a valid proxy URL."), Remedy.ENTER_PROXY_ADDRESS)
    NETWORK_SETTINGS_UNUSABLE = _row(
        N_("Proxy or certificate settings aren’t valid."), Remedy.CHECK_ENVIRONMENT_PROXY
    )
    CERTIFICATES_UNREADABLE = _row(
        N_("Couldn’t read the certificate file {file}."), Remedy.CHOOSE_PEM
    )
    CERTIFICATES_EMPTY = _row(N_("The certificate file {file} is empty."), Remedy.CHOOSE_PEM)
    CERTIFICATES_TOO_LARGE = _row(
        N_("{file} is too large for a certificate file."), Remedy.CHOOSE_PEM
    )
    CERTIFICATES_ARE_KEY = _row(
        N_("{file} contains a private key, not a certificate."), Remedy.CHOOSE_PEM
    )
    CERTIFICATES_ARE_OTHER = _row(N_("{file} doesn’t contain a certificate."), Remedy.CHOOSE_PEM)
    CERTIFICATES_INVALID = _row(N_("{file} contains no valid certificate."), Remedy.CHOOSE_PEM)
    CERTIFICATES_EXPIRED = _row(
        N_("{file} contains a certificate that expired on {day}."), Remedy.CHOOSE_PEM
    )

    # Replies that are not what the API promises
    REPLY_NOT_JSON = _row(N_("{provider} sent an invalid response."), Remedy.RETRY_OR_CHECK_ADDRESS)
    ANSWER_CUT = _row(N_("{provider} ended the response early."), Remedy.RETRY_BILLED)
    ANSWER_UNREADABLE = _row(N_("{provider} sent an invalid response."), Remedy.RETRY_BILLED)
    RUN_GONE = _row(
        N_("This response expired at {provider} after about 10 minutes."), Remedy.RETRY_BILLED
    )
    RUN_WITHOUT_PROVIDER = _row(
        N_("The provider of this background response is no longer set up."), Remedy.RETRY_ELSEWHERE
    )
    BATCH_UPLOAD_UNNAMED = _row(N_("{provider} didn’t confirm the upload."), Remedy.TRY_LATER)
    BATCH_UNREADABLE = _row(N_("{provider} sent invalid batch data."), Remedy.TRY_LATER)
    EMBEDDINGS_UNREADABLE = _row(
        N_("{provider} didn’t return embeddings."), Remedy.CHECK_EMBEDDING_MODEL
    )
    COMPACTION_UNREADABLE = _row(
        N_("{provider} didn’t return a compacted conversation."), Remedy.RETRY_OR_START_NEW
    )
    MODELS_UNREADABLE = _row(N_("{provider} didn’t return a list of models."), Remedy.TYPE_MODEL)
    ANSWER_TOO_LONG = _row(
        N_("The response from {provider} exceeded {limit} MB."), Remedy.ASK_SHORTER
    )
    REPLY_TOO_LARGE = _row(
        N_("{provider} sent more than {limit} MB."), Remedy.CHECK_ADDRESS_OR_LEAVE
    )
    TOO_MANY_RESULTS = _row(N_("{provider} sent too many results."), Remedy.CHECK_ADDRESS_OR_LEAVE)

    # Questions and settings that cannot be sent
    PROVIDER_REMOVED = _row(N_("Provider removed."), Remedy.CHOOSE_ANOTHER)
    NO_SUCH_PROVIDER = _row(N_("There is no provider “{provider}”."), Remedy.LIST_AVAILABLE)
    NO_SUCH_PRESET = _row(N_("There is no preset “{preset}”."), Remedy.LIST_AVAILABLE)
    TOO_MANY_STOPS = _row(
        N_("At most {most} stop sequences are supported."), Remedy.USE_FEWER_STOPS
    )
    INSTRUCTIONS_UNREADABLE = _row(
        N_("Can’t read the instructions in {file}."), Remedy.CHOOSE_INSTRUCTIONS_FILE
    )
    SCHEMA_UNREADABLE = _row(N_("Can’t read the schema in {file}."), Remedy.CHOOSE_SCHEMA_FILE)
    SCHEMA_INVALID = _row(N_("{file} isn’t a valid JSON Schema: {words}."))
    GRAMMAR_UNREADABLE = _row(N_("Can’t read the grammar in {file}."), Remedy.CHOOSE_GRAMMAR_FILE)
    GRAMMAR_INVALID = _row(N_("The grammar in {file} isn’t valid: {words}."))
    GRAMMAR_UNKNOWN = _row(
        N_("The kind of grammar in {file} is unknown."), Remedy.CHOOSE_GRAMMAR_ENDING
    )
    GRAMMAR_NEEDS_LLAMA_CPP = _row(
        N_("{provider} doesn’t support GBNF grammars."), Remedy.CHOOSE_LLAMA_CPP
    )
    GRAMMAR_NOT_AT_PROVIDER = _row(
        N_("{provider} doesn’t support grammars of the kind {syntax}."), Remedy.CHOOSE_PROVIDER
    )
    GRAMMAR_NOT_SUPPORTED = _row(
        N_("{model} doesn’t support grammars of the kind {syntax}."), Remedy.CHOOSE_MODEL
    )
    GRAMMAR_WITH_TOOLS = _row(
        N_("With a grammar, the model can’t call tools."), Remedy.TURN_OFF_TOOLS_OR_GRAMMAR
    )
    GRAMMAR_IN_BATCH = _row(N_("Batch jobs don’t support grammars."), Remedy.USE_SCHEMA)
    COMPARED_COUNT = _row(
        N_("--compare needs {fewest} to {most} choices."), Remedy.COMPARE_EACH_CHOICE
    )
    COMPARED_WITH_N = _row(
        N_("--compare asks each choice for one response."), Remedy.LEAVE_OUT_N_OR_COMPARE
    )
    NO_CASES = _row(N_("There are no cases to evaluate."), Remedy.NAME_CASES)
    CASES_UNREADABLE = _row(N_("Can’t read the cases in {file}: {words}."), Remedy.SEE_EVAL_HELP)
    VARIANT_AND_MODEL = _row(N_("Choose either a variant or a model, not both."))
    NO_VARIANTS = _row(N_("{provider} has no GPT-5.2 models."), Remedy.NAME_PROVIDER)
    NO_VARIANTS_HERE = _row(N_("The local model isn’t a GPT-5.2 model."), Remedy.NAME_PROVIDER)
    NO_MODEL_KNOWN = _row(N_("{provider} has no default model."), Remedy.TYPE_MODEL)
    NO_LOCAL_MODEL = _row(N_("There is no local model “{model}”."), Remedy.ENTER_MODEL_PATH)
    EFFORT_NOT_TAKEN = _row(
        N_("{model} doesn’t support reasoning effort."), Remedy.LEAVE_OUT_EFFORT
    )
    EFFORT_FIXED = _row(N_("{model} always uses the effort {only}."), Remedy.LIST_EFFORTS)
    EFFORT_UNSUPPORTED = _row(
        N_("{model} doesn’t support the effort {effort}."), Remedy.LIST_EFFORTS
    )
    CAP_REACHED = _row(
        N_("This message ({cost}) exceeds the limit: {spent} of {cap} spent."),
        Remedy.RAISE_CAP,
        detailed=N_("This message ({cost}) exceeds {cap}: {spent} spent, {held} pending."),
    )
    PRICE_UNKNOWN_UNDER_CAP = _row(
        N_("{model} has no price, so {provider}’s limit can’t count it."), Remedy.ENTER_PRICE
    )
    DOES_NOT_FIT = _row(
        N_("This message needs {tokens} tokens, but {model} accepts {limit}."),
        detailed=N_("With {names}, this needs {tokens} tokens, but {model} accepts {limit}."),
    )
    MAY_NOT_FIT = _row(
        N_("This message needs about {tokens} tokens, but {model} accepts {limit}."),
        detailed=N_("With {names}, this needs about {tokens} tokens, but {model} accepts {limit}."),
    )
    IMAGES_NOT_SEEN = _row(N_("{model} doesn’t support images."), Remedy.CHOOSE_MODEL_OR_REMOVE)
    PAGES_NOT_SEEN = _row(
        N_("{model} can’t read {count} of {total} pages of {file}, which are images."),
        Remedy.CHOOSE_MODEL_OR_REMOVE,
        detailed=N_(
            "{model} can’t see images: {count} of {total} pages of {file}, {count2} of {file2}."
        ),
    )
    TOO_MANY_IMAGE_PAGES = _row(
        N_("Only {limit} page images can be sent at once ({pages} selected)."),
        Remedy.SELECT_FEWER_PAGES,
    )
    PAGE_IMAGE_TOO_LARGE = _row(
        N_("Page {page} of “{name}” is too large for {model}."), Remedy.LOWER_DETAIL
    )
    FILES_TOO_LARGE = _row(
        N_("The files total {together}, but {provider} accepts {limit} per request."),
        Remedy.SEND_SOME_AS_TEXT,
    )
    FILES_NOT_TAKEN = _row(N_("{provider} doesn’t accept files such as {name}."), Remedy.SEND_TEXT)
    FILE_WANTS_PASSWORD = _row(
        N_("{name} is password-protected, so {provider} can’t read it."), Remedy.SEND_TEXT
    )
    FILE_TYPE_AS_TEXT = _row(
        N_("{provider} doesn’t accept {name} as a file."),
        Remedy.SEND_TEXT,
        detailed=N_("{provider} doesn’t accept {ending} files such as {name}."),
    )
    FILE_TOO_LARGE_TO_SEND = _row(
        N_("{name} is {size}, but {provider} accepts files up to {limit}."), Remedy.SEND_TEXT
    )
    PASSWORD_NEEDED_FOR_PAGES = _row(
        N_("Showing the pages of “{name}” requires its password."),
        Remedy.ENTER_PASSWORD_OR_SEND_TEXT,
    )
    SECTIONS_UNMARKED = _row(N_("Can’t select parts of {name}."), Remedy.SEND_ALL)
    SECTIONS_GONE = _row(N_("Can’t find the selected parts of “{name}”."), Remedy.ATTACH_AGAIN)
    NO_SECTION_NAMED = _row(N_("Nothing is selected."), Remedy.ENTER_SECTION_NUMBERS)
    SECTION_NAME_AMBIGUOUS = _row(
        N_("Several sheets are named “{given}”."), Remedy.ENTER_SECTION_NUMBERS
    )
    SECTION_UNKNOWN = _row(
        N_("The selection contains an empty entry."),
        Remedy.ENTER_SECTION_NUMBERS,
        detailed=N_("“{given}” isn’t a valid selection."),
    )
    SECTION_NAME_IS_NUMBER = _row(N_("“{given}” could mean two sheets."), Remedy.QUOTE_NAMES)
    SECTIONS_BACKWARDS = _row(N_("“{given}” isn’t a valid range."), Remedy.ENTER_SECTION_NUMBERS)
    NO_SUCH_SECTION = _row(N_("“{number}” isn’t in this file."), Remedy.ENTER_SECTION_NUMBERS)
    NO_SUCH_FILE_NAMED = _row(N_("There is no file “{given}” for --pages."), Remedy.LIST_AVAILABLE)
    PAGES_WITHOUT_FILE = _row(N_("--pages needs a file."), Remedy.NAME_FILE_FOR_PAGES)
    NO_PAGES_TO_CHOOSE = _row(N_("“{name}” has no pages to select."), Remedy.LEAVE_OUT_PAGES)
    NOTHING_PIPED_IN = _row(
        N_("“-” means standard input, but nothing is piped in."), Remedy.PIPE_IN_TEXT
    )
    TOO_MUCH_PIPED_IN = _row(N_("The input is larger than {limit} MB."), Remedy.PIPE_IN_LESS)
    NO_TEXT_PIPED_IN = _row(N_("The input isn’t text."), Remedy.PIPE_IN_FILE)
    NO_QUESTION = _row(N_("Enter a message."), Remedy.TRY_ASK)
    SET_WITHOUT_TEMPLATE = _row(N_("--set needs a saved prompt."), Remedy.NAME_TEMPLATE)
    SET_MALFORMED = _row(N_("--set {given} isn’t NAME=VALUE."), Remedy.TRY_SET)

    # Prompts
    PROMPT_WANTS_TWO = _row(
        N_("This prompt compares two documents, but none is attached."), Remedy.ATTACH_TWO
    )
    PROMPT_WANTS_OTHER = _row(
        N_("This prompt compares two documents, but only one is attached."), Remedy.ATTACH_ANOTHER
    )
    PROMPT_WANTS_NOT_MORE = _row(
        N_("This prompt compares two documents, but {count} are attached."), Remedy.ATTACH_ONLY_TWO
    )
    NO_SUCH_PROMPT = _row(N_("There is no prompt “{name}”."), Remedy.LIST_AVAILABLE)
    PROMPT_NAME_AMBIGUOUS = _row(N_("Several prompts are named “{name}”."), Remedy.LIST_AVAILABLE)
    PROMPT_HAS_NO_FIELD = _row(
        N_("The prompt “{prompt}” has no field “{field}”."), Remedy.LIST_FIELDS
    )
    PROMPT_FIELD_REFUSED = _row(
        N_("“{value}” isn’t valid for “{field}”."), Remedy.CHOOSE_OFFERED_VALUE
    )
    PROMPT_FIELDS_MISSING = _row(N_("The prompt “{prompt}” needs {fields}."), Remedy.LIST_FIELDS)
    PROMPTS_NOT_JSON = _row(
        N_("This isn’t a Repartee prompts file because it isn’t JSON."), Remedy.CHOOSE_PROMPTS
    )
    PROMPTS_OF_OTHER_KIND = _row(
        N_("This isn’t a Repartee prompts file because “format” isn’t “{format}”."),
        Remedy.CHOOSE_PROMPTS,
    )
    PROMPTS_OF_OTHER_VERSION = _row(
        N_("This prompts file is from another version of Repartee."), Remedy.CHOOSE_PROMPTS
    )
    PROMPTS_DAMAGED = _row(N_("This prompts file is damaged."), Remedy.CHOOSE_PROMPTS)
    PROMPTS_UNREADABLE = _row(N_("Couldn’t read {file}: {words}."), Remedy.CHOOSE_OTHER_FILE)

    # Compaction
    COMPACTION_NOT_OFFERED = _row(
        N_("{provider} no longer supports compaction, so this conversation is sent in full."),
        Remedy.UNDO_COMPACTION,
    )
    COMPACTION_NO_SHORTER = _row(
        N_("Compacting didn’t shorten this conversation."), Remedy.START_NEW_OR_LARGER_WINDOW
    )
    COMPACTED_WHILE_DELETED = _row(N_("The conversation was deleted during compaction."))

    # Answers that ended early
    ENDED_BY_MODEL = _row(N_("The model stopped early."), Remedy.CONTINUE)
    ENDED_AT_LENGTH = _row(N_("The response reached its maximum length."), Remedy.CONTINUE)
    DECLINED = _row(N_("The model declined."), Remedy.RETRY_CHANGED)
    ENDED_BY_FILTER = _row(
        N_("The provider’s content filter stopped the response."),
        Remedy.RETRY_CHANGED,
        detailed=N_("The provider’s content filter stopped the response: {words}"),
    )
    GRAMMAR_NOT_FOLLOWED = _row(
        N_("The model didn’t follow the grammar."), Remedy.ASK_AGAIN_OR_CHOOSE_MODEL
    )
    TOOL_ROUNDS_REACHED = _row(
        N_("The model kept calling tools and reached the limit of rounds."), Remedy.CONTINUE
    )
    TOOL_TIME_REACHED = _row(N_("The tools reached their time limit."), Remedy.CONTINUE)
    TOOL_COST_REACHED = _row(N_("The tools reached their cost limit."), Remedy.CONTINUE)

    # Tools
    NO_SUCH_TOOL = _row(N_("There is no tool named “{tool}”."), Remedy.LIST_AVAILABLE)
    BEGINNING_WITHOUT_TOOLS = _row(
        N_("Without the tool, only the beginning of “{name}” would be read."),
        Remedy.CHOOSE_TOOL_OR_SEND_ALL,
    )
    TOOL_UNAVAILABLE = _row(N_("The tool “{tool}” isn’t available. {words}"))
    # Why a tool is unavailable
    TOOL_NAME_INVALID = _row(N_("The tool’s name isn’t valid."))
    TOOL_ARGUMENTS_INVALID = _row(N_("The description of its arguments isn’t valid: {why}."))
    TOOLS_NOT_LISTED = _row(N_("Its tools are listed once it has been started."))
    TOOL_IMAGES_UNSAVED = _row(N_("Images are kept only with --save."))
    NO_HOSTED_TOOLS_HERE = _row(N_("Local models don’t run tools themselves."))
    NO_HOSTED_TOOLS = _row(N_("{provider} doesn’t run tools itself."))
    HOSTED_TOOL_NOT_SUPPORTED = _row(N_("{model} doesn’t support this tool."))
    NO_VECTOR_STORE = _row(N_("There is no vector store."), Remedy.ENTER_VECTOR_STORE)
    # The values are the codes in `sandbox.detect_mechanisms().missing`.
    SANDBOX_WITHOUT_LANDLOCK = _row(
        N_("The kernel has no Landlock, so the sandbox can’t protect your files.")
    )
    SANDBOX_WITHOUT_SECCOMP = _row(
        N_("The kernel has no seccomp, so the sandbox can’t filter system calls.")
    )
    SANDBOX_WITHOUT_FILES = _row(N_("The sandbox can’t protect your files or block connections."))
    SANDBOX_UNTESTED = _row(N_("It hasn’t been tested on this system."))
    SANDBOX_MISSING = _row(N_("Repartee has no sandbox for this system."))

    # Tool servers
    NO_SUCH_TOOL_SERVER = _row(
        N_("There is no tool server named “{server}”."), Remedy.LIST_AVAILABLE
    )
    TOOL_SERVER_EXISTS = _row(
        N_("There is already a tool server named “{server}”."), Remedy.CHOOSE_SERVER_NAME
    )
    TOOL_SERVER_NAME = _row(
        N_("“{server}” can’t be the name of a tool server."), Remedy.SERVER_NAME_RULES
    )
    TOOL_SERVER_EMPTY = _row(
        N_("The tool server “{server}” needs either a command or an address."),
        Remedy.CHECK_CONFIGURATION,
    )
    TOOL_SERVER_ARGUMENT = _row(
        N_("The command of the tool server “{server}” can’t contain “{text}”."),
        Remedy.CHECK_CONFIGURATION,
    )
    TOOL_SERVER_PASSWORD = _row(
        N_("The configuration of “{server}” contains a password."), Remedy.USE_VARIABLE
    )
    TOOL_SERVER_VARIABLE = _row(
        N_("“{variable}” can’t be a variable of the tool server “{server}”."),
        Remedy.CHECK_CONFIGURATION,
    )
    TOOL_SERVER_VARIABLE_UNSET = _row(
        N_("The tool server “{server}” needs the environment variable {variable}."),
        Remedy.SET_VARIABLE,
    )
    TOOL_SERVER_KEY = _row(
        N_(
            "The tool server “{server}” may not get the environment variable {variable}: "
            "it is meant for a provider."
        ),
        Remedy.CHECK_CONFIGURATION,
    )
    TOOL_SERVER_HEADER = _row(
        N_("“{header}” can’t be a header of the tool server “{server}”."),
        Remedy.CHECK_CONFIGURATION,
    )
    TOOL_SERVER_ADDRESS = _row(
        N_("The address of the tool server “{server}” isn’t a web address."),
        Remedy.SERVER_ADDRESS_RULES,
    )
    TOOL_SERVER_UNENCRYPTED = _row(
        N_("The connection to the tool server “{server}” isn’t encrypted."),
        Remedy.USE_HTTPS_OUTSIDE_NETWORK,
    )
    TOOL_SERVER_NOT_STARTED = _row(
        N_("The tool server “{server}” didn’t start: {why}."), Remedy.CHECK_SERVER
    )
    TOOL_SERVER_SLOW = _row(
        N_("The tool server “{server}” didn’t respond within {seconds} seconds."),
        Remedy.RETRY_OR_CHECK_SERVER,
    )
    TOOL_SERVER_STOPPED = _row(
        N_("The tool server “{server}” stopped unexpectedly."), Remedy.STARTS_WHEN_NEEDED
    )
    TOOL_SERVER_KEEPS_STOPPING = _row(
        N_("The tool server “{server}” keeps stopping and wasn’t started again."),
        Remedy.SEE_SERVER_LOG,
    )
    TOOL_SERVER_REFUSED = _row(
        N_("The tool server “{server}” reports: {why}."), Remedy.CHECK_SERVER
    )
    TOOL_SERVER_SECRETS_LOST = _row(
        N_("The keyring doesn’t have the secret values of the tool server “{server}”."),
        Remedy.ENTER_SECRETS_AGAIN,
    )
    TOOL_SERVER_SIGN_IN = _row(
        N_("The tool server “{server}” needs you to sign in."), Remedy.SIGN_IN
    )
    TOOL_SERVER_SIGN_IN_FAILED = _row(
        N_("You weren’t signed in to the tool server “{server}”: {why}."), Remedy.SIGN_IN
    )
    TOOL_SERVER_SIGN_IN_NOT_KEPT = _row(
        N_("Without a keyring, the sign-in to “{server}” isn’t remembered."), Remedy.SET_UP_KEYRING
    )
    TOOL_SERVER_KEYRING = _row(
        N_("Without a keyring, the values of “{server}” can’t be stored."), Remedy.USE_VARIABLES
    )
    TOOL_SERVER_FILE = _row(
        N_("“{name}” has no configuration of tool servers."), Remedy.CONFIGURATION_FORMAT
    )
    TOOL_SERVER_SSE = _row(
        N_("The tool server “{server}” uses SSE, which isn’t supported."),
        Remedy.USE_STREAMABLE_HTTP,
    )
    TOOL_SERVER_OFF = _row(
        N_("The tool server “{server}” is turned off in the file and wasn’t added."),
        Remedy.TURN_ON_IN_FILE,
    )
    TOOL_SERVER_ENV_FILE = _row(
        N_("The tool server “{server}” reads variables from “{file}” and wasn’t added."),
        Remedy.COPY_VARIABLES,
    )

    # Documents
    PASSWORD_PROTECTED = _row(N_("“{name}” is password-protected."), Remedy.ATTACH_UNPROTECTED_COPY)
    PASSWORD_MISSING = _row(N_("“{name}” is password-protected."), Remedy.ATTACH_WITH_PASSWORD)
    PASSWORD_WRONG = _row(N_("The password for “{name}” is wrong."), Remedy.ATTACH_WITH_PASSWORD)
    DOCUMENT_DAMAGED = _row(N_("“{name}” is damaged or incomplete."), Remedy.DOWNLOAD_AGAIN)
    DOCUMENT_MISNAMED = _row(
        N_("“{name}” isn’t a valid {ending} file."), Remedy.DOWNLOAD_AGAIN_OR_RENAME
    )
    NOTE_ENCODING = _row(N_("The file doesn’t state its encoding. It was read as {encoding}."))
    NOTE_IMAGE_PAGE = _row(N_("Its only page is an image."))
    NOTE_IMAGE_PAGES = _row(N_("All {count} pages are images."))
    NOTE_SOME_IMAGE_PAGES = _row(
        N_("{count} of {total} pages are images."),
        detailed=N_("{count} of {total} pages are images: {pages}."),
    )
    NOTE_READ = _row(N_("Files read: {read}."))
    NOTE_SKIPPED = _row(N_("Files read: {read}, skipped: {skipped}."))
    DOCUMENT_EMPTY = _row(N_("“{name}” contains no text."), Remedy.CHECK_RIGHT_FILE)
    DOCUMENT_WITHOUT_TEXT = _row(N_("“{name}” contains only images."), Remedy.RUN_OCR)
    DOCUMENT_UNKNOWN = _row(N_("Repartee can’t read “{name}”."), Remedy.READABLE_FORMATS)
    FORMAT_NOT_READ = _row(N_("Repartee can’t read the format of “{name}”."), Remedy.SAVE_AS_PDF)
    IMAGE_FORMAT_NOT_READ = _row(N_("“{name}” is a HEIC or AVIF image."), Remedy.SAVE_AS_IMAGE)
    OLD_OFFICE_FORMAT = _row(N_("“{name}” is in an old Office format."), Remedy.SAVE_AS_OFFICE)
    FILE_TOO_LARGE = _row(N_("“{name}” is larger than {limit} MB."), Remedy.ATTACH_PART_OR_RAISE)
    UNPACKS_TOO_FAR = _row(
        N_("“{name}” unpacks to more than {limit} MB."), Remedy.ATTACH_PART_OR_RAISE
    )
    TOO_MANY_ARCHIVES = _row(N_("“{name}” is inside too many archives."), Remedy.ATTACH_PART)
    FOLDER_TOO_LARGE = _row(
        N_("“{name}” contains more than {limit} MB of files."), Remedy.ATTACH_PART
    )
    READING_TOO_LONG = _row(
        N_("Reading “{name}” takes longer than {limit} s."), Remedy.ATTACH_PART_OR_RAISE
    )
    TOO_MANY_CELLS = _row(N_("“{name}” has more than {limit} cells."), Remedy.ATTACH_PART)
    TOO_MANY_PIXELS = _row(
        N_("“{name}” has {width} × {height} pixels, more than {limit} million."), Remedy.ATTACH_PART
    )
    TOO_MUCH_TEXT = _row(N_("“{name}” contains more than {limit} MB of text."), Remedy.ATTACH_PART)
    TOO_MANY_FILES = _row(N_("“{name}” has more than {limit} files."), Remedy.ATTACH_PART_OR_RAISE)
    TOO_MANY_PAGES = _row(
        N_("“{name}” exceeds {limit} pages or sheets ({count})."), Remedy.ATTACH_PART_OR_RAISE
    )
    READING_NEEDS_MEMORY = _row(
        N_("“{name}” needs over {limit} MB of memory."), Remedy.ATTACH_PART_OR_RAISE
    )
    READER_STOPPED = _row(
        N_("“{name}” is damaged or needs more than {limit} MB of memory."),
        Remedy.SAVE_AGAIN_OR_RAISE_LIMITS,
    )
    READER_NOT_STARTED = _row(
        N_("Couldn’t start the document reader."), Remedy.RESTART_OR_REINSTALL
    )
    DOCUMENT_NOT_OPENED = _row(N_("Couldn’t open “{name}”: {words}."), Remedy.CHECK_FILE)
    DOCUMENT_NOT_THERE = _row(N_("Couldn’t find “{name}”."), Remedy.CHECK_FILE)
    DOCUMENT_NAME_NOT_UTF8 = _row(
        N_("The name or a folder of “{name}” isn’t valid UTF-8."), Remedy.RENAME_FILE
    )
    DOCUMENT_NOT_A_FILE = _row(N_("“{name}” isn’t a file."), Remedy.CHECK_FILE)
    PAGES_LOCKED = _row(
        N_("The pages of “{name}” are password-protected."), Remedy.ATTACH_AND_ENTER_PASSWORD
    )
    PAGES_NOT_DRAWN = _row(N_("Couldn’t show the pages of “{name}”."), Remedy.ATTACH_AGAIN)
    CHANGED_WHILE_READ = _row(
        N_("“{name}” changed while Repartee was reading it."), Remedy.SEND_AGAIN
    )
    FILES_NOT_ATTACHED = _row(
        N_("Couldn’t attach {failed} of {total} files."), Remedy.SEE_FIRST_PROBLEM
    )
    PLACE_NOT_NOTED = _row(N_("“{name}” is attached, but its location wasn’t saved."))
    PLACES_NOT_NOTED = _row(N_("{count} files are attached, but their locations weren’t saved."))
    TEMPORARY_IMAGE_STAYS = _row(
        N_("Other apps can’t open images of temporary conversations, since that saves them."),
        Remedy.USE_REGULAR,
    )
    TEMPORARY_DOCUMENT_STAYS = _row(
        N_("Other apps can’t open documents of temporary conversations, since that saves them."),
        Remedy.USE_REGULAR,
    )

    # Collections
    COLLECTION_GONE = _row(N_("The collection no longer exists."), Remedy.CHOOSE_ANOTHER)
    NAMED_COLLECTION_GONE = _row(
        N_("The collection “{name}” isn’t on this computer."), Remedy.REMOVE_COLLECTION
    )
    COLLECTION_UNLINKED = _row(
        N_("This restored collection isn’t linked to its files."), Remedy.ADD_FOLDER_AGAIN
    )
    COLLECTION_FILES_GONE = _row(
        N_("None of this collection’s files can be found, so it wasn’t changed."),
        Remedy.CONNECT_DRIVE,
    )
    COLLECTION_NEEDS_NAME = _row(N_("The collection needs a name."), Remedy.ENTER_NAME)
    NO_SUCH_COLLECTION = _row(N_("There is no collection or folder “{name}”."), Remedy.NAME_FOLDER)
    EMBEDDINGS_OFF = _row(
        N_("Semantic search is off, or this provider has no embeddings."), Remedy.TURN_ON_EMBEDDINGS
    )

    # Batch jobs
    BATCH_NOT_LOCAL = _row(N_("The local model doesn’t support batches."), Remedy.CHOOSE_PROVIDER)
    BATCH_NOT_OFFERED = _row(N_("{provider} doesn’t support batches."), Remedy.CHOOSE_PROVIDER)
    BATCH_NOT_KNOWN = _row(N_("{provider} may not support batches."), Remedy.TURN_ON_BATCHES)
    BATCH_NOT_WITH_MODEL = _row(N_("{model} doesn’t support batches."), Remedy.CHOOSE_MODEL)
    BATCH_WITHOUT_FILES = _row(N_("There are no files."), Remedy.ADD_FILE)
    BATCH_OF_PAIRS = _row(
        N_("This prompt compares two documents, but a batch reads each file separately."),
        Remedy.CHOOSE_PROMPT,
    )
    BATCH_WITHOUT_QUESTION = _row(N_("Enter a message for the files."))
    BATCH_NOTHING_TO_SEND = _row(N_("None of the files can be sent."), Remedy.ADD_OTHER_FILES)
    BATCH_NOTHING_LEFT = _row(
        N_("Every file that was sent has a response."), Remedy.NOTHING_TO_RETRY
    )
    BATCH_UNDER_WAY = _row(N_("The job is still running."))
    BATCH_GONE = _row(N_("The batch job no longer exists."))
    BATCH_PROVIDER_GONE = _row(
        N_("The provider of this job isn’t set up, but the job continues there."),
        Remedy.SET_UP_PROVIDER,
    )
    NO_SUCH_BATCH = _row(N_("There is no batch job {given}."), Remedy.LIST_BATCHES)
    BATCH_ID_AMBIGUOUS = _row(N_("Several batch jobs match {given}."), Remedy.LIST_BATCHES)
    BATCH_WAS_SENT = _row(N_("The job was already sent."), Remedy.RETRY_BATCH)
    BATCH_NOT_SENT = _row(N_("The job hasn’t been sent yet."), Remedy.RESUME_BATCH)
    BATCH_IS_OVER = _row(N_("The job is already finished."))
    BATCH_CLAIMED = _row(
        N_("Another Repartee process is running this job."), Remedy.CONTINUE_IN_OTHER_PROCESS
    )
    BATCH_UNKNOWN_THERE = _row(
        N_("The provider no longer has this batch."),
        detailed=N_("The provider no longer has this batch. {words}"),
    )
    BATCH_LINES_UNREADABLE = _row(N_("Unreadable lines in the results: {unreadable}."))
    BATCH_LINES_UNKNOWN = _row(N_("Lines for unknown files in the results: {unknown}."))
    BATCH_LINES_UNUSABLE = _row(
        N_("Unreadable lines in the results: {unreadable}. Lines for unknown files: {unknown}.")
    )

    # Files of batch jobs
    ITEM_DOES_NOT_FIT = _row(
        N_("Too large: about {tokens} tokens, but {model} accepts {limit}."),
        Remedy.SEND_IN_CONVERSATION,
    )
    ITEM_TOO_LARGE = _row(N_("Too large for a batch."))
    ITEM_WITHOUT_RESULT = _row(N_("The provider sent no result."))
    ITEM_EXPIRED = _row(N_("Not processed within 24 hours. Not charged."))
    ITEM_CANCELLED = _row(N_("The job was canceled first. Not charged."))
    ITEM_NEVER_SENT = _row(N_("The job was canceled before it was sent. Not charged."))
    ITEM_BATCH_FAILED = _row(N_("The provider couldn’t run the batch. Not charged."))
    ITEM_BATCH_REFUSED = _row(N_("The provider rejected the batch: {words}."))
    ITEM_REFUSED = _row(N_("The provider rejected it: {words}"))
    ITEM_UNANSWERED = _row(N_("The provider sent neither a response nor an error."))
    ITEM_ANSWER_EMPTY = _row(N_("The response is empty."))
    ITEM_ANSWERED_TWICE = _row(
        N_("The provider responded more than once. The first response is kept.")
    )
    ITEM_ENDED_AT_LENGTH = _row(N_("The response is incomplete: it reached the token limit."))
    ITEM_ENDED_BY_FILTER = _row(N_("The response is incomplete: a content filter stopped it."))
    ITEM_DECLINED = _row(N_("The model declined."))
    ITEM_ENDED_EARLY = _row(N_("The response is incomplete: the model stopped early ({words})."))
    ITEM_ANSWER_CUT = _row(N_("Only the first {limit} MB of the response were kept."))
    ITEM_SCHEMA_PROBLEM = _row(N_("The response doesn’t match the schema. {path}: {words}"))
    ITEM_ANSWER_WITH_ERROR = _row(N_("The response came with an error: {words}"))

    # The store and other files
    STORE_DAMAGED = _row(N_("Your library {place} is damaged."), Remedy.REPAIR_LIBRARY)
    ROW_DAMAGED = _row(N_("Your library is damaged."), Remedy.REPAIR_LIBRARY)
    STORE_BUSY = _row(
        N_("Another program is using your library {place}."), Remedy.CLOSE_OTHER_PROGRAM
    )
    STORE_UNUSABLE = _row(N_("Couldn’t open {place}."), Remedy.RETRY_THEN_RESTART)
    PATH_MISSING = _row(N_("Couldn’t find {place}."), Remedy.CHECK_PATH)
    PATH_THROUGH_FILE = _row(
        N_("Couldn’t find {place} because part of its path is a file."), Remedy.CHECK_PATH
    )
    PATH_IS_FOLDER = _row(N_("Expected a file, but found a folder: {place}."), Remedy.CHECK_PATH)
    PATH_TOO_LONG = _row(N_("The path {place} is too long."), Remedy.CHECK_PATH)
    DISK_FULL = _row(N_("The disk is too full to save {place}."), Remedy.FREE_SPACE)
    READ_ONLY = _row(
        N_("Couldn’t save {place} because the location is read-only."), Remedy.ALLOW_WRITING
    )
    DISK_FAILED = _row(N_("The disk failed to read or write {place}."), Remedy.CHECK_DISK)
    STORE_CLOSED = _row(N_("Your library isn’t open."), Remedy.RESTART)
    STORE_OPEN_IN_OLDER = _row(
        N_("Your library {place} is open in an older version of Repartee."),
        Remedy.CLOSE_OLDER_VERSION,
    )
    STORE_OF_OTHER_PROGRAM = _row(N_("{place} belongs to another program."), Remedy.MOVE_FILE)
    STORE_TOO_OLD = _row(
        N_("A build before the first release wrote {place}."), Remedy.EXPORT_WITH_OLD_BUILD
    )
    STORE_TOO_NEW = _row(
        N_("Your library {place} is from a newer version of Repartee."),
        Remedy.INSTALL_NEWER_VERSION,
    )
    STORE_MISSING = _row(N_("There is no library yet."), Remedy.START_TO_CREATE)
    STORE_IN_USE_BY_COMMAND = _row(
        N_("Another Repartee command is using your library, so nothing was deleted."),
        Remedy.WAIT_FOR_COMMAND,
    )
    STORE_IN_USE_FOR_REPAIR = _row(
        N_("Your library is open in another Repartee window or command."), Remedy.CLOSE_TO_REPAIR
    )
    STORE_IN_USE_FOR_RESTORE = _row(
        N_("Your library is open in another Repartee window or command."), Remedy.CLOSE_TO_RESTORE
    )
    OTHER_WRITER = _row(
        N_("Another program is writing a response in this conversation."), Remedy.WAIT_OR_START_NEW
    )
    TEMPORARY_CLOSED = _row(
        N_("The temporary conversation was closed, but your message is still in the prompt."),
        Remedy.SEND_ELSEWHERE,
    )
    TEMPORARY_HAS_NO_BRANCHES = _row(
        N_("Temporary conversations can’t be branched, because the branch would be saved."),
        Remedy.USE_REGULAR,
    )
    ATTACHMENT_CHANGED = _row(
        N_("The file changed while it was being attached."), Remedy.ATTACH_CHANGED_FILE
    )
    ATTACHMENT_MISSING = _row(N_("The attachment’s file is missing."), Remedy.ATTACH_AGAIN)
    FOLDER_NOT_WRITABLE = _row(
        N_("Repartee can’t write to its folder {folder}."), Remedy.MAKE_WRITABLE
    )
    CALLS_NOT_TAKEN = _row(
        N_("“repartee quick” and later starts can’t reach this window."), Remedy.SET_RUNTIME_FOLDER
    )
    CALLS_PLACE_TAKEN = _row(
        N_("A folder is in the way of “repartee quick” and later starts."), Remedy.MOVE_FOLDER
    )
    SHORTCUT_NOT_BOUND = _row(
        N_("Repartee couldn’t change the shortcuts of the desktop."), Remedy.ASSIGN_IN_DESKTOP
    )
    AUTOSTART_NOT_WRITTEN = _row(
        N_("Repartee couldn’t change what starts at login."), Remedy.CHECK_AUTOSTART_FOLDER
    )
    PROCESS_NOT_STARTED = _row(
        N_("Repartee couldn’t start a helper process."), Remedy.CLOSE_OTHER_APPS
    )
    DEFECT = _row(N_("Something went wrong, but your conversations are saved."), Remedy.SEE_LOG)

    # Backups
    BACKUP_FAILED = _row(
        N_("The backup failed."),
        Remedy.CHECK_BACKUP_FOLDER,
        detailed=N_("The backup failed: {words}"),
    )
    BACKUP_INCOMPLETE = _row(
        N_("Damaged or missing attachments aren’t in the backup: {files}."),
        Remedy.KEEP_OLDER_BACKUP,
    )
    BACKUP_OF_OTHER_KIND = _row(N_("{file} isn’t a Repartee backup."), Remedy.CHOOSE_BACKUP)
    BACKUP_DAMAGED = _row(
        N_("The backup {file} is damaged, so your library wasn’t changed."),
        Remedy.CHOOSE_OTHER_BACKUP,
    )
    NO_ROOM_TO_RESTORE = _row(
        N_("{file} needs {size} MB, but only {free} MB are free."), Remedy.FREE_SPACE_TO_RESTORE
    )

    # Quoted by other sentences, after a colon
    SYSTEM_NO_PERMISSION = _row(N_("you have no permission"))
    SYSTEM_NAME_TAKEN = _row(N_("a file with this name exists"))
    SYSTEM_DISK_ERROR = _row(N_("the disk reported an error"))
    SYSTEM_IS_FOLDER = _row(N_("it is a folder"))
    SYSTEM_NAME_TOO_LONG = _row(N_("the name is too long"))
    SYSTEM_NOT_FOUND = _row(N_("it doesn’t exist"))
    SYSTEM_DISK_FULL = _row(N_("the disk is full"))
    SYSTEM_NOT_A_FOLDER = _row(N_("a part of the path is not a folder"))
    SYSTEM_QUOTA_USED = _row(N_("your disk quota is used up"))
    SYSTEM_READ_ONLY = _row(N_("the disk is read-only"))
    NOT_JSON_AT = _row(N_("JSON error at line {line}, column {column}"))

    # Files that somebody else made
    FOREIGN_NOT_A_FILE = _row(N_("{file} isn’t a regular file."))
    FOREIGN_TOO_LARGE = _row(N_("{file} is larger than {limit} MB."))
    FOREIGN_EMPTY = _row(N_("{file} is empty."))
    FOREIGN_NO_ARCHIVE = _row(N_("{file} isn’t a readable archive ({words})."))
    FOREIGN_REPEATED_MEMBER = _row(N_("{file} contains {member} more than once."))
    FOREIGN_MEMBER_TOO_LARGE = _row(N_("{member} in {file} is larger than {limit} MB."))
    FOREIGN_LOCKED = _row(N_("{file} is password-protected."))
    FOREIGN_MEMBER_UNREADABLE = _row(N_("{member} in {file} has an unsupported format."))
    FOREIGN_DAMAGED = _row(N_("{file} is damaged ({words})."))
    FOREIGN_OVERLAPS = _row(N_("{file} isn’t safe to open because its contents overlap."))
    FOREIGN_CUT = _row(N_("{file} is incomplete."))
    FOREIGN_WITHOUT_CONVERSATIONS = _row(N_("{file} contains no conversations."))
    FOREIGN_UNPACKS_TOO_FAR = _row(N_("{file} is larger than {limit} MB when unpacked."))
    FOREIGN_BOMB = _row(N_("{file} unpacks to more than 100 times its size."))
    FOREIGN_STORE_TOO_LARGE = _row(N_("{file} contains a library larger than {limit} GB."))

    # Imports and exports
    IMPORT_UNREADABLE = _row(
        N_("Couldn’t read {file}: {words}."), Remedy.CHECK_NAME_AND_PERMISSIONS
    )
    IMPORT_NEEDS_MEMORY = _row(
        N_("There isn’t enough memory to import {file}."), Remedy.EXPORT_AGAIN
    )
    IMPORT_UNKNOWN = _row(
        N_(
            "The file contains no conversations from Repartee, ChatGPT, Claude, Open WebUI, or "
            "LibreChat."
        ),
        Remedy.EXPORT_AGAIN,
    )
    IMPORT_IS_BACKUP = _row(N_("The file is a backup, not an export."), Remedy.RESTORE_BACKUP)
    IMPORT_OF_ARCHIVES = _row(
        N_("The file contains only other ZIP archives."), Remedy.IMPORT_CONTENT
    )
    IMPORT_NOT_JSON = _row(N_("The file is damaged or isn’t JSON."), Remedy.EXPORT_AGAIN)
    IMPORT_NOT_A_LIST = _row(
        N_("The file is damaged because it has no list of conversations."), Remedy.EXPORT_AGAIN
    )
    IMPORT_NOT_CHATGPT = _row(
        N_("The file contains a conversation that isn’t from ChatGPT."), Remedy.EXPORT_AGAIN
    )
    IMPORT_NOT_CLAUDE = _row(
        N_("The file contains a conversation that isn’t from Claude."), Remedy.EXPORT_AGAIN
    )
    IMPORT_NOT_LIBRECHAT = _row(
        N_("The file contains a conversation that isn’t from LibreChat."), Remedy.EXPORT_AGAIN
    )
    IMPORT_NOT_OPEN_WEBUI = _row(
        N_("The file contains a conversation that isn’t from Open WebUI."), Remedy.EXPORT_AGAIN
    )
    IMPORT_TOO_NEW = _row(
        N_("The file is from a newer version of Repartee."), Remedy.IMPORT_WITH_NEWER_VERSION
    )
    IMPORT_FOREIGN_MESSAGES = _row(
        N_("A conversation in the file contains messages of another conversation."),
        Remedy.EXPORT_AGAIN,
        detailed=N_("“{title}” was skipped because it contains messages of another conversation."),
    )
    IMPORT_TOO_DEEP = _row(
        N_("An untitled conversation was skipped because it is nested too deeply."),
        Remedy.EXPORT_AGAIN,
        detailed=N_("“{title}” was skipped because it is nested too deeply."),
    )
    IMPORT_NOT_STORED = _row(
        N_("An untitled conversation was skipped because it couldn’t be saved ({words})."),
        Remedy.EXPORT_AGAIN,
        detailed=N_("“{title}” was skipped because it couldn’t be saved ({words})."),
    )
    IMPORT_FIELD_MISSING = _row(
        N_("An untitled conversation was skipped because {words} is missing."),
        Remedy.EXPORT_AGAIN,
        detailed=N_("“{title}” was skipped because {words} is missing."),
    )
    IMPORT_INVALID = _row(
        N_("An untitled conversation was skipped because its data is invalid ({words})."),
        Remedy.EXPORT_AGAIN,
        detailed=N_("“{title}” was skipped because its data is invalid ({words})."),
    )
    IMPORT_BROKE_OFF = _row(N_("The import stopped unexpectedly."), Remedy.IMPORT_AGAIN)
    EXPORT_BROKE_OFF = _row(N_("The export stopped unexpectedly."), Remedy.RETRY_EXPORT)
    EXPORT_FAILED = _row(N_("Couldn’t save {file}."), Remedy.CHOOSE_OTHER_PLACE)
    EXPORT_UNWRITABLE = _row(N_("Couldn’t save {file}: {words}."), Remedy.CHOOSE_LOCATION)
    EXPORT_NO_SUCH = _row(N_("There is no conversation {given}."), Remedy.LIST_CONVERSATIONS)
    EXPORT_NO_TABLES = _row(N_("The responses contain no table."), Remedy.CHOOSE_FORMAT)
    EXPORT_NO_CORRECTIONS = _row(N_("There are no corrected responses."), Remedy.CORRECT_RESPONSE)
    EXPORT_NOT_LAID_OUT = _row(N_("Couldn’t lay out the pages."), Remedy.CHOOSE_FORMAT)
    PRINT_FAILED = _row(N_("Couldn’t print the conversation."), Remedy.CHOOSE_OTHER_PLACE)
    PRINT_WITHOUT_ROOM = _row(N_("Couldn’t print the conversation."), Remedy.CHECK_FREE_SPACE)
    PRINTER_FAILED = _row(N_("Couldn’t print the conversation."), Remedy.CHECK_PRINTER)
    PRINT_NOTHING = _row(N_("This conversation has nothing to print."), Remedy.SEND_FIRST)
    PRINT_NO_PAGE = _row(N_("This conversation has no page {page}."), Remedy.CHOOSE_PAGES)

    # The model on this computer
    WEIGHTS_MISSING = _row(N_("The built-in model isn’t installed."), Remedy.INSTALL_WEIGHTS)
    WEIGHTS_NOT_GGUF = _row(N_("{file} isn’t a GGUF model file."), Remedy.CHOOSE_OTHER_MODEL)
    WEIGHTS_UNREADABLE = _row(N_("Couldn’t read the model file {file}."), Remedy.CHOOSE_OTHER_MODEL)
    WEIGHTS_NOT_LOADED = _row(N_("Couldn’t load the model file {file}."), Remedy.CHOOSE_OTHER_MODEL)
    LOCAL_MODEL_LIBRARY_MISSING = _row(
        N_("Couldn’t load llama.cpp: {words}."), Remedy.INSTALL_LIBRARY
    )
    LOCAL_MODEL_SLOW = _row(
        N_("{file} didn’t load within {limit} seconds."), Remedy.CLOSE_APPS_OR_CHOOSE_SMALLER
    )
    LOCAL_MODEL_STOPPED = _row(N_("The local model stopped."), Remedy.RESTART_MODEL)
    LOCAL_MODEL_NOT_STARTED = _row(N_("Couldn’t start the local model."), Remedy.RETRY_OR_RESTART)
    LOCAL_MODEL_SILENT = _row(N_("The local model didn’t respond."), Remedy.RESTART_MODEL)

    # Settings
    MODELS_FILE_UNREADABLE = _row(N_("Couldn’t read {file}."), Remedy.CORRECT_FILE)
    MODELS_FILE_INVALID = _row(
        N_("The model list isn’t valid: {words}."), Remedy.CORRECT_MODELS_FILE
    )
    MODELS_FILE_WRONG_TYPE = _row(
        N_("The model list contains a value of the wrong type ({words})."),
        Remedy.CORRECT_MODELS_FILE,
    )
    NO_SUCH_SETTING = _row(N_("There is no setting “{key}”."), Remedy.CHECK_SETTING_NAME)
    NOT_A_SHORTCUT = _row(N_("“{keys}” isn’t a valid shortcut."), Remedy.ENTER_SHORTCUT)
    SHORTCUTS_FILE = _row(
        N_("“{name}” isn’t a file of shortcuts, or can’t be read."), Remedy.CHOOSE_SHORTCUTS
    )
    SETTING_INVALID = _row(N_("{value} isn’t a valid value for “{key}”."), Remedy.TAKES_TEXT)


def remedy_of_sentence(hint: str) -> Remedy | str:
    """Return the remedy with a sentence; the sentence itself if there is none."""
    return next((each for each in Remedy if each.sentence == hint), hint)


def coded_sentences(
    message: str, hint: Remedy | str, params: Mapping[str, Param]
) -> tuple[Reason | str, Remedy | str]:
    """Return the codes of an error that was raised with its sentences."""
    from desktop_app.domain.errors import filled

    remedy = remedy_of_sentence(hint) if isinstance(hint, str) else hint
    reasons = [each for each in Reason if message in (each.happened, each.detailed)]
    if not reasons:
        return filled(message, params), remedy
    reason = next((each for each in reasons if each.remedy is remedy), reasons[0])
    if remedy is reason.remedy:
        return reason, ""
    return reason, Remedy.NONE if remedy == "" else remedy
