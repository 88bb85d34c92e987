"""The sentences of errors: one row for each reason, with placeholders for its parameters.

A row has the usual remedy; an error may have another one. The sentences of both have at most
20 words. If data were at risk, the first one also says that they are safe.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.remedy import Remedy
from desktop_app.i18n.translation import N_


class ErrorSentences(NamedTuple):
    """The sentences of a reason.

    Attributes:
        happened: what happened.
        remedy: the usual next step.
        fuller: used in place of `happened` if the error has a value for each of its placeholders.
    """

    happened: str
    remedy: Remedy = Remedy.NONE
    fuller: str = ""


SENTENCES: Final[Mapping[Reason, ErrorSentences]] = {
    # The provider's refusals
    Reason.NO_CREDIT: ErrorSentences(
        N_("Your {provider} account has no credit."),
        remedy=Remedy.ADD_CREDIT,
        fuller=N_("Your {provider} account has no credit: {words}"),
    ),
    Reason.TOO_MANY_REQUESTS: ErrorSentences(
        N_("{provider} is limiting requests."),
        remedy=Remedy.RETRY_SOON,
        fuller=N_("{provider} is limiting requests: {words}"),
    ),
    Reason.KEY_NOT_ACCEPTED: ErrorSentences(
        N_("{provider} rejected the API key."),
        remedy=Remedy.CHECK_KEY,
        fuller=N_("{provider} rejected the API key: {words}"),
    ),
    Reason.CONVERSATION_TOO_LONG: ErrorSentences(
        N_("The conversation exceeds the model’s context window."),
        remedy=Remedy.SHORTEN_CONVERSATION,
        fuller=N_("The conversation exceeds the model’s context window: {words}"),
    ),
    Reason.IMAGES_REFUSED: ErrorSentences(
        N_("This model at {provider} doesn’t support these images."),
        remedy=Remedy.CHOOSE_MODEL_FOR_IMAGES,
        fuller=N_("This model at {provider} doesn’t support these images: {words}"),
    ),
    Reason.MODEL_NOT_SERVED: ErrorSentences(
        N_("Your {provider} API key has no access to this model."),
        remedy=Remedy.CHOOSE_MODEL_OR_ASK_FOR_ACCESS,
        fuller=N_("Your {provider} API key has no access to this model: {words}"),
    ),
    Reason.SETTING_REFUSED: ErrorSentences(
        N_("{provider} rejected the setting “{setting}”."),
        remedy=Remedy.CHANGE_SETTING,
        fuller=N_("{provider} rejected the setting “{setting}”: {words}"),
    ),
    Reason.UNNAMED_SETTING_REFUSED: ErrorSentences(
        N_("{provider} rejected a setting."),
        remedy=Remedy.CHANGE_SETTING,
        fuller=N_("{provider} rejected a setting: {words}"),
    ),
    Reason.ACCESS_REFUSED: ErrorSentences(
        N_("{provider} denied access."),
        remedy=Remedy.CHECK_PERMISSIONS,
        fuller=N_("{provider} denied access: {words}"),
    ),
    Reason.REQUEST_TOO_LARGE: ErrorSentences(
        N_("The request is too large for {provider}."),
        remedy=Remedy.REMOVE_ATTACHMENT,
        fuller=N_("The request is too large for {provider}: {words}"),
    ),
    Reason.FAILED_WHILE_ANSWERING: ErrorSentences(
        N_("{provider} failed while responding."),
        remedy=Remedy.RETRY_BILLED,
        fuller=N_("{provider} failed while responding: {words}"),
    ),
    Reason.REQUEST_REFUSED: ErrorSentences(
        N_("{provider} rejected the request."),
        remedy=Remedy.RETRY_CHANGED,
        fuller=N_("{provider} rejected the request: {words}"),
    ),
    Reason.PROVIDER_FAULT: ErrorSentences(
        N_("{provider} is having problems ({http})."),
        remedy=Remedy.RETRY_LATER,
        fuller=N_("{provider} is having problems ({http}): {words}"),
    ),
    Reason.NOT_FINISHED_IN_TIME: ErrorSentences(
        N_("{provider} didn’t finish the request in time ({http})."),
        remedy=Remedy.RETRY_BILLED,
        fuller=N_("{provider} didn’t finish the request in time ({http}): {words}"),
    ),
    Reason.NOT_SERVED_THERE: ErrorSentences(
        N_("This provider doesn’t offer {model}."), remedy=Remedy.CHOOSE_MODEL_OR_PROVIDER
    ),
    Reason.API_MISSING: ErrorSentences(
        N_("Couldn’t find a compatible API at {provider}."),
        remedy=Remedy.CHECK_ADDRESS,
        fuller=N_("Couldn’t find a compatible API at {provider}: {words}"),
    ),
    Reason.EMPTY_REPLY: ErrorSentences(
        N_("The base URL of {provider} returned an empty response."), remedy=Remedy.CHECK_ADDRESS
    ),
    Reason.EMPTY_ANSWER: ErrorSentences(
        N_("{provider} ended the response before it began."), remedy=Remedy.RETRY_LATER
    ),
    Reason.NO_COMPACTION_API: ErrorSentences(
        N_("The base URL of {provider} doesn’t support compaction."), remedy=Remedy.CHECK_ADDRESS
    ),
    Reason.NO_EMBEDDING_API: ErrorSentences(
        N_("The base URL of {provider} doesn’t support embeddings."), remedy=Remedy.CHECK_ADDRESS
    ),
    Reason.REDIRECTED: ErrorSentences(
        N_("{provider} redirects elsewhere, where nothing was sent."),
        remedy=Remedy.CHECK_ADDRESS_OR_SIGN_IN,
        fuller=N_("{provider} redirects to {host}, where nothing was sent."),
    ),
    Reason.WEB_PAGE: ErrorSentences(
        N_("{provider} sent a web page, not a response."), remedy=Remedy.CHECK_ADDRESS_OR_SIGN_IN
    ),
    Reason.NO_BATCH_API: ErrorSentences(
        N_("{provider} doesn’t support batches, so nothing was charged."),
        remedy=Remedy.CHOOSE_PROVIDER,
    ),
    # Keys
    Reason.NO_KEY: ErrorSentences(N_("{provider} needs an API key."), remedy=Remedy.ADD_KEY),
    Reason.NO_KEY_FOR_HOST: ErrorSentences(
        N_("There is no API key for this URL."),
        remedy=Remedy.ENTER_KEY_AGAIN,
        fuller=N_("There is no API key for {host}."),
    ),
    Reason.KEY_MALFORMED: ErrorSentences(
        N_("The API key contains invalid characters."), remedy=Remedy.ENTER_KEY_AGAIN
    ),
    Reason.KEYRING_LOCKED: ErrorSentences(
        N_("The keyring is locked."), remedy=Remedy.UNLOCK_KEYRING
    ),
    Reason.KEYRING_SLOW: ErrorSentences(
        N_("The keyring didn’t respond and may be locked."), remedy=Remedy.UNLOCK_KEYRING
    ),
    Reason.KEYRING_MISSING: ErrorSentences(
        N_("No keyring is available."), remedy=Remedy.KEY_WITHOUT_KEYRING
    ),
    Reason.KEYRING_FORGETS: ErrorSentences(
        N_("The keyring isn’t saving keys."), remedy=Remedy.KEY_WITHOUT_KEYRING
    ),
    Reason.KEYRING_NOT_TRUSTED: ErrorSentences(
        N_("{module} isn’t the operating system’s keyring."), remedy=Remedy.KEY_WITHOUT_KEYRING
    ),
    Reason.KEY_WITHOUT_ADDRESS: ErrorSentences(
        N_("The API key wasn’t saved because the provider has no valid base URL."),
        remedy=Remedy.ENTER_ADDRESS_FIRST,
    ),
    Reason.CUSTOM_FIELD_INVALID: ErrorSentences(
        N_("“{name}” can’t be used as a header or query parameter."),
        remedy=Remedy.REMOVE_CUSTOM_FIELD,
    ),
    Reason.CUSTOM_VALUE_INVALID: ErrorSentences(
        N_("The value of “{name}” is empty, too long, or contains invalid characters."),
        remedy=Remedy.ENTER_KEY_AGAIN,
    ),
    Reason.CUSTOM_VALUE_MISSING: ErrorSentences(
        N_("The value of “{name}” isn’t in the keyring for this URL."),
        remedy=Remedy.ENTER_CUSTOM_VALUE,
    ),
    Reason.VARIABLE_UNUSABLE: ErrorSentences(
        N_("The value of {variable} isn’t valid."), remedy=Remedy.SEE_ASK_HELP
    ),
    # The connection
    Reason.NOT_REACHED: ErrorSentences(
        N_("Couldn’t connect to {provider} at {host}."), remedy=Remedy.CHECK_CONNECTION
    ),
    Reason.NOTHING_LISTENS: ErrorSentences(
        N_("Nothing is listening at {host}."), remedy=Remedy.START_SERVER
    ),
    Reason.SERVER_BACK: ErrorSentences(
        N_("The server at {host} is back."), remedy=Remedy.SEND_AGAIN_BY_RETRY
    ),
    Reason.NOT_ENCRYPTED: ErrorSentences(
        N_("Couldn’t connect securely to {provider} at {host}."),
        remedy=Remedy.CHECK_ADDRESS_AND_PORT,
    ),
    Reason.ADDRESS_NOT_ENCRYPTED: ErrorSentences(
        N_("The connection to {provider} isn’t encrypted, so others could read your messages."),
        remedy=Remedy.USE_HTTPS,
    ),
    Reason.ADDRESS_UNUSABLE: ErrorSentences(
        N_("The base URL of {provider} isn’t valid."), remedy=Remedy.ENTER_ADDRESS
    ),
    Reason.NO_REPLY_IN_TIME: ErrorSentences(
        N_("{provider} didn’t respond in time."), remedy=Remedy.RETRY_BILLED
    ),
    Reason.BROKE_BEFORE_ANSWER: ErrorSentences(
        N_("The connection to {provider} was lost before the response started."),
        remedy=Remedy.RETRY_BILLED,
    ),
    Reason.BROKE_IN_REPLY: ErrorSentences(
        N_("The connection to {provider} was lost during a response."), remedy=Remedy.ASKED_AGAIN
    ),
    Reason.BROKE_IN_ANSWER: ErrorSentences(
        N_("The connection to {provider} was lost before the response finished."),
        remedy=Remedy.RETRY_BILLED,
    ),
    Reason.SILENT_IN_ANSWER: ErrorSentences(
        N_("{provider} stopped sending data before the response finished."),
        remedy=Remedy.RETRY_BILLED,
    ),
    Reason.LOST_IN_SLEEP: ErrorSentences(
        N_("The connection to {provider} was lost while the computer was asleep."),
        remedy=Remedy.RETRY_BILLED,
    ),
    Reason.CANCEL_TIMEOUT: ErrorSentences(
        N_("The provider didn’t respond in time."), remedy=Remedy.TRY_LATER
    ),
    Reason.CERTIFICATE_EXPIRED: ErrorSentences(
        N_("The certificate of {provider} has expired."), remedy=Remedy.CHECK_CLOCK
    ),
    Reason.CERTIFICATE_NOT_YET_VALID: ErrorSentences(
        N_("The certificate of {provider} isn’t valid yet."), remedy=Remedy.CHECK_CLOCK
    ),
    Reason.CERTIFICATE_OF_OTHER: ErrorSentences(
        N_("The certificate of {provider} isn’t for {host}."), remedy=Remedy.CHECK_ADDRESS_OF_OTHER
    ),
    Reason.CERTIFICATE_NOT_TRUSTED: ErrorSentences(
        N_("The certificate of {provider} isn’t trusted."), remedy=Remedy.CHOOSE_CERTIFICATES
    ),
    Reason.PROXY_WANTS_PASSWORD: ErrorSentences(
        N_("The proxy requires a password."),
        remedy=Remedy.CHECK_PROXY,
        fuller=N_("The proxy {proxy} requires a password."),
    ),
    Reason.PROXY_PASSWORD_WRONG: ErrorSentences(
        N_("The proxy rejected the user name or password."),
        remedy=Remedy.CHECK_PROXY,
        fuller=N_("The proxy {proxy} rejected the user name or password."),
    ),
    Reason.PROXY_BLOCKS: ErrorSentences(
        N_("The proxy blocked the request to {host}: {words}."),
        remedy=Remedy.CHECK_PROXY,
        fuller=N_("The proxy {proxy} blocked the request to {host}: {words}."),
    ),
    Reason.PROXY_CANNOT_REACH: ErrorSentences(
        N_("The proxy couldn’t connect to {provider} at {host}."),
        remedy=Remedy.CHECK_ADDRESS_AND_PROXY,
        fuller=N_("The proxy {proxy} couldn’t connect to {provider} at {host}."),
    ),
    Reason.PROXY_OF_OTHER_KIND: ErrorSentences(
        N_("The proxy has the wrong type."),
        remedy=Remedy.CHECK_PROXY_KIND,
        fuller=N_("{proxy} has the wrong proxy type."),
    ),
    Reason.PROXY_TIMEOUT: ErrorSentences(
        N_("The proxy didn’t respond in time."),
        remedy=Remedy.CHECK_PROXY,
        fuller=N_("The proxy {proxy} didn’t respond in time."),
    ),
    Reason.PROXY_NOT_REACHED: ErrorSentences(
        N_("Couldn’t connect to the proxy {proxy}."), remedy=Remedy.CHECK_PROXY
    ),
    Reason.PROXY_ADDRESS_INVALID: ErrorSentences(
        N_("This isn’t a valid proxy URL."), remedy=Remedy.ENTER_PROXY_ADDRESS
    ),
    Reason.NETWORK_SETTINGS_UNUSABLE: ErrorSentences(
        N_("Proxy or certificate settings aren’t valid."), remedy=Remedy.CHECK_ENVIRONMENT_PROXY
    ),
    Reason.CERTIFICATES_UNREADABLE: ErrorSentences(
        N_("Couldn’t read the certificate file {file}."), remedy=Remedy.CHOOSE_PEM
    ),
    Reason.CERTIFICATES_EMPTY: ErrorSentences(
        N_("The certificate file {file} is empty."), remedy=Remedy.CHOOSE_PEM
    ),
    Reason.CERTIFICATES_TOO_LARGE: ErrorSentences(
        N_("{file} is too large for a certificate file."), remedy=Remedy.CHOOSE_PEM
    ),
    Reason.CERTIFICATES_ARE_KEY: ErrorSentences(
        N_("{file} contains a private key, not a certificate."), remedy=Remedy.CHOOSE_PEM
    ),
    Reason.CERTIFICATES_ARE_OTHER: ErrorSentences(
        N_("{file} doesn’t contain a certificate."), remedy=Remedy.CHOOSE_PEM
    ),
    Reason.CERTIFICATES_INVALID: ErrorSentences(
        N_("{file} contains no valid certificate."), remedy=Remedy.CHOOSE_PEM
    ),
    Reason.CERTIFICATES_EXPIRED: ErrorSentences(
        N_("{file} contains a certificate that expired on {day}."), remedy=Remedy.CHOOSE_PEM
    ),
    # Replies that are not what the API promises
    Reason.REPLY_NOT_JSON: ErrorSentences(
        N_("{provider} sent an invalid response."), remedy=Remedy.RETRY_OR_CHECK_ADDRESS
    ),
    Reason.REPLY_COMPRESSED: ErrorSentences(
        N_("{provider} sent an unexpected compressed response."), remedy=Remedy.TURN_OFF_COMPRESSION
    ),
    Reason.ANSWER_CUT: ErrorSentences(
        N_("{provider} ended the response early."), remedy=Remedy.RETRY_BILLED
    ),
    Reason.ANSWER_UNREADABLE: ErrorSentences(
        N_("{provider} sent an invalid response."), remedy=Remedy.RETRY_BILLED
    ),
    Reason.RUN_GONE: ErrorSentences(
        N_("This response expired at {provider} after about 10 minutes."),
        remedy=Remedy.RETRY_BILLED,
    ),
    Reason.RUN_WITHOUT_PROVIDER: ErrorSentences(
        N_("The provider of this background response is no longer set up."),
        remedy=Remedy.RETRY_ELSEWHERE,
    ),
    Reason.BATCH_UPLOAD_UNNAMED: ErrorSentences(
        N_("{provider} didn’t confirm the upload."), remedy=Remedy.TRY_LATER
    ),
    Reason.BATCH_UNREADABLE: ErrorSentences(
        N_("{provider} sent invalid batch data."), remedy=Remedy.TRY_LATER
    ),
    Reason.EMBEDDINGS_UNREADABLE: ErrorSentences(
        N_("{provider} didn’t return embeddings."), remedy=Remedy.CHECK_EMBEDDING_MODEL
    ),
    Reason.COMPACTION_UNREADABLE: ErrorSentences(
        N_("{provider} didn’t return a compacted conversation."), remedy=Remedy.RETRY_OR_START_NEW
    ),
    Reason.MODELS_UNREADABLE: ErrorSentences(
        N_("{provider} didn’t return a list of models."), remedy=Remedy.TYPE_MODEL
    ),
    Reason.ANSWER_TOO_LARGE: ErrorSentences(
        N_("The response from {provider} exceeded {limit} MB and was stopped."),
        remedy=Remedy.ASK_SHORTER,
    ),
    Reason.ANSWER_TOO_LONG: ErrorSentences(
        N_("The response from {provider} exceeded {limit} MB."), remedy=Remedy.ASK_SHORTER
    ),
    Reason.TEMPORARY_ANSWER_TOO_LONG: ErrorSentences(
        N_("The response got too long for a temporary conversation and was stopped."),
        remedy=Remedy.ASK_FOR_LESS,
    ),
    Reason.ANSWER_ENDED_AT_LIMIT: ErrorSentences(
        N_("The response from {provider} exceeded {limit} MB and was stopped."),
        remedy=Remedy.ASK_SHORTER,
    ),
    Reason.ANSWER_IN_TOO_MANY_PARTS: ErrorSentences(
        N_("The response from {provider} exceeded {limit} parts and was stopped."),
        remedy=Remedy.ASK_SHORTER,
    ),
    Reason.EVENT_TOO_LARGE: ErrorSentences(
        N_("{provider} sent an event larger than {limit} MB."), remedy=Remedy.CHECK_ADDRESS_OR_LEAVE
    ),
    Reason.REPLY_TOO_LARGE: ErrorSentences(
        N_("{provider} sent more than {limit} MB."), remedy=Remedy.CHECK_ADDRESS_OR_LEAVE
    ),
    Reason.TOO_MANY_VALUES: ErrorSentences(
        N_("{provider} sent too many values."), remedy=Remedy.CHECK_ADDRESS_OR_LEAVE
    ),
    Reason.TOO_MANY_RESULTS: ErrorSentences(
        N_("{provider} sent too many results."), remedy=Remedy.CHECK_ADDRESS_OR_LEAVE
    ),
    Reason.TOO_MANY_HEADERS: ErrorSentences(
        N_("{provider} sent more than {limit} KB of headers."), remedy=Remedy.CHECK_ADDRESS_OR_LEAVE
    ),
    # Questions and settings that cannot be sent
    Reason.PROVIDER_REMOVED: ErrorSentences(N_("Provider removed."), remedy=Remedy.CHOOSE_ANOTHER),
    Reason.NO_SUCH_PROVIDER: ErrorSentences(
        N_("There is no provider “{provider}”."), remedy=Remedy.THERE_ARE
    ),
    Reason.NO_SUCH_PRESET: ErrorSentences(
        N_("There is no preset “{preset}”."), remedy=Remedy.THERE_ARE
    ),
    Reason.TOO_MANY_STOPS: ErrorSentences(
        N_("At most {most} stop sequences are supported."), remedy=Remedy.USE_FEWER_STOPS
    ),
    Reason.INSTRUCTIONS_UNREADABLE: ErrorSentences(
        N_("Can’t read the instructions in {file}."), remedy=Remedy.CHOOSE_INSTRUCTIONS_FILE
    ),
    Reason.SCHEMA_UNREADABLE: ErrorSentences(
        N_("Can’t read the schema in {file}."), remedy=Remedy.CHOOSE_SCHEMA_FILE
    ),
    Reason.SCHEMA_INVALID: ErrorSentences(N_("{file} isn’t a valid JSON Schema: {words}.")),
    Reason.GRAMMAR_UNREADABLE: ErrorSentences(
        N_("Can’t read the grammar in {file}."), remedy=Remedy.CHOOSE_GRAMMAR_FILE
    ),
    Reason.GRAMMAR_INVALID: ErrorSentences(N_("The grammar in {file} isn’t valid: {words}.")),
    Reason.GRAMMAR_UNKNOWN: ErrorSentences(
        N_("The kind of grammar in {file} is unknown."), remedy=Remedy.CHOOSE_GRAMMAR_ENDING
    ),
    Reason.GRAMMAR_NEEDS_LLAMA_CPP: ErrorSentences(
        N_("{provider} doesn’t support GBNF grammars."), remedy=Remedy.CHOOSE_LLAMA_CPP
    ),
    Reason.GRAMMAR_NOT_AT_PROVIDER: ErrorSentences(
        N_("{provider} doesn’t support grammars of the kind {syntax}."),
        remedy=Remedy.CHOOSE_PROVIDER,
    ),
    Reason.GRAMMAR_NOT_SUPPORTED: ErrorSentences(
        N_("{model} doesn’t support grammars of the kind {syntax}."), remedy=Remedy.CHOOSE_MODEL
    ),
    Reason.GRAMMAR_WITH_TOOLS: ErrorSentences(
        N_("With a grammar, the model can’t call tools."), remedy=Remedy.TURN_OFF_TOOLS_OR_GRAMMAR
    ),
    Reason.GRAMMAR_IN_BATCH: ErrorSentences(
        N_("Batch jobs don’t support grammars."), remedy=Remedy.USE_SCHEMA
    ),
    Reason.COMPARED_COUNT: ErrorSentences(
        N_("--compare needs {fewest} to {most} choices."), remedy=Remedy.COMPARE_EACH_CHOICE
    ),
    Reason.COMPARED_WITH_N: ErrorSentences(
        N_("--compare asks each choice for one response."), remedy=Remedy.LEAVE_OUT_N_OR_COMPARE
    ),
    Reason.NO_CASES: ErrorSentences(
        N_("There are no cases to evaluate."), remedy=Remedy.NAME_CASES
    ),
    Reason.CASES_UNREADABLE: ErrorSentences(
        N_("Can’t read the cases in {file}: {why}."), remedy=Remedy.SEE_EVAL_HELP
    ),
    Reason.CASE_WITH_FILES_IN_BATCH: ErrorSentences(
        N_("Case “{case}” has several files, but batch jobs take one each."),
        remedy=Remedy.LEAVE_OUT_BATCH,
    ),
    Reason.VARIANT_AND_MODEL: ErrorSentences(N_("Choose either a variant or a model, not both.")),
    Reason.NO_VARIANTS: ErrorSentences(
        N_("{provider} has no GPT-5.2 models."), remedy=Remedy.NAME_PROVIDER
    ),
    Reason.NO_VARIANTS_HERE: ErrorSentences(
        N_("The local model isn’t a GPT-5.2 model."), remedy=Remedy.NAME_PROVIDER
    ),
    Reason.NO_MODEL_KNOWN: ErrorSentences(
        N_("{provider} has no default model."), remedy=Remedy.TYPE_MODEL
    ),
    Reason.NO_LOCAL_MODEL: ErrorSentences(
        N_("There is no local model “{model}”."), remedy=Remedy.ENTER_MODEL_PATH
    ),
    Reason.EFFORT_NOT_TAKEN: ErrorSentences(
        N_("{model} doesn’t support reasoning effort."), remedy=Remedy.LEAVE_OUT_EFFORT
    ),
    Reason.EFFORT_FIXED: ErrorSentences(
        N_("{model} always uses the effort {only}."), remedy=Remedy.EFFORTS_ARE
    ),
    Reason.EFFORT_UNSUPPORTED: ErrorSentences(
        N_("{model} doesn’t support the effort {effort}."), remedy=Remedy.EFFORTS_ARE
    ),
    Reason.CAP_REACHED: ErrorSentences(
        N_("This message ({cost}) exceeds the limit: {spent} of {cap} spent."),
        remedy=Remedy.RAISE_CAP,
        fuller=N_("This message ({cost}) exceeds {cap}: {spent} spent, {held} pending."),
    ),
    Reason.PRICE_UNKNOWN_UNDER_CAP: ErrorSentences(
        N_("{model} has no price, so {provider}’s limit can’t count it."), remedy=Remedy.ENTER_PRICE
    ),
    Reason.DOES_NOT_FIT: ErrorSentences(
        N_("This message needs {tokens} tokens, but {model} accepts {limit}."),
        fuller=N_("With {names}, this needs {tokens} tokens, but {model} accepts {limit}."),
    ),
    Reason.MAY_NOT_FIT: ErrorSentences(
        N_("This message needs about {tokens} tokens, but {model} accepts {limit}."),
        fuller=N_("With {names}, this needs about {tokens} tokens, but {model} accepts {limit}."),
    ),
    Reason.IMAGES_NOT_SEEN: ErrorSentences(
        N_("{model} doesn’t support images."), remedy=Remedy.CHOOSE_MODEL_OR_REMOVE
    ),
    Reason.PAGES_NOT_SEEN: ErrorSentences(
        N_("{model} can’t read {count} of {total} pages of {file}, which are images."),
        remedy=Remedy.CHOOSE_MODEL_OR_REMOVE,
        fuller=N_(
            "{model} can’t see images: {count} of {total} pages of {file}, {count2} of {file2}."
        ),
    ),
    Reason.TOO_MANY_IMAGE_PAGES: ErrorSentences(
        N_("Only {limit} page images can be sent at once ({pages} selected)."),
        remedy=Remedy.SELECT_FEWER_PAGES,
    ),
    Reason.PAGE_IMAGE_TOO_LARGE: ErrorSentences(
        N_("Page {page} of “{name}” is too large for {model}."), remedy=Remedy.LOWER_DETAIL
    ),
    Reason.FILES_TOO_LARGE: ErrorSentences(
        N_("The files total {together}, but {provider} accepts {limit} per request."),
        remedy=Remedy.SEND_SOME_AS_TEXT,
    ),
    Reason.FILES_NOT_TAKEN: ErrorSentences(
        N_("{provider} doesn’t accept files such as {name}."), remedy=Remedy.SEND_TEXT
    ),
    Reason.FILE_WANTS_PASSWORD: ErrorSentences(
        N_("{name} is password-protected, so {provider} can’t read it."), remedy=Remedy.SEND_TEXT
    ),
    Reason.FILE_TYPE_AS_TEXT: ErrorSentences(
        N_("{provider} doesn’t accept {name} as a file."),
        remedy=Remedy.SEND_TEXT,
        fuller=N_("{provider} doesn’t accept {ending} files such as {name}."),
    ),
    Reason.FILE_TOO_LARGE_TO_SEND: ErrorSentences(
        N_("{name} is {size}, but {provider} accepts files up to {limit}."), remedy=Remedy.SEND_TEXT
    ),
    Reason.PASSWORD_NEEDED_FOR_PAGES: ErrorSentences(
        N_("Showing the pages of “{name}” requires its password."),
        remedy=Remedy.ENTER_PASSWORD_OR_SEND_TEXT,
    ),
    Reason.SECTIONS_UNMARKED: ErrorSentences(
        N_("Can’t select parts of {name}."), remedy=Remedy.SEND_ALL
    ),
    Reason.SECTIONS_GONE: ErrorSentences(
        N_("Can’t find the selected parts of “{name}”."), remedy=Remedy.ATTACH_AGAIN
    ),
    Reason.NO_SECTION_NAMED: ErrorSentences(N_("Nothing is selected."), remedy=Remedy.SECTIONS_ARE),
    Reason.SECTION_NAME_AMBIGUOUS: ErrorSentences(
        N_("Several sheets are named “{given}”."), remedy=Remedy.SECTIONS_ARE
    ),
    Reason.SECTION_UNKNOWN: ErrorSentences(
        N_("The selection contains an empty entry."),
        remedy=Remedy.SECTIONS_ARE,
        fuller=N_("“{given}” isn’t a valid selection."),
    ),
    Reason.SECTION_NAME_IS_NUMBER: ErrorSentences(
        N_("“{given}” could mean two sheets."), remedy=Remedy.QUOTE_NAMES
    ),
    Reason.SECTIONS_BACKWARDS: ErrorSentences(
        N_("“{given}” isn’t a valid range."), remedy=Remedy.SECTIONS_ARE
    ),
    Reason.NO_SUCH_SECTION: ErrorSentences(
        N_("“{number}” isn’t in this file."), remedy=Remedy.SECTIONS_ARE
    ),
    Reason.NO_SUCH_FILE_NAMED: ErrorSentences(
        N_("There is no file “{given}” for --pages."), remedy=Remedy.THERE_ARE
    ),
    Reason.PAGES_WITHOUT_FILE: ErrorSentences(
        N_("--pages needs a file."), remedy=Remedy.NAME_FILE_FOR_PAGES
    ),
    Reason.NO_PAGES_TO_CHOOSE: ErrorSentences(
        N_("“{name}” has no pages to select."), remedy=Remedy.LEAVE_OUT_PAGES
    ),
    Reason.NOTHING_PIPED_IN: ErrorSentences(
        N_("“-” means standard input, but nothing is piped in."), remedy=Remedy.PIPE_IN_TEXT
    ),
    Reason.TOO_MUCH_PIPED_IN: ErrorSentences(
        N_("The input is larger than {limit} MB."), remedy=Remedy.PIPE_IN_LESS
    ),
    Reason.NO_QUESTION: ErrorSentences(N_("Enter a message."), remedy=Remedy.TRY_ASK),
    Reason.SET_WITHOUT_TEMPLATE: ErrorSentences(
        N_("--set needs a saved prompt."), remedy=Remedy.NAME_TEMPLATE
    ),
    Reason.SET_MALFORMED: ErrorSentences(
        N_("--set {given} isn’t NAME=VALUE."), remedy=Remedy.TRY_SET
    ),
    # Prompts
    Reason.PROMPT_WANTS_TWO: ErrorSentences(
        N_("This prompt compares two documents, but none is attached."), remedy=Remedy.ATTACH_TWO
    ),
    Reason.PROMPT_WANTS_OTHER: ErrorSentences(
        N_("This prompt compares two documents, but only one is attached."),
        remedy=Remedy.ATTACH_ANOTHER,
    ),
    Reason.PROMPT_WANTS_NOT_MORE: ErrorSentences(
        N_("This prompt compares two documents, but {count} are attached."),
        remedy=Remedy.ATTACH_ONLY_TWO,
    ),
    Reason.NO_SUCH_PROMPT: ErrorSentences(
        N_("There is no prompt “{name}”."), remedy=Remedy.THERE_ARE
    ),
    Reason.PROMPT_NAME_AMBIGUOUS: ErrorSentences(
        N_("Several prompts are named “{name}”."), remedy=Remedy.THERE_ARE
    ),
    Reason.PROMPT_HAS_NO_FIELD: ErrorSentences(
        N_("The prompt “{prompt}” has no field “{field}”."), remedy=Remedy.IT_ASKS_FOR
    ),
    Reason.PROMPT_FIELD_REFUSED: ErrorSentences(
        N_("“{value}” isn’t valid for “{field}”."), remedy=Remedy.CHOOSE_OFFERED_VALUE
    ),
    Reason.PROMPT_FIELDS_MISSING: ErrorSentences(
        N_("The prompt “{prompt}” needs {fields}."), remedy=Remedy.IT_ASKS_FOR
    ),
    Reason.PROMPTS_NOT_JSON: ErrorSentences(
        N_("This isn’t a Repartee prompts file because it isn’t JSON."),
        remedy=Remedy.CHOOSE_PROMPTS,
    ),
    Reason.PROMPTS_OF_OTHER_KIND: ErrorSentences(
        N_("This isn’t a Repartee prompts file because “format” isn’t “{format}”."),
        remedy=Remedy.CHOOSE_PROMPTS,
    ),
    Reason.PROMPTS_OF_OTHER_VERSION: ErrorSentences(
        N_("This prompts file is from another version of Repartee."), remedy=Remedy.CHOOSE_PROMPTS
    ),
    Reason.PROMPTS_DAMAGED: ErrorSentences(
        N_("This prompts file is damaged."), remedy=Remedy.CHOOSE_PROMPTS
    ),
    Reason.PROMPTS_UNREADABLE: ErrorSentences(
        N_("Couldn’t read {file}: {words}."), remedy=Remedy.CHOOSE_OTHER_FILE
    ),
    # Compaction
    Reason.COMPACTION_NOT_OFFERED: ErrorSentences(
        N_("{provider} no longer supports compaction, so this conversation is sent in full."),
        remedy=Remedy.UNDO_COMPACTION,
    ),
    Reason.COMPACTION_NO_SHORTER: ErrorSentences(
        N_("Compacting didn’t shorten this conversation."), remedy=Remedy.START_NEW_OR_LARGER_WINDOW
    ),
    Reason.COMPACTED_WHILE_DELETED: ErrorSentences(
        N_("The conversation was deleted during compaction.")
    ),
    # Answers that ended early
    Reason.ENDED_BY_MODEL: ErrorSentences(N_("The model stopped early."), remedy=Remedy.CONTINUE),
    Reason.ENDED_AT_LENGTH: ErrorSentences(
        N_("The response reached its maximum length."), remedy=Remedy.CONTINUE
    ),
    Reason.DECLINED: ErrorSentences(N_("The model declined."), remedy=Remedy.RETRY_CHANGED),
    Reason.ENDED_BY_FILTER: ErrorSentences(
        N_("The provider’s content filter stopped the response."),
        remedy=Remedy.RETRY_CHANGED,
        fuller=N_("The provider’s content filter stopped the response: {words}"),
    ),
    Reason.GRAMMAR_NOT_FOLLOWED: ErrorSentences(
        N_("The model didn’t follow the grammar."), remedy=Remedy.ASK_AGAIN_OR_CHOOSE_MODEL
    ),
    Reason.TOOL_ROUNDS_REACHED: ErrorSentences(
        N_("The model kept calling tools and reached the limit of rounds."), remedy=Remedy.CONTINUE
    ),
    Reason.TOOL_TIME_REACHED: ErrorSentences(
        N_("The tools reached their time limit."), remedy=Remedy.CONTINUE
    ),
    Reason.TOOL_COST_REACHED: ErrorSentences(
        N_("The tools reached their cost limit."), remedy=Remedy.CONTINUE
    ),
    Reason.NO_SUCH_TOOL: ErrorSentences(
        N_("There is no tool named “{tool}”."), remedy=Remedy.THERE_ARE
    ),
    Reason.TOOL_UNAVAILABLE: ErrorSentences(N_("The tool “{tool}” isn’t available. {reason}")),
    Reason.BEGINNING_WITHOUT_TOOLS: ErrorSentences(
        N_("Without the tool, only the beginning of “{name}” would be read."),
        remedy=Remedy.CHOOSE_TOOL_OR_SEND_ALL,
    ),
    # Tool servers
    Reason.NO_SUCH_TOOL_SERVER: ErrorSentences(
        N_("There is no tool server named “{server}”."), remedy=Remedy.THERE_ARE
    ),
    Reason.TOOL_SERVER_EXISTS: ErrorSentences(
        N_("There is already a tool server named “{server}”."), remedy=Remedy.CHOOSE_SERVER_NAME
    ),
    Reason.TOOL_SERVER_NAME: ErrorSentences(
        N_("“{server}” can’t be the name of a tool server."), remedy=Remedy.SERVER_NAMES_HAVE
    ),
    Reason.TOOL_SERVER_EMPTY: ErrorSentences(
        N_("The tool server “{server}” needs either a command or an address."),
        remedy=Remedy.CHECK_CONFIGURATION,
    ),
    Reason.TOOL_SERVER_PASSWORD: ErrorSentences(
        N_("The configuration of “{server}” contains a password."), remedy=Remedy.USE_VARIABLE
    ),
    Reason.TOOL_SERVER_VARIABLE: ErrorSentences(
        N_("“{variable}” can’t be a variable of the tool server “{server}”."),
        remedy=Remedy.CHECK_CONFIGURATION,
    ),
    Reason.TOOL_SERVER_VARIABLE_UNSET: ErrorSentences(
        N_("The tool server “{server}” needs the environment variable {variable}."),
        remedy=Remedy.SET_VARIABLE,
    ),
    Reason.TOOL_SERVER_HEADER: ErrorSentences(
        N_("“{header}” can’t be a header of the tool server “{server}”."),
        remedy=Remedy.CHECK_CONFIGURATION,
    ),
    Reason.TOOL_SERVER_ADDRESS: ErrorSentences(
        N_("The address of the tool server “{server}” isn’t a web address."),
        remedy=Remedy.SERVER_ADDRESSES_START_WITH,
    ),
    Reason.TOOL_SERVER_UNENCRYPTED: ErrorSentences(
        N_("The connection to the tool server “{server}” isn’t encrypted."),
        remedy=Remedy.USE_HTTPS_OUTSIDE_NETWORK,
    ),
    Reason.TOOL_SERVER_NOT_STARTED: ErrorSentences(
        N_("The tool server “{server}” didn’t start: {why}."), remedy=Remedy.CHECK_SERVER
    ),
    Reason.TOOL_SERVER_SLOW: ErrorSentences(
        N_("The tool server “{server}” didn’t respond within {seconds} seconds."),
        remedy=Remedy.RETRY_OR_CHECK_SERVER,
    ),
    Reason.TOOL_SERVER_STOPPED: ErrorSentences(
        N_("The tool server “{server}” stopped unexpectedly."), remedy=Remedy.STARTS_WHEN_NEEDED
    ),
    Reason.TOOL_SERVER_KEEPS_STOPPING: ErrorSentences(
        N_("The tool server “{server}” keeps stopping and wasn’t started again."),
        remedy=Remedy.SEE_SERVER_LOG,
    ),
    Reason.TOOL_SERVER_REFUSED: ErrorSentences(
        N_("The tool server “{server}” reports: {why}."), remedy=Remedy.CHECK_SERVER
    ),
    Reason.TOOL_SERVER_SECRETS_LOST: ErrorSentences(
        N_("The keyring doesn’t have the secret values of the tool server “{server}”."),
        remedy=Remedy.ENTER_SECRETS_AGAIN,
    ),
    Reason.TOOL_SERVER_SIGN_IN: ErrorSentences(
        N_("The tool server “{server}” needs you to sign in."), remedy=Remedy.SIGN_IN
    ),
    Reason.TOOL_SERVER_SIGN_IN_FAILED: ErrorSentences(
        N_("You weren’t signed in to the tool server “{server}”: {why}."), remedy=Remedy.SIGN_IN
    ),
    Reason.TOOL_SERVER_SIGN_IN_NOT_KEPT: ErrorSentences(
        N_("Without a keyring, the sign-in to “{server}” isn’t remembered."),
        remedy=Remedy.SET_UP_KEYRING,
    ),
    Reason.TOOL_SERVER_KEYRING: ErrorSentences(
        N_("Without a keyring, the values of “{server}” can’t be stored."),
        remedy=Remedy.USE_VARIABLES,
    ),
    Reason.TOOL_SERVER_FILE: ErrorSentences(
        N_("“{name}” has no configuration of tool servers."), remedy=Remedy.CONFIGURATION_NEEDS
    ),
    Reason.TOOL_SERVER_SSE: ErrorSentences(
        N_("The tool server “{server}” uses SSE, which isn’t supported."),
        remedy=Remedy.USE_STREAMABLE_HTTP,
    ),
    Reason.TOOL_SERVER_OFF: ErrorSentences(
        N_("The tool server “{server}” is turned off in the file and wasn’t added."),
        remedy=Remedy.TURN_ON_IN_FILE,
    ),
    Reason.TOOL_SERVER_ENV_FILE: ErrorSentences(
        N_("The tool server “{server}” reads variables from “{file}” and wasn’t added."),
        remedy=Remedy.COPY_VARIABLES,
    ),
    # Documents
    Reason.PASSWORD_PROTECTED: ErrorSentences(
        N_("“{name}” is password-protected."), remedy=Remedy.ATTACH_UNPROTECTED_COPY
    ),
    Reason.PASSWORD_MISSING: ErrorSentences(
        N_("“{name}” is password-protected."), remedy=Remedy.ATTACH_WITH_PASSWORD
    ),
    Reason.PASSWORD_WRONG: ErrorSentences(
        N_("The password for “{name}” is wrong."), remedy=Remedy.ATTACH_WITH_PASSWORD
    ),
    Reason.DOCUMENT_DAMAGED: ErrorSentences(
        N_("“{name}” is damaged or incomplete."), remedy=Remedy.DOWNLOAD_AGAIN
    ),
    Reason.DOCUMENT_MISNAMED: ErrorSentences(
        N_("“{name}” isn’t a valid {ending} file."), remedy=Remedy.DOWNLOAD_AGAIN_OR_RENAME
    ),
    Reason.DOCUMENT_EMPTY: ErrorSentences(
        N_("“{name}” contains no text."), remedy=Remedy.CHECK_RIGHT_FILE
    ),
    Reason.DOCUMENT_WITHOUT_TEXT: ErrorSentences(
        N_("“{name}” contains only images."), remedy=Remedy.RUN_OCR
    ),
    Reason.DOCUMENT_UNKNOWN: ErrorSentences(
        N_("Repartee can’t read “{name}”."), remedy=Remedy.READABLE_FORMATS
    ),
    Reason.FORMAT_NOT_READ: ErrorSentences(
        N_("Repartee can’t read the format of “{name}”."), remedy=Remedy.SAVE_AS_PDF
    ),
    Reason.IMAGE_FORMAT_NOT_READ: ErrorSentences(
        N_("“{name}” is a HEIC or AVIF image."), remedy=Remedy.SAVE_AS_IMAGE
    ),
    Reason.OLD_OFFICE_FORMAT: ErrorSentences(
        N_("“{name}” is in an old Office format."), remedy=Remedy.SAVE_AS_OFFICE
    ),
    Reason.FILE_TOO_LARGE: ErrorSentences(
        N_("“{name}” is larger than {limit} MB."), remedy=Remedy.ATTACH_PART_OR_RAISE
    ),
    Reason.UNPACKS_TOO_FAR: ErrorSentences(
        N_("“{name}” unpacks to more than {limit} MB."), remedy=Remedy.ATTACH_PART_OR_RAISE
    ),
    Reason.TOO_MANY_ARCHIVES: ErrorSentences(
        N_("“{name}” is inside too many archives."), remedy=Remedy.ATTACH_PART
    ),
    Reason.FOLDER_TOO_LARGE: ErrorSentences(
        N_("“{name}” contains more than {limit} MB of files."), remedy=Remedy.ATTACH_PART
    ),
    Reason.READING_TOO_LONG: ErrorSentences(
        N_("Reading “{name}” takes longer than {limit} s."), remedy=Remedy.ATTACH_PART_OR_RAISE
    ),
    Reason.TOO_MANY_CELLS: ErrorSentences(
        N_("“{name}” has more than {limit} cells."), remedy=Remedy.ATTACH_PART
    ),
    Reason.TOO_MANY_PIXELS: ErrorSentences(
        N_("“{name}” has {width} × {height} pixels, more than {limit} million."),
        remedy=Remedy.ATTACH_PART,
    ),
    Reason.TOO_MUCH_TEXT: ErrorSentences(
        N_("“{name}” contains more than {limit} MB of text."), remedy=Remedy.ATTACH_PART
    ),
    Reason.TOO_MANY_FILES: ErrorSentences(
        N_("“{name}” has {count} files, more than {limit}."), remedy=Remedy.ATTACH_PART_OR_RAISE
    ),
    Reason.TOO_MANY_PAGES: ErrorSentences(
        N_("“{name}” exceeds {limit} pages or sheets ({count})."),
        remedy=Remedy.ATTACH_PART_OR_RAISE,
    ),
    Reason.READING_NEEDS_MEMORY: ErrorSentences(
        N_("“{name}” needs over {limit} MB of memory."), remedy=Remedy.ATTACH_PART_OR_RAISE
    ),
    Reason.READER_STOPPED: ErrorSentences(
        N_("“{name}” is damaged or needs more than {limit} MB of memory."),
        remedy=Remedy.SAVE_AGAIN_OR_RAISE_LIMITS,
    ),
    Reason.READER_NOT_STARTED: ErrorSentences(
        N_("Couldn’t start the document reader."), remedy=Remedy.RESTART_OR_REINSTALL
    ),
    Reason.DOCUMENT_NOT_OPENED: ErrorSentences(
        N_("Couldn’t open “{name}”: {words}."), remedy=Remedy.CHECK_FILE
    ),
    Reason.DOCUMENT_NOT_THERE: ErrorSentences(
        N_("Couldn’t find “{name}”."), remedy=Remedy.CHECK_FILE
    ),
    Reason.DOCUMENT_NOT_A_FILE: ErrorSentences(
        N_("“{name}” isn’t a file."), remedy=Remedy.CHECK_FILE
    ),
    Reason.PAGES_LOCKED: ErrorSentences(
        N_("The pages of “{name}” are password-protected."), remedy=Remedy.ATTACH_AND_ENTER_PASSWORD
    ),
    Reason.PAGES_NOT_DRAWN: ErrorSentences(
        N_("Couldn’t show the pages of “{name}”."), remedy=Remedy.ATTACH_AGAIN
    ),
    Reason.CHANGED_WHILE_READ: ErrorSentences(
        N_("“{name}” changed while Repartee was reading it."), remedy=Remedy.SEND_AGAIN
    ),
    Reason.FILES_NOT_ATTACHED: ErrorSentences(
        N_("Couldn’t attach {failed} of {total} files."), remedy=Remedy.SEE_FIRST_PROBLEM
    ),
    Reason.PLACE_NOT_NOTED: ErrorSentences(
        N_("“{name}” is attached, but its location wasn’t saved.")
    ),
    Reason.PLACES_NOT_NOTED: ErrorSentences(
        N_("{count} files are attached, but their locations weren’t saved.")
    ),
    Reason.TEMPORARY_IMAGE_STAYS: ErrorSentences(
        N_("Other apps can’t open images of temporary conversations, since that saves them."),
        remedy=Remedy.USE_REGULAR,
    ),
    Reason.TEMPORARY_DOCUMENT_STAYS: ErrorSentences(
        N_("Other apps can’t open documents of temporary conversations, since that saves them."),
        remedy=Remedy.USE_REGULAR,
    ),
    # Notes on documents that were read
    Reason.NOTE_ENCODING: ErrorSentences(
        N_("The file doesn’t state its encoding. It was read as {encoding}.")
    ),
    Reason.NOTE_IMAGE_PAGE: ErrorSentences(N_("Its only page is an image.")),
    Reason.NOTE_IMAGE_PAGES: ErrorSentences(N_("All {count} pages are images.")),
    Reason.NOTE_SOME_IMAGE_PAGES: ErrorSentences(
        N_("{count} of {total} pages are images."),
        fuller=N_("{count} of {total} pages are images: {pages}."),
    ),
    Reason.NOTE_READ: ErrorSentences(N_("Files read: {read}.")),
    Reason.NOTE_SKIPPED: ErrorSentences(N_("Files read: {read}, skipped: {skipped}.")),
    # Collections
    Reason.COLLECTION_GONE: ErrorSentences(
        N_("The collection no longer exists."), remedy=Remedy.CHOOSE_ANOTHER
    ),
    Reason.NAMED_COLLECTION_GONE: ErrorSentences(
        N_("The collection “{name}” no longer exists."), remedy=Remedy.REMOVE_COLLECTION
    ),
    Reason.COLLECTION_NEEDS_NAME: ErrorSentences(
        N_("The collection needs a name."), remedy=Remedy.ENTER_NAME
    ),
    Reason.NO_SUCH_COLLECTION: ErrorSentences(
        N_("There is no collection or folder “{name}”."), remedy=Remedy.NAME_FOLDER
    ),
    Reason.EMBEDDINGS_OFF: ErrorSentences(
        N_("Semantic search is off, or this provider has no embeddings."),
        remedy=Remedy.TURN_ON_EMBEDDINGS,
    ),
    # Batch jobs
    Reason.BATCH_NOT_LOCAL: ErrorSentences(
        N_("The local model doesn’t support batches."), remedy=Remedy.CHOOSE_PROVIDER
    ),
    Reason.BATCH_NOT_OFFERED: ErrorSentences(
        N_("{provider} doesn’t support batches."), remedy=Remedy.CHOOSE_PROVIDER
    ),
    Reason.BATCH_NOT_KNOWN: ErrorSentences(
        N_("{provider} may not support batches."), remedy=Remedy.TURN_ON_BATCHES
    ),
    Reason.BATCH_NOT_WITH_MODEL: ErrorSentences(
        N_("{model} doesn’t support batches."), remedy=Remedy.CHOOSE_MODEL
    ),
    Reason.BATCH_WITHOUT_FILES: ErrorSentences(N_("There are no files."), remedy=Remedy.ADD_FILE),
    Reason.BATCH_OF_PAIRS: ErrorSentences(
        N_("This prompt compares two documents, but a batch reads each file separately."),
        remedy=Remedy.CHOOSE_PROMPT,
    ),
    Reason.BATCH_WITHOUT_QUESTION: ErrorSentences(N_("Enter a message for the files.")),
    Reason.BATCH_NOTHING_TO_SEND: ErrorSentences(
        N_("None of the files can be sent."), remedy=Remedy.ADD_OTHER_FILES
    ),
    Reason.BATCH_NOTHING_LEFT: ErrorSentences(
        N_("Every file that was sent has a response."), remedy=Remedy.NOTHING_TO_RETRY
    ),
    Reason.BATCH_UNDER_WAY: ErrorSentences(N_("The job is still running.")),
    Reason.BATCH_GONE: ErrorSentences(N_("The batch job no longer exists.")),
    Reason.BATCH_PROVIDER_GONE: ErrorSentences(
        N_("The provider of this job isn’t set up, but the job continues there."),
        remedy=Remedy.SET_UP_PROVIDER,
    ),
    Reason.NO_SUCH_BATCH: ErrorSentences(
        N_("There is no batch job {given}."), remedy=Remedy.LIST_BATCHES
    ),
    Reason.BATCH_ID_AMBIGUOUS: ErrorSentences(
        N_("Several batch jobs match {given}."), remedy=Remedy.LIST_BATCHES
    ),
    Reason.BATCH_WAS_SENT: ErrorSentences(
        N_("The job was sent: {progress}."), remedy=Remedy.RETRY_BATCH
    ),
    Reason.BATCH_IS_OVER: ErrorSentences(N_("The job is finished: {progress}.")),
    Reason.BATCH_CLAIMED: ErrorSentences(
        N_("Another Repartee process is running this job."), remedy=Remedy.CONTINUE_IN_OTHER_PROCESS
    ),
    Reason.BATCH_UNKNOWN_THERE: ErrorSentences(
        N_("The provider no longer has this batch."),
        fuller=N_("The provider no longer has this batch. {words}"),
    ),
    Reason.BATCH_LINES_UNREADABLE: ErrorSentences(
        N_("Unreadable lines in the results: {unreadable}.")
    ),
    Reason.BATCH_LINES_UNKNOWN: ErrorSentences(
        N_("Lines for unknown files in the results: {unknown}.")
    ),
    Reason.BATCH_LINES_UNUSABLE: ErrorSentences(
        N_("Unreadable lines in the results: {unreadable}. Lines for unknown files: {unknown}.")
    ),
    # Files of batch jobs
    Reason.ITEM_DOES_NOT_FIT: ErrorSentences(
        N_("Too large: about {tokens} tokens, but {model} accepts {limit}."),
        remedy=Remedy.SEND_IN_CONVERSATION,
    ),
    Reason.ITEM_TOO_LARGE: ErrorSentences(N_("Too large for a batch.")),
    Reason.ITEM_WITHOUT_RESULT: ErrorSentences(N_("The provider sent no result.")),
    Reason.ITEM_EXPIRED: ErrorSentences(N_("Not processed within 24 hours. Not charged.")),
    Reason.ITEM_CANCELLED: ErrorSentences(N_("The job was canceled first. Not charged.")),
    Reason.ITEM_NEVER_SENT: ErrorSentences(
        N_("The job was canceled before it was sent. Not charged.")
    ),
    Reason.ITEM_BATCH_FAILED: ErrorSentences(
        N_("The provider couldn’t run the batch. Not charged.")
    ),
    Reason.ITEM_BATCH_REFUSED: ErrorSentences(N_("The provider rejected the batch: {words}.")),
    Reason.ITEM_REFUSED: ErrorSentences(N_("The provider rejected it: {words}")),
    Reason.ITEM_UNANSWERED: ErrorSentences(
        N_("The provider sent neither a response nor an error.")
    ),
    Reason.ITEM_ANSWER_EMPTY: ErrorSentences(N_("The response is empty.")),
    Reason.ITEM_ANSWERED_TWICE: ErrorSentences(
        N_("The provider responded more than once. The first response is kept.")
    ),
    Reason.ITEM_ENDED_AT_LENGTH: ErrorSentences(
        N_("The response is incomplete: it reached the token limit.")
    ),
    Reason.ITEM_ENDED_BY_FILTER: ErrorSentences(
        N_("The response is incomplete: a content filter stopped it.")
    ),
    Reason.ITEM_DECLINED: ErrorSentences(N_("The model declined.")),
    Reason.ITEM_ENDED_EARLY: ErrorSentences(
        N_("The response is incomplete: the model stopped early ({words}).")
    ),
    Reason.ITEM_ANSWER_CUT: ErrorSentences(
        N_("Only the first {limit} MB of the response were kept.")
    ),
    Reason.ITEM_SCHEMA_PROBLEM: ErrorSentences(
        N_("The response doesn’t match the schema. {path}: {words}")
    ),
    Reason.ITEM_ANSWER_WITH_ERROR: ErrorSentences(N_("The response came with an error: {words}")),
    # The store and other files
    Reason.STORE_DAMAGED: ErrorSentences(
        N_("Your library {place} is damaged."), remedy=Remedy.REPAIR_LIBRARY
    ),
    Reason.ROW_DAMAGED: ErrorSentences(
        N_("Your library is damaged."), remedy=Remedy.REPAIR_LIBRARY
    ),
    Reason.STORE_BUSY: ErrorSentences(
        N_("Another program is using your library {place}."), remedy=Remedy.CLOSE_OTHER_PROGRAM
    ),
    Reason.STORE_UNUSABLE: ErrorSentences(
        N_("Couldn’t open {place}."), remedy=Remedy.RETRY_THEN_RESTART
    ),
    Reason.PATH_MISSING: ErrorSentences(N_("Couldn’t find {place}."), remedy=Remedy.CHECK_PATH),
    Reason.PATH_THROUGH_FILE: ErrorSentences(
        N_("Couldn’t find {place} because part of its path is a file."), remedy=Remedy.CHECK_PATH
    ),
    Reason.PATH_IS_FOLDER: ErrorSentences(
        N_("Expected a file, but found a folder: {place}."), remedy=Remedy.CHECK_PATH
    ),
    Reason.DISK_FULL: ErrorSentences(
        N_("The disk is too full to save {place}."), remedy=Remedy.FREE_SPACE
    ),
    Reason.READ_ONLY: ErrorSentences(
        N_("Couldn’t save {place} because the location is read-only."), remedy=Remedy.ALLOW_WRITING
    ),
    Reason.DISK_FAILED: ErrorSentences(
        N_("The disk failed to read or write {place}."), remedy=Remedy.CHECK_DISK
    ),
    Reason.STORE_CLOSED: ErrorSentences(N_("Your library isn’t open."), remedy=Remedy.RESTART),
    Reason.STORE_OPEN_IN_OLDER: ErrorSentences(
        N_("Your library {place} is open in an older version of Repartee."),
        remedy=Remedy.CLOSE_OLDER_VERSION,
    ),
    Reason.STORE_OF_OTHER_PROGRAM: ErrorSentences(
        N_("{place} belongs to another program."), remedy=Remedy.MOVE_FILE
    ),
    Reason.STORE_TOO_NEW: ErrorSentences(
        N_("Your library {place} is from a newer version of Repartee."),
        remedy=Remedy.INSTALL_NEWER_VERSION,
    ),
    Reason.STORE_MISSING: ErrorSentences(
        N_("There is no library yet."), remedy=Remedy.START_TO_CREATE
    ),
    Reason.STORE_IN_USE_BY_COMMAND: ErrorSentences(
        N_("Another Repartee command is using your library, so nothing was deleted."),
        remedy=Remedy.WAIT_FOR_COMMAND,
    ),
    Reason.STORE_IN_USE_FOR_REPAIR: ErrorSentences(
        N_("Your library is open in another Repartee window or command."),
        remedy=Remedy.CLOSE_TO_REPAIR,
    ),
    Reason.STORE_IN_USE_FOR_RESTORE: ErrorSentences(
        N_("Your library is open in another Repartee window or command."),
        remedy=Remedy.CLOSE_TO_RESTORE,
    ),
    Reason.OTHER_WRITER: ErrorSentences(
        N_("Another program is writing a response in this conversation."),
        remedy=Remedy.WAIT_OR_START_NEW,
    ),
    Reason.TEMPORARY_CLOSED: ErrorSentences(
        N_("The temporary conversation was closed, but your message is still in the prompt."),
        remedy=Remedy.SEND_ELSEWHERE,
    ),
    Reason.TEMPORARY_HAS_NO_BRANCHES: ErrorSentences(
        N_("Temporary conversations can’t be branched, because the branch would be saved."),
        remedy=Remedy.USE_REGULAR,
    ),
    Reason.ATTACHMENT_CHANGED: ErrorSentences(
        N_("The file changed while it was being attached."), remedy=Remedy.ATTACH_CHANGED_FILE
    ),
    Reason.ATTACHMENT_MISSING: ErrorSentences(
        N_("The attachment’s file is missing."), remedy=Remedy.ATTACH_AGAIN
    ),
    Reason.FOLDER_NOT_WRITABLE: ErrorSentences(
        N_("Repartee can’t write to its folder {folder}."), remedy=Remedy.MAKE_WRITABLE
    ),
    Reason.CALLS_NOT_TAKEN: ErrorSentences(
        N_("“repartee quick” and later starts can’t reach this window."),
        remedy=Remedy.SET_RUNTIME_FOLDER,
    ),
    Reason.CALLS_PLACE_TAKEN: ErrorSentences(
        N_("A folder is in the way of “repartee quick” and later starts."),
        remedy=Remedy.MOVE_FOLDER,
    ),
    Reason.SHORTCUT_NOT_BOUND: ErrorSentences(
        N_("Repartee couldn’t change the shortcuts of the desktop."),
        remedy=Remedy.ASSIGN_IN_DESKTOP,
    ),
    Reason.AUTOSTART_NOT_WRITTEN: ErrorSentences(
        N_("Repartee couldn’t change what starts at login."), remedy=Remedy.CHECK_AUTOSTART_FOLDER
    ),
    Reason.PROCESS_NOT_STARTED: ErrorSentences(
        N_("Repartee couldn’t start a helper process."), remedy=Remedy.CLOSE_OTHER_APPS
    ),
    Reason.DEFECT: ErrorSentences(
        N_("Something went wrong, but your conversations are saved."), remedy=Remedy.SEE_LOG
    ),
    # Backups
    Reason.BACKUP_FAILED: ErrorSentences(
        N_("The backup failed."),
        remedy=Remedy.CHECK_BACKUP_FOLDER,
        fuller=N_("The backup failed: {words}"),
    ),
    Reason.BACKUP_OF_OTHER_KIND: ErrorSentences(
        N_("{file} isn’t a Repartee backup."), remedy=Remedy.CHOOSE_BACKUP
    ),
    Reason.BACKUP_DAMAGED: ErrorSentences(
        N_("The backup {file} is damaged, so your library wasn’t changed."),
        remedy=Remedy.CHOOSE_OTHER_BACKUP,
    ),
    Reason.NO_ROOM_TO_RESTORE: ErrorSentences(
        N_("{file} needs {size} MB, but only {free} MB are free."),
        remedy=Remedy.FREE_SPACE_TO_RESTORE,
    ),
    # Files that somebody else made
    Reason.FOREIGN_NOT_A_FILE: ErrorSentences(N_("{file} isn’t a regular file.")),
    Reason.FOREIGN_TOO_LARGE: ErrorSentences(N_("{file} is larger than {limit} MB.")),
    Reason.FOREIGN_EMPTY: ErrorSentences(N_("{file} is empty.")),
    Reason.FOREIGN_NO_ARCHIVE: ErrorSentences(N_("{file} isn’t a readable archive ({words}).")),
    Reason.FOREIGN_REPEATED_MEMBER: ErrorSentences(N_("{file} contains {member} more than once.")),
    Reason.FOREIGN_MEMBER_TOO_LARGE: ErrorSentences(
        N_("{member} in {file} is larger than {limit} MB.")
    ),
    Reason.FOREIGN_LOCKED: ErrorSentences(N_("{file} is password-protected.")),
    Reason.FOREIGN_MEMBER_UNREADABLE: ErrorSentences(
        N_("{member} in {file} has an unsupported format.")
    ),
    Reason.FOREIGN_DAMAGED: ErrorSentences(N_("{file} is damaged ({words}).")),
    Reason.FOREIGN_OVERLAPS: ErrorSentences(
        N_("{file} isn’t safe to open because its contents overlap.")
    ),
    Reason.FOREIGN_CUT: ErrorSentences(N_("{file} is incomplete.")),
    Reason.FOREIGN_WITHOUT_CONVERSATIONS: ErrorSentences(N_("{file} contains no conversations.")),
    Reason.FOREIGN_UNPACKS_TOO_FAR: ErrorSentences(
        N_("{file} is larger than {limit} MB when unpacked.")
    ),
    Reason.FOREIGN_BOMB: ErrorSentences(N_("{file} unpacks to more than 100 times its size.")),
    Reason.FOREIGN_TOO_MANY_VALUES: ErrorSentences(
        N_("{file} contains too many values for an export.")
    ),
    Reason.FOREIGN_STORE_TOO_LARGE: ErrorSentences(
        N_("{file} contains a library larger than {limit} GB.")
    ),
    # Imports and exports
    Reason.IMPORT_UNREADABLE: ErrorSentences(
        N_("Couldn’t read {file}: {words}."), remedy=Remedy.CHECK_NAME_AND_PERMISSIONS
    ),
    Reason.IMPORT_NEEDS_MEMORY: ErrorSentences(
        N_("There isn’t enough memory to import {file}."), remedy=Remedy.EXPORT_AGAIN
    ),
    Reason.IMPORT_UNKNOWN: ErrorSentences(
        N_("The file contains no conversations from Repartee, ChatGPT, Open WebUI, or LibreChat."),
        remedy=Remedy.EXPORT_AGAIN,
    ),
    Reason.IMPORT_NOT_JSON: ErrorSentences(
        N_("The file is damaged or isn’t JSON."), remedy=Remedy.EXPORT_AGAIN
    ),
    Reason.IMPORT_NOT_A_LIST: ErrorSentences(
        N_("The file is damaged because it has no list of conversations."),
        remedy=Remedy.EXPORT_AGAIN,
    ),
    Reason.IMPORT_NOT_CHATGPT: ErrorSentences(
        N_("The file contains a conversation that isn’t from ChatGPT."), remedy=Remedy.EXPORT_AGAIN
    ),
    Reason.IMPORT_NOT_LIBRECHAT: ErrorSentences(
        N_("The file contains a conversation that isn’t from LibreChat."),
        remedy=Remedy.EXPORT_AGAIN,
    ),
    Reason.IMPORT_NOT_OPEN_WEBUI: ErrorSentences(
        N_("The file contains a conversation that isn’t from Open WebUI."),
        remedy=Remedy.EXPORT_AGAIN,
    ),
    Reason.IMPORT_TOO_NEW: ErrorSentences(
        N_("The file is from a newer version of Repartee."), remedy=Remedy.IMPORT_WITH_NEWER_VERSION
    ),
    Reason.IMPORT_FOREIGN_MESSAGES: ErrorSentences(
        N_("A conversation in the file contains messages of another conversation."),
        remedy=Remedy.EXPORT_AGAIN,
        fuller=N_("“{title}” was skipped because it contains messages of another conversation."),
    ),
    Reason.IMPORT_TOO_DEEP: ErrorSentences(
        N_("An untitled conversation was skipped because it is nested too deeply."),
        remedy=Remedy.EXPORT_AGAIN,
        fuller=N_("“{title}” was skipped because it is nested too deeply."),
    ),
    Reason.IMPORT_NOT_STORED: ErrorSentences(
        N_("An untitled conversation was skipped because it couldn’t be saved ({words})."),
        remedy=Remedy.EXPORT_AGAIN,
        fuller=N_("“{title}” was skipped because it couldn’t be saved ({words})."),
    ),
    Reason.IMPORT_FIELD_MISSING: ErrorSentences(
        N_("An untitled conversation was skipped because {words} is missing."),
        remedy=Remedy.EXPORT_AGAIN,
        fuller=N_("“{title}” was skipped because {words} is missing."),
    ),
    Reason.IMPORT_INVALID: ErrorSentences(
        N_("An untitled conversation was skipped because its data is invalid ({words})."),
        remedy=Remedy.EXPORT_AGAIN,
        fuller=N_("“{title}” was skipped because its data is invalid ({words})."),
    ),
    Reason.IMPORT_BROKE_OFF: ErrorSentences(
        N_("The import stopped unexpectedly."), remedy=Remedy.IMPORT_AGAIN
    ),
    Reason.EXPORT_BROKE_OFF: ErrorSentences(
        N_("The export stopped unexpectedly."), remedy=Remedy.RETRY_EXPORT
    ),
    Reason.EXPORT_FAILED: ErrorSentences(
        N_("Couldn’t save {file}."), remedy=Remedy.CHOOSE_OTHER_PLACE
    ),
    Reason.EXPORT_UNWRITABLE: ErrorSentences(
        N_("Couldn’t save {file}: {words}."), remedy=Remedy.CHOOSE_LOCATION
    ),
    Reason.EXPORT_NO_SUCH: ErrorSentences(
        N_("There is no conversation {given}."), remedy=Remedy.LIST_CONVERSATIONS
    ),
    Reason.EXPORT_NO_TABLES: ErrorSentences(
        N_("The responses contain no table."), remedy=Remedy.CHOOSE_FORMAT
    ),
    Reason.EXPORT_NO_CORRECTIONS: ErrorSentences(
        N_("There are no corrected responses."), remedy=Remedy.CORRECT_RESPONSE
    ),
    Reason.EXPORT_NOT_LAID_OUT: ErrorSentences(
        N_("Couldn’t lay out the pages."), remedy=Remedy.CHOOSE_FORMAT
    ),
    Reason.PRINT_FAILED: ErrorSentences(
        N_("Couldn’t print the conversation."), remedy=Remedy.CHOOSE_OTHER_PLACE
    ),
    Reason.PRINT_WITHOUT_ROOM: ErrorSentences(
        N_("Couldn’t print the conversation."), remedy=Remedy.CHECK_FREE_SPACE
    ),
    Reason.PRINTER_FAILED: ErrorSentences(
        N_("Couldn’t print the conversation."), remedy=Remedy.CHECK_PRINTER
    ),
    Reason.PRINT_NOTHING: ErrorSentences(
        N_("This conversation has nothing to print."), remedy=Remedy.SEND_FIRST
    ),
    Reason.PRINT_NO_PAGE: ErrorSentences(
        N_("This conversation has no page {page}."), remedy=Remedy.CHOOSE_PAGES
    ),
    # The model on this computer
    Reason.WEIGHTS_MISSING: ErrorSentences(
        N_("The built-in model isn’t installed."), remedy=Remedy.INSTALL_WEIGHTS
    ),
    Reason.WEIGHTS_NOT_GGUF: ErrorSentences(
        N_("{file} isn’t a GGUF model file."), remedy=Remedy.CHOOSE_OTHER_MODEL
    ),
    Reason.WEIGHTS_UNREADABLE: ErrorSentences(
        N_("Couldn’t read the model file {file}."), remedy=Remedy.CHOOSE_OTHER_MODEL
    ),
    Reason.WEIGHTS_NOT_LOADED: ErrorSentences(
        N_("Couldn’t load the model file {file}."), remedy=Remedy.CHOOSE_OTHER_MODEL
    ),
    Reason.LOCAL_MODEL_SLOW: ErrorSentences(
        N_("{file} didn’t load within {limit} seconds."), remedy=Remedy.CLOSE_APPS_OR_CHOOSE_SMALLER
    ),
    Reason.LOCAL_MODEL_STOPPED: ErrorSentences(
        N_("The local model stopped."), remedy=Remedy.RESTART_MODEL
    ),
    Reason.LOCAL_MODEL_NOT_STARTED: ErrorSentences(
        N_("Couldn’t start the local model."), remedy=Remedy.RETRY_OR_RESTART
    ),
    Reason.LOCAL_MODEL_SILENT: ErrorSentences(
        N_("The local model didn’t respond."), remedy=Remedy.RESTART_MODEL
    ),
    # Settings
    Reason.MODELS_FILE_UNREADABLE: ErrorSentences(
        N_("Couldn’t read {file}."), remedy=Remedy.CORRECT_FILE
    ),
    Reason.MODELS_FILE_INVALID: ErrorSentences(
        N_("The model list isn’t valid: {words}."), remedy=Remedy.CORRECT_MODELS_FILE
    ),
    Reason.MODELS_FILE_WRONG_TYPE: ErrorSentences(
        N_("The model list contains a value of the wrong type ({words})."),
        remedy=Remedy.CORRECT_MODELS_FILE,
    ),
    Reason.NO_SUCH_SETTING: ErrorSentences(
        N_("There is no setting “{key}”."), remedy=Remedy.CHECK_SETTING_NAME
    ),
    Reason.NOT_A_SHORTCUT: ErrorSentences(
        N_("“{keys}” isn’t a valid shortcut."), remedy=Remedy.ENTER_SHORTCUT
    ),
    Reason.SHORTCUTS_FILE: ErrorSentences(
        N_("“{name}” isn’t a file of shortcuts, or can’t be read."), remedy=Remedy.CHOOSE_SHORTCUTS
    ),
    Reason.SETTING_INVALID: ErrorSentences(
        N_("{value} isn’t a valid value for “{key}”."), remedy=Remedy.TAKES_TEXT
    ),
}
