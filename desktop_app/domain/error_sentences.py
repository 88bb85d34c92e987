"""The sentences of errors: one row for each reason, with placeholders for its parameters.

A row has the usual sentences on what was kept and what to do; an error may have other ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import Kept, Remedy
from desktop_app.i18n.translation import N_


class Said(NamedTuple):
    """The sentences of a reason.

    Attributes:
        happened: what happened.
        kept, remedy: what was kept and what to do, "" if there is nothing to say.
        fuller: used in place of `happened` if the error has a value for each of its placeholders.
    """

    happened: str
    kept: Kept | str = ""
    remedy: Remedy | str = ""
    fuller: str = ""


SENTENCES: Final[Mapping[Reason, Said]] = {
    # The provider's refusals
    Reason.NO_CREDIT: Said(
        "The account at {provider} has no credit left.",
        remedy="Add credit on the provider's billing page, or choose another provider.",
    ),
    Reason.TOO_MANY_REQUESTS: Said(
        "{provider} takes no more requests for the moment.", remedy=Remedy.RETRY_SOON
    ),
    Reason.KEY_NOT_ACCEPTED: Said(
        "{provider} did not accept the API key.", remedy=Remedy.CHECK_KEY
    ),
    Reason.CONVERSATION_TOO_LONG: Said(
        "The conversation is longer than the model takes.",
        remedy=(
            "Remove an attachment, start a new conversation, or choose a model with a larger "
            "window."
        ),
    ),
    Reason.IMAGES_REFUSED: Said(
        "The model at {provider} does not take these pictures.",
        remedy="Choose a model that sees pictures, or edit the question and remove them.",
        fuller="The model at {provider} does not take these pictures: {words}",
    ),
    Reason.MODEL_NOT_SERVED: Said(
        "{provider} does not serve this model to this key.",
        remedy="Choose another model, or ask the provider for access.",
        fuller="{provider} does not serve this model to this key: {words}",
    ),
    Reason.SETTING_REFUSED: Said(
        "{provider} refused the setting “{setting}”.",
        remedy=Remedy.CHANGE_SETTING,
        fuller="{provider} refused the setting “{setting}”: {words}",
    ),
    Reason.UNNAMED_SETTING_REFUSED: Said(
        "{provider} refused a setting.",
        remedy=Remedy.CHANGE_SETTING,
        fuller="{provider} refused a setting: {words}",
    ),
    Reason.ACCESS_REFUSED: Said(
        "{provider} refused access.",
        remedy="Check that the key may use this model from where you are.",
        fuller="{provider} refused access: {words}",
    ),
    Reason.REQUEST_TOO_LARGE: Said(
        "The request is larger than {provider} takes.",
        remedy="Remove an attachment or start a new conversation.",
    ),
    Reason.FAILED_WHILE_ANSWERING: Said(
        "{provider} failed while it answered.",
        remedy=Remedy.RETRY_BILLED,
        fuller="{provider} failed while it answered: {words}",
    ),
    Reason.REQUEST_REFUSED: Said(
        "{provider} refused the request.",
        remedy=Remedy.RETRY_CHANGED,
        fuller="{provider} refused the request: {words}",
    ),
    Reason.PROVIDER_FAULT: Said(
        "{provider} has a fault of its own at the moment ({http}).", remedy=Remedy.RETRY_LATER
    ),
    Reason.NOT_FINISHED_IN_TIME: Said(
        "{provider} did not finish the request in time ({http}).", remedy=Remedy.RETRY_BILLED
    ),
    Reason.NOT_SERVED_THERE: Said("{model} is not served there."),
    Reason.API_MISSING: Said(
        "The address of {provider} does not offer this API.", remedy=Remedy.CHECK_ADDRESS
    ),
    Reason.EMPTY_REPLY: Said(
        "The address of {provider} does not offer this API: an empty reply came back.",
        remedy=Remedy.CHECK_ADDRESS,
    ),
    Reason.NO_COMPACTION_API: Said(
        "The address of {provider} does not offer this API: it does not compact.",
        remedy=Remedy.CHECK_ADDRESS,
    ),
    Reason.NO_EMBEDDING_API: Said(
        "The address of {provider} does not offer this API: it makes no embeddings.",
        remedy=Remedy.CHECK_ADDRESS,
    ),
    Reason.REDIRECTED: Said(
        (
            "The address of {provider} does not offer this API: it redirects to another address, "
            "where key and questions are not sent."
        ),
        remedy=Remedy.CHECK_ADDRESS_OR_SIGN_IN,
        fuller=(
            "The address of {provider} does not offer this API: it redirects to {host}, where key"
            " and questions are not sent."
        ),
    ),
    Reason.WEB_PAGE: Said(
        "The address of {provider} does not offer this API: a web page came back.",
        remedy=Remedy.CHECK_ADDRESS_OR_SIGN_IN,
    ),
    Reason.NO_BATCH_API: Said(
        "{provider} has no batches at its address.",
        kept="Nothing was billed.",
        remedy="Choose another provider for the job.",
    ),
    # Keys
    Reason.NO_KEY: Said("No API key is set for {provider}.", remedy=Remedy.ADD_KEY),
    Reason.NO_KEY_FOR_HOST: Said(
        "No key for this address.", remedy=Remedy.ENTER_KEY_AGAIN, fuller="No key for {host}."
    ),
    Reason.KEY_MALFORMED: Said(
        "The API key holds characters that no key has.", remedy=Remedy.ENTER_KEY_AGAIN
    ),
    Reason.KEYRING_LOCKED: Said(
        "The keyring is locked.",
        remedy="Unlock it and try again, or enter the key for this session.",
    ),
    Reason.KEYRING_SLOW: Said(
        "The keyring did not answer in time. It may be locked.",
        remedy="Unlock it and try again, or enter the key for this session.",
    ),
    Reason.KEYRING_MISSING: Said("There is no working keyring.", remedy=Remedy.KEY_WITHOUT_KEYRING),
    Reason.KEYRING_FORGETS: Said(
        "The keyring does not keep what is written to it.", remedy=Remedy.KEY_WITHOUT_KEYRING
    ),
    Reason.KEYRING_NOT_TRUSTED: Said(
        "{module} is not the keyring of the operating system.", remedy=Remedy.KEY_WITHOUT_KEYRING
    ),
    Reason.KEY_WITHOUT_ADDRESS: Said(
        "The key was not stored: this provider has no usable address.",
        remedy="Enter the address first, then the key.",
    ),
    # The connection
    Reason.NOT_REACHED: Said(
        "{provider} could not be reached at {host}.", remedy=Remedy.CHECK_CONNECTION
    ),
    Reason.NOT_ENCRYPTED: Said(
        "{provider} gave no encrypted connection at {host}.",
        remedy="Check the address and its port, and the proxy if any.",
    ),
    Reason.ADDRESS_NOT_ENCRYPTED: Said(
        (
            "The address of {provider} is not encrypted, so anyone on the way could read the key "
            "and the conversation."
        ),
        remedy=Remedy.USE_HTTPS,
    ),
    Reason.ADDRESS_UNUSABLE: Said(
        "The address of {provider} cannot be used.", remedy=Remedy.ENTER_ADDRESS
    ),
    Reason.NO_REPLY_IN_TIME: Said("{provider} gave no answer in time.", remedy=Remedy.RETRY_BILLED),
    Reason.BROKE_BEFORE_ANSWER: Said(
        "The connection to {provider} broke before the answer began.", remedy=Remedy.RETRY_BILLED
    ),
    Reason.BROKE_IN_REPLY: Said(
        "The connection to {provider} broke in the middle of a reply.", remedy="It is tried again."
    ),
    Reason.BROKE_IN_ANSWER: Said(
        "The connection to {provider} broke before the answer was whole.",
        remedy=Remedy.RETRY_BILLED,
    ),
    Reason.SILENT_IN_ANSWER: Said(
        "The connection to {provider} fell silent before the answer was whole.",
        remedy=Remedy.RETRY_BILLED,
    ),
    Reason.LOST_IN_SLEEP: Said(
        "The connection to {provider} was lost while the computer slept.",
        remedy=Remedy.RETRY_BILLED,
    ),
    Reason.CANCEL_TIMEOUT: Said("The provider did not answer in time."),
    Reason.CERTIFICATE_EXPIRED: Said(
        "The certificate of {provider} has expired.", remedy=Remedy.CHECK_CLOCK
    ),
    Reason.CERTIFICATE_NOT_YET_VALID: Said(
        "The certificate of {provider} is not valid yet.", remedy=Remedy.CHECK_CLOCK
    ),
    Reason.CERTIFICATE_OF_OTHER: Said(
        "The certificate of {provider} is not for {host}.", remedy=Remedy.CHECK_ADDRESS_OF_OTHER
    ),
    Reason.CERTIFICATE_NOT_TRUSTED: Said(
        "The certificate of {provider} is not trusted by this computer.",
        remedy=Remedy.CHOOSE_CERTIFICATES,
    ),
    Reason.PROXY_WANTS_PASSWORD: Said(
        "The proxy in use asks for a password.",
        remedy=Remedy.CHECK_PROXY,
        fuller="The proxy {proxy} asks for a password.",
    ),
    Reason.PROXY_PASSWORD_WRONG: Said(
        "The proxy in use did not accept the user and the password.",
        remedy=Remedy.CHECK_PROXY,
        fuller="The proxy {proxy} did not accept the user and the password.",
    ),
    Reason.PROXY_BLOCKS: Said(
        "The proxy in use does not let requests through to {host}: {words}.",
        remedy=Remedy.CHECK_PROXY,
        fuller="The proxy {proxy} does not let requests through to {host}: {words}.",
    ),
    Reason.PROXY_CANNOT_REACH: Said(
        "The proxy in use could not reach {provider} at {host}.",
        remedy="Check the address of {provider}, and the proxy.",
        fuller="The proxy {proxy} could not reach {provider} at {host}.",
    ),
    Reason.PROXY_OF_OTHER_KIND: Said(
        "What answers at the address of the proxy is no proxy of this kind.",
        remedy=Remedy.CHECK_PROXY_KIND,
        fuller="What answers at {proxy} is no proxy of this kind.",
    ),
    Reason.PROXY_TIMEOUT: Said(
        "The proxy in use did not answer in time.",
        remedy=Remedy.CHECK_PROXY,
        fuller="The proxy {proxy} did not answer in time.",
    ),
    Reason.PROXY_NOT_REACHED: Said(
        "The proxy {proxy} could not be reached.", remedy=Remedy.CHECK_PROXY
    ),
    Reason.PROXY_ADDRESS_INVALID: Said(
        N_("This isn’t a valid proxy URL."),
        remedy=N_("Enter one like http://host:3128 or socks5://host:1080."),
    ),
    Reason.NETWORK_SETTINGS_UNUSABLE: Said(
        "The proxy or the certificates of this computer cannot be used.",
        remedy=Remedy.CHECK_ENVIRONMENT_PROXY,
    ),
    Reason.CERTIFICATES_UNREADABLE: Said(
        "The certificate file {file} cannot be read.", remedy=Remedy.CHOOSE_PEM
    ),
    Reason.CERTIFICATES_EMPTY: Said(
        "The certificate file {file} is empty.", remedy=Remedy.CHOOSE_PEM
    ),
    Reason.CERTIFICATES_TOO_LARGE: Said(
        "The certificate file {file} is too large for a file of certificates.",
        remedy=Remedy.CHOOSE_PEM,
    ),
    Reason.CERTIFICATES_ARE_KEY: Said(
        "The certificate file {file} holds a private key, not a certificate.",
        remedy=Remedy.CHOOSE_PEM,
    ),
    Reason.CERTIFICATES_ARE_OTHER: Said(
        "The certificate file {file} holds something else, not a certificate.",
        remedy=Remedy.CHOOSE_PEM,
    ),
    Reason.CERTIFICATES_INVALID: Said(
        "The certificate file {file} holds no certificate that can be read.",
        remedy=Remedy.CHOOSE_PEM,
    ),
    Reason.CERTIFICATES_EXPIRED: Said(
        "The certificate file {file} holds a certificate that expired on {day}.",
        remedy=Remedy.CHOOSE_PEM,
    ),
    # Replies that are not what the API promises
    Reason.REPLY_NOT_JSON: Said(
        "The reply of {provider} was not the JSON that it should be.",
        remedy=Remedy.RETRY_OR_CHECK_ADDRESS,
    ),
    Reason.REPLY_COMPRESSED: Said(
        "{provider} sent a compressed reply, though a plain one was asked for.",
        remedy="Turn compression off at the server, or at the proxy in front of it.",
    ),
    Reason.ANSWER_CUT: Said(
        "{provider} ended the answer before it was whole.", remedy=Remedy.RETRY_BILLED
    ),
    Reason.ANSWER_UNREADABLE: Said(
        "{provider} sent something that is no part of an answer.", remedy=Remedy.RETRY_BILLED
    ),
    Reason.RUN_GONE: Said(
        (
            "{provider} no longer has this answer: what runs in the background is kept there for "
            "about 10 minutes after its end."
        ),
        remedy=Remedy.RETRY_BILLED,
    ),
    Reason.RUN_WITHOUT_PROVIDER: Said(
        "The provider that was making this answer in the background is no longer set up here.",
        remedy=Remedy.RETRY_ELSEWHERE,
    ),
    Reason.BATCH_UPLOAD_UNNAMED: Said(
        "{provider} took the upload without giving it a name.", remedy=Remedy.TRY_LATER
    ),
    Reason.BATCH_UNREADABLE: Said(
        "{provider} sent something that is no batch.", remedy=Remedy.TRY_LATER
    ),
    Reason.EMBEDDINGS_UNREADABLE: Said(
        "{provider} sent something that are no embeddings.",
        remedy="Check the name of the embedding model in Settings › Library.",
    ),
    Reason.COMPACTION_UNREADABLE: Said(
        "{provider} sent something that is no compacted conversation.",
        remedy="Try again, or start a new conversation.",
    ),
    Reason.MODELS_UNREADABLE: Said(
        "{provider} sent something that is no list of models.", remedy=Remedy.TYPE_MODEL
    ),
    Reason.ANSWER_TOO_LARGE: Said(
        "The answer of {provider} grew beyond {limit} MB; the connection was closed.",
        remedy=Remedy.ASK_SHORTER,
    ),
    Reason.ANSWER_TOO_LONG: Said(
        "The answer of {provider} grew beyond {limit} MB.",
        remedy=Remedy.ASK_SHORTER,
    ),
    Reason.TEMPORARY_ANSWER_TOO_LONG: Said(
        "The answer grew beyond what a temporary conversation holds in memory; it was ended there.",
        kept=Kept.TEXT,
        remedy="Ask for a shorter answer, or ask in an ordinary conversation.",
    ),
    Reason.ANSWER_ENDED_AT_LIMIT: Said(
        "The answer of {provider} grew beyond {limit} MB; it was ended there.",
        remedy=Remedy.ASK_SHORTER,
    ),
    Reason.ANSWER_IN_TOO_MANY_PARTS: Said(
        "The answer of {provider} fell into more than {limit} parts; the connection was closed.",
        remedy=Remedy.ASK_SHORTER,
    ),
    Reason.EVENT_TOO_LARGE: Said(
        "{provider} sent a single event of more than {limit} MB; the connection was closed.",
        remedy=Remedy.CHECK_ADDRESS_OR_LEAVE,
    ),
    Reason.REPLY_TOO_LARGE: Said(
        "{provider} sent more than {limit} MB in one reply; the connection was closed.",
        remedy=Remedy.CHECK_ADDRESS_OR_LEAVE,
    ),
    Reason.TOO_MANY_VALUES: Said(
        "{provider} sent JSON with more values than a reply has; the connection was closed.",
        remedy=Remedy.CHECK_ADDRESS_OR_LEAVE,
    ),
    Reason.TOO_MANY_RESULTS: Said(
        "{provider} sent more results than a batch has requests; the connection was closed.",
        remedy=Remedy.CHECK_ADDRESS_OR_LEAVE,
    ),
    Reason.TOO_MANY_HEADERS: Said(
        "{provider} sent more than {limit} KB of headers; the connection was closed.",
        remedy=Remedy.CHECK_ADDRESS_OR_LEAVE,
    ),
    # Questions and settings that cannot be sent
    Reason.PROVIDER_REMOVED: Said(N_("Provider removed. Choose another."), kept=Kept.PROMPT),
    Reason.NO_SUCH_PROVIDER: Said("There is no provider “{provider}”.", remedy=Remedy.THERE_ARE),
    Reason.VARIANT_AND_MODEL: Said("A variant and a model exclude each other."),
    Reason.NO_VARIANTS: Said(
        "{provider} offers none of the GPT-5.2 variants.", remedy=Remedy.NAME_PROVIDER
    ),
    Reason.NO_VARIANTS_HERE: Said(
        "The model on this computer offers none of the GPT-5.2 variants.",
        remedy=Remedy.NAME_PROVIDER,
    ),
    Reason.NO_MODEL_KNOWN: Said(
        "No model is known for {provider}.", remedy="Name one with --model."
    ),
    Reason.NO_LOCAL_MODEL: Said(
        "There is no model “{model}” on this computer.",
        remedy="Name the path of a GGUF file, or leave the model out.",
    ),
    Reason.EFFORT_NOT_TAKEN: Said(
        "{model} takes no reasoning effort.", kept=Kept.NOTHING_SENT, remedy="Leave the effort out."
    ),
    Reason.EFFORT_FIXED: Said(
        "{model} always thinks at {only}.", kept=Kept.NOTHING_SENT, remedy="It takes: {accepted}."
    ),
    Reason.EFFORT_UNSUPPORTED: Said(
        "{model} does not take effort {effort}.",
        kept=Kept.NOTHING_SENT,
        remedy="It takes: {accepted}.",
    ),
    Reason.CAP_REACHED: Said(
        (
            "This would pass the monthly cap of {provider}: {spent} spent, {cost} for this "
            "message's input, {cap} allowed."
        ),
        kept="Nothing was sent, and what you wrote is still there.",
        remedy=Remedy.RAISE_CAP,
        fuller=(
            "This would pass the monthly cap of {provider}: {spent} spent, {held} more on its "
            "way, {cost} for this message's input, {cap} allowed."
        ),
    ),
    Reason.DOES_NOT_FIT: Said(
        "The conversation would make {tokens} tokens of input; {model} takes {limit}.",
        kept=Kept.PROMPT,
        fuller="{names} would make {tokens} tokens of input; {model} takes {limit}.",
    ),
    Reason.MAY_NOT_FIT: Said(
        "The conversation would make about {tokens} tokens of input; {model} takes {limit}.",
        kept=Kept.PROMPT,
        fuller="{names} would make about {tokens} tokens of input; {model} takes {limit}.",
    ),
    Reason.IMAGES_NOT_SEEN: Said(
        "{model} does not see pictures.",
        kept=Kept.PROMPT,
        remedy="Choose another model or provider, or remove {names}.",
    ),
    Reason.PAGES_NOT_SEEN: Said(
        "{model} does not see pictures, and {count} of the {total} pages of {file} are pictures.",
        kept=Kept.PROMPT,
        remedy="Choose another model or provider, or remove {names}.",
        fuller=(
            "{model} does not see pictures, and {count} of the {total} pages of {file} are "
            "pictures and {count2} of the {total2} pages of {file2} are pictures."
        ),
    ),
    Reason.TOO_MANY_IMAGE_PAGES: Said(
        "{pages} pages would be sent as pictures; {limit} can be sent at once.",
        kept=Kept.PROMPT,
        remedy=(
            "Have them read in parts, choose fewer pages in the preview, or run text recognition "
            "(OCR) over them first."
        ),
    ),
    Reason.PAGE_IMAGE_TOO_LARGE: Said(
        "Page {page} of “{name}” is a picture that is too large for {model}.",
        kept=Kept.PROMPT,
        remedy=(
            "Choose a lower detail or the text alone in the menu on its chip, or a model with a "
            "larger window."
        ),
    ),
    Reason.FILES_TOO_LARGE: Said(
        (
            "The files of this conversation are {together} together; {provider} takes {limit} in "
            "one request."
        ),
        kept=Kept.PROMPT,
        remedy="Send the text of some: the menu on their chips.",
    ),
    Reason.FILES_NOT_TAKEN: Said(
        "{provider} takes no files from here, and {name} is to be sent as one.",
        kept=Kept.PROMPT,
        remedy=Remedy.SEND_TEXT,
    ),
    Reason.FILE_WANTS_PASSWORD: Said(
        "{name} asks for a password, which {provider} does not have.",
        kept=Kept.PROMPT,
        remedy=Remedy.SEND_TEXT,
    ),
    Reason.FILE_TYPE_AS_TEXT: Said(
        "{provider} reads such files as text alone, and {name} is to be sent as a file.",
        kept=Kept.PROMPT,
        remedy=Remedy.SEND_TEXT,
        fuller=(
            "{provider} reads {ending} files as text alone, and {name} is to be sent as a file."
        ),
    ),
    Reason.FILE_TOO_LARGE_TO_SEND: Said(
        "{name} is {size}; {provider} takes files of up to {limit}.",
        kept=Kept.PROMPT,
        remedy=Remedy.SEND_TEXT,
    ),
    Reason.PASSWORD_NEEDED_FOR_PAGES: Said(
        "To draw the pages of “{name}”, its password is needed.",
        kept=Kept.PROMPT,
        remedy="Enter it, or send the text alone: the menu on its chip.",
    ),
    Reason.SECTIONS_UNMARKED: Said(
        "The {unit}s of {name} are not marked in its text.", remedy="Send all of it."
    ),
    Reason.SECTIONS_GONE: Said(
        "The {unit}s of “{name}” cannot be told apart any more.",
        kept=Kept.NOTHING_SENT,
        remedy="Attach the file again.",
    ),
    Reason.NO_SECTION_NAMED: Said(
        "No {unit} is named.", kept=Kept.CHOICE, remedy=Remedy.SECTIONS_ARE
    ),
    Reason.SECTION_NAME_AMBIGUOUS: Said(
        "“{given}” is the name of several sheets.", kept=Kept.CHOICE, remedy=Remedy.SECTIONS_ARE
    ),
    Reason.SECTION_UNKNOWN: Said(
        "An empty place names no {unit}.",
        kept=Kept.CHOICE,
        remedy=Remedy.SECTIONS_ARE,
        fuller="“{given}” names no {unit}.",
    ),
    Reason.SECTION_NAME_IS_NUMBER: Said(
        (
            "“{given}” is the number of a sheet and the name of another: a name goes in quotation"
            " marks."
        ),
        kept=Kept.CHOICE,
        remedy=Remedy.SECTIONS_ARE,
    ),
    Reason.SECTIONS_BACKWARDS: Said(
        "“{given}” runs backwards.", kept=Kept.CHOICE, remedy=Remedy.SECTIONS_ARE
    ),
    Reason.NO_SUCH_SECTION: Said(
        "There is no {unit} {number}.", kept=Kept.CHOICE, remedy=Remedy.SECTIONS_ARE
    ),
    Reason.NO_SUCH_FILE_NAMED: Said(
        "--pages {given}: there is no such file among those named.",
        kept=Kept.NOTHING_SENT,
        remedy=Remedy.THERE_ARE,
    ),
    Reason.NO_PAGES_TO_CHOOSE: Said(
        "“{name}” has no pages that could be chosen.",
        kept=Kept.NOTHING_SENT,
        remedy="Leave --pages out, or say of which file: --pages FILE=3-10,15.",
    ),
    Reason.NOTHING_PIPED_IN: Said("“-” stands for standard input, and nothing is piped in."),
    Reason.TOO_MUCH_PIPED_IN: Said(
        "More than {limit} MB are piped in.",
        kept=Kept.NOTHING_SENT,
        remedy="Pipe in less, or attach the text as a file with --file.",
    ),
    Reason.NO_QUESTION: Said("There is no question.", remedy='Try: repartee ask "Hello"'),
    Reason.SET_WITHOUT_TEMPLATE: Said("--set fills a prompt.", remedy="Name one with --template."),
    Reason.SET_MALFORMED: Said(
        "--set {given} is not NAME=VALUE.",
        kept=Kept.NOTHING_SENT,
        remedy="Try: --set language=Polish",
    ),
    # Prompts
    Reason.PROMPT_WANTS_TWO: Said(
        "The prompt compares two documents; no document is attached.",
        kept=Kept.PROMPT,
        remedy="Attach the two that are meant.",
    ),
    Reason.PROMPT_WANTS_OTHER: Said(
        "The prompt compares two documents; one is attached.",
        kept=Kept.PROMPT,
        remedy="Attach the other one.",
    ),
    Reason.PROMPT_WANTS_NOT_MORE: Said(
        "The prompt compares two documents; {count} are attached.",
        kept=Kept.PROMPT,
        remedy="Attach the two that are meant.",
    ),
    Reason.NO_SUCH_PROMPT: Said(
        "There is no prompt “{name}”.", kept=Kept.NOTHING_SENT, remedy=Remedy.THERE_ARE
    ),
    Reason.PROMPT_NAME_AMBIGUOUS: Said(
        "There are several prompts “{name}”.", kept=Kept.NOTHING_SENT, remedy=Remedy.THERE_ARE
    ),
    Reason.PROMPT_HAS_NO_FIELD: Said(
        "The prompt “{prompt}” does not ask for “{field}”.",
        kept=Kept.NOTHING_SENT,
        remedy=Remedy.IT_ASKS_FOR,
    ),
    Reason.PROMPT_FIELD_REFUSED: Said(
        "“{field}” cannot be “{value}”; it is one of: {offered}.",
        kept=Kept.NOTHING_SENT,
        remedy=Remedy.IT_ASKS_FOR,
    ),
    Reason.PROMPT_FIELDS_MISSING: Said(
        "The prompt “{prompt}” needs {fields}.", kept=Kept.NOTHING_SENT, remedy=Remedy.IT_ASKS_FOR
    ),
    Reason.PROMPTS_NOT_JSON: Said(
        "This is no file of prompts. It is not JSON.",
        kept=Kept.NOT_ADDED,
        remedy=Remedy.CHOOSE_PROMPTS,
    ),
    Reason.PROMPTS_OF_OTHER_KIND: Said(
        "This is no file of prompts. It does not say “format”: “{format}”.",
        kept=Kept.NOT_ADDED,
        remedy=Remedy.CHOOSE_PROMPTS,
    ),
    Reason.PROMPTS_OF_OTHER_VERSION: Said(
        "This is no file of prompts. It was written by another version of Repartee.",
        kept=Kept.NOT_ADDED,
        remedy=Remedy.CHOOSE_PROMPTS,
    ),
    Reason.PROMPTS_DAMAGED: Said(
        "This is no file of prompts. A part of it cannot be understood.",
        kept=Kept.NOT_ADDED,
        remedy=Remedy.CHOOSE_PROMPTS,
    ),
    Reason.PROMPTS_UNREADABLE: Said(
        "{file} cannot be read.", kept=Kept.NOT_ADDED, remedy="Choose another file."
    ),
    # Compaction
    Reason.COMPACTION_NOT_OFFERED: Said(
        (
            "{provider} does not compact any more, and only it can read what the conversation was"
            " compacted to before."
        ),
        kept="The conversation is sent as it was.",
        remedy="Undo the earlier compaction, then compact again.",
    ),
    Reason.COMPACTION_NO_SHORTER: Said(
        "Compacting made the conversation no shorter.",
        kept="It is sent as it was.",
        remedy="Start a new conversation, or choose a model with a larger window.",
    ),
    Reason.COMPACTED_WHILE_DELETED: Said("The conversation was deleted while it was compacted."),
    # Answers that ended early
    Reason.ENDED_BY_MODEL: Said(
        "The model stopped before the end.", kept=Kept.TEXT, remedy=Remedy.CONTINUE
    ),
    Reason.ENDED_AT_LENGTH: Said(
        "The answer reached the limit on its length.", kept=Kept.TEXT, remedy=Remedy.CONTINUE
    ),
    Reason.ENDED_BY_FILTER: Said(
        "The provider's content filter ended the answer.", kept=Kept.TEXT, remedy=Remedy.CONTINUE
    ),
    # Documents
    Reason.PASSWORD_PROTECTED: Said(
        "“{name}” is protected by a password.",
        kept=Kept.FILE,
        remedy="Open it in its own program, save a copy without the password, and attach that.",
    ),
    Reason.PASSWORD_MISSING: Said(
        "“{name}” is protected by a password.", kept=Kept.FILE, remedy=Remedy.ATTACH_WITH_PASSWORD
    ),
    Reason.PASSWORD_WRONG: Said(
        "That is not the password of “{name}”.", kept=Kept.FILE, remedy=Remedy.ATTACH_WITH_PASSWORD
    ),
    Reason.DOCUMENT_DAMAGED: Said(
        "“{name}” is damaged or incomplete and could not be read.",
        kept=Kept.FILE,
        remedy="Fetch or export it once more, or open it in its own program and save it anew.",
    ),
    Reason.DOCUMENT_MISNAMED: Said(
        "“{name}” is called {ending} but its content is something else.",
        kept=Kept.FILE,
        remedy="Fetch or export it once more, or give it the ending that belongs to its content.",
    ),
    Reason.DOCUMENT_EMPTY: Said(
        "“{name}” holds no text.",
        kept=Kept.FILE,
        remedy="Check that it is the right file.",
        fuller="“{name}” holds no text. {note}",
    ),
    Reason.DOCUMENT_WITHOUT_TEXT: Said(
        "“{name}” holds no text: it is a picture, or pages that are pictures.",
        remedy="Run text recognition (OCR) over it first.",
    ),
    Reason.DOCUMENT_UNKNOWN: Said(
        "“{name}” is neither text nor a document of a kind known here.",
        kept=Kept.FILE,
        remedy=Remedy.READABLE_FORMATS,
    ),
    Reason.FORMAT_NOT_READ: Said(
        "“{name}” is in a format that is not read; save it as PDF.",
        kept=Kept.FILE,
        remedy=Remedy.READABLE_FORMATS,
    ),
    Reason.IMAGE_FORMAT_NOT_READ: Said(
        "“{name}” is a HEIC or AVIF picture, which is not read; save it as JPEG or PNG.",
        kept=Kept.FILE,
        remedy=Remedy.READABLE_FORMATS,
    ),
    Reason.OLD_OFFICE_FORMAT: Said(
        "“{name}” is in an old Office format; save it as .docx or .xlsx.",
        kept=Kept.FILE,
        remedy=Remedy.READABLE_FORMATS,
    ),
    Reason.FILE_TOO_LARGE: Said(
        "“{name}” is larger than {limit} MB.", kept=Kept.FILE, remedy=Remedy.ATTACH_PART_SEE_LIMITS
    ),
    Reason.UNPACKS_TOO_FAR: Said(
        "“{name}” unpacks to more than {limit} MB.",
        kept=Kept.FILE,
        remedy=Remedy.ATTACH_PART_SEE_LIMITS,
    ),
    Reason.TOO_MANY_ARCHIVES: Said(
        "“{name}” lies in too many archives.", kept=Kept.FILE, remedy=Remedy.ATTACH_PART_SEE_LIMITS
    ),
    Reason.FOLDER_TOO_LARGE: Said(
        "“{name}” holds more than {limit} MB of files.",
        kept=Kept.FILE,
        remedy=Remedy.ATTACH_PART_SEE_LIMITS,
    ),
    Reason.READING_TOO_LONG: Said(
        "“{name}” takes longer than {limit} s to read.",
        kept=Kept.FILE,
        remedy=Remedy.ATTACH_PART_SEE_LIMITS,
    ),
    Reason.TOO_MANY_CELLS: Said(
        "“{name}” has more than {limit} cells.",
        kept=Kept.FILE,
        remedy=Remedy.ATTACH_PART_SEE_LIMITS,
    ),
    Reason.TOO_MANY_PIXELS: Said(
        "“{name}” has {width} × {height} pixels, more than {limit} million.",
        kept=Kept.FILE,
        remedy=Remedy.ATTACH_PART_SEE_LIMITS,
    ),
    Reason.TOO_MUCH_TEXT: Said(
        "“{name}” holds more than {limit} MB of text.",
        kept=Kept.FILE,
        remedy="Attach the part that matters, saved as a file of its own.",
    ),
    Reason.TOO_MANY_FILES: Said(
        "“{name}” has {count} files, more than {limit}.",
        kept=Kept.FILE,
        remedy=Remedy.ATTACH_PART_OR_RAISE,
    ),
    Reason.TOO_MANY_PAGES: Said(
        "“{name}” has {count} {unit}s, more than {limit}.",
        kept=Kept.FILE,
        remedy=Remedy.ATTACH_PART_OR_RAISE,
    ),
    Reason.READING_NEEDS_MEMORY: Said(
        "“{name}” needs more memory than the {limit} MB set aside for it.",
        kept=Kept.FILE,
        remedy=Remedy.ATTACH_PART_OR_RAISE,
    ),
    Reason.READER_STOPPED: Said(
        (
            "“{name}” could not be read: it made the reader stop, so it is damaged or needs more "
            "memory than the {limit} MB set aside for it."
        ),
        kept="No attachment was made; nothing else was touched.",
        remedy=(
            "Open it in its own program, save it anew or in parts, and attach that; the limit is "
            "in Settings › Library › Limits of documents."
        ),
    ),
    Reason.READER_NOT_STARTED: Said(
        "The part of the program that reads documents could not be started.",
        kept=Kept.FILE,
        remedy="Start the program anew; if it happens again, install it anew.",
    ),
    Reason.DOCUMENT_NOT_OPENED: Said(
        "“{name}” could not be opened: {words}.", kept=Kept.NO_ATTACHMENT, remedy=Remedy.CHECK_FILE
    ),
    Reason.DOCUMENT_NOT_THERE: Said(
        "“{name}” could not be opened: it is not there.",
        kept=Kept.NO_ATTACHMENT,
        remedy=Remedy.CHECK_FILE,
    ),
    Reason.DOCUMENT_NOT_A_FILE: Said(
        "“{name}” could not be opened: it is not a file.",
        kept=Kept.NO_ATTACHMENT,
        remedy=Remedy.CHECK_FILE,
    ),
    Reason.PAGES_LOCKED: Said(
        "The pages of “{name}” are protected by a password.",
        kept=Kept.DOCUMENT_TEXT,
        remedy="To see them, attach the file again and give its password.",
    ),
    Reason.PAGES_NOT_DRAWN: Said(
        "The pages of “{name}” cannot be drawn.",
        kept=Kept.DOCUMENT_TEXT,
        remedy="If you still have the file, attach it again.",
    ),
    Reason.CHANGED_WHILE_READ: Said(
        "“{name}” changed while it was being read.", kept=Kept.NOTHING_SENT, remedy="Ask again."
    ),
    Reason.FILES_NOT_ATTACHED: Said(
        "{failed} of {total} files could not be attached.",
        kept="The others are attached.",
        remedy="{reasons} And {more} more.",
    ),
    Reason.PLACE_NOT_NOTED: Said(
        "Where “{name}” lies could not be noted. {reason}",
        kept=(
            "“{name}” is attached and can be sent; only a collection cannot be made of what "
            "stands in the prompt after the next start."
        ),
    ),
    Reason.PLACES_NOT_NOTED: Said(
        "Where {count} files lie could not be noted. {reason}",
        kept=(
            "These {count} files are attached and can be sent; only a collection cannot be made"
            " of what stands in the prompt after the next start."
        ),
    ),
    Reason.TEMPORARY_IMAGE_STAYS: Said(
        "A picture of a temporary conversation is not handed to another program.",
        kept=Kept.TEMPORARY,
    ),
    Reason.TEMPORARY_DOCUMENT_STAYS: Said(
        N_("Documents of temporary conversations can’t be opened in other apps."),
        kept=N_("That would save a copy on this computer."),
    ),
    # Collections
    Reason.COLLECTION_GONE: Said("The collection is no longer there.", remedy="Choose another."),
    Reason.NAMED_COLLECTION_GONE: Said(
        "The collection “{name}” is no longer there.",
        kept=Kept.PROMPT,
        remedy="Remove it from the prompt, or choose another.",
    ),
    Reason.COLLECTION_NEEDS_NAME: Said("A collection needs a name.", remedy="Type one."),
    Reason.NO_SUCH_COLLECTION: Said(
        "There is no collection “{name}”, nor a folder of that name.",
        remedy="Name a folder: it becomes one.",
    ),
    # Batch jobs
    Reason.BATCH_NOT_LOCAL: Said(
        "The model on this computer answers one question at a time; batches are a provider's.",
        kept=Kept.NOTHING_SENT,
    ),
    Reason.BATCH_NOT_OFFERED: Said(
        "{provider} offers no batches: its API is chat, responses and models alone.",
        kept=Kept.NOTHING_SENT,
    ),
    Reason.BATCH_NOT_KNOWN: Said(
        (
            "{provider} is not known to offer batches; if it does, switch them on in Settings › "
            "Provider."
        ),
        kept=Kept.NOTHING_SENT,
    ),
    Reason.BATCH_NOT_WITH_MODEL: Said("{model} is not offered in batches.", kept=Kept.NOTHING_SENT),
    Reason.BATCH_WITHOUT_FILES: Said("There are no files.", kept=Kept.NOTHING_SENT),
    Reason.BATCH_OF_PAIRS: Said(
        "The prompt compares two documents; a batch asks of each file by itself.",
        kept=Kept.NOTHING_SENT,
    ),
    Reason.BATCH_WITHOUT_QUESTION: Said(
        "There is no question to ask of the files.", kept=Kept.NOTHING_SENT
    ),
    Reason.BATCH_NOTHING_TO_SEND: Said("None of the files can be sent.", kept=Kept.NOTHING_SENT),
    Reason.BATCH_NOTHING_LEFT: Said(
        "There is nothing to run again: every file that was sent has its answer.",
        kept=Kept.NOTHING_SENT,
    ),
    Reason.BATCH_UNDER_WAY: Said("The job is still under way."),
    Reason.BATCH_GONE: Said("There is no such batch job."),
    Reason.BATCH_PROVIDER_GONE: Said(
        "The provider of this job is not set up here now.",
        kept="The job goes on there.",
        remedy="Set up {address} again to fetch its results.",
    ),
    Reason.NO_SUCH_BATCH: Said(
        "There is no batch job {given}.", remedy="“repartee batch status” tells the ids."
    ),
    Reason.BATCH_ID_AMBIGUOUS: Said(
        "There are several batch jobs {given}.", remedy="“repartee batch status” tells the ids."
    ),
    Reason.BATCH_WAS_SENT: Said(
        "The job was sent: {progress}.",
        remedy="“repartee batch again” asks what has no answer once more.",
    ),
    Reason.BATCH_IS_OVER: Said("The job is over: {progress}."),
    Reason.BATCH_CLAIMED: Said("Another process of Repartee goes on with this job."),
    Reason.BATCH_UNKNOWN_THERE: Said(
        "The provider no longer knows the batch.",
        fuller="The provider no longer knows the batch. {words}",
    ),
    Reason.BATCH_LINES_UNREADABLE: Said("Lines of the results could not be read: {unreadable}."),
    Reason.BATCH_LINES_UNKNOWN: Said("Lines of the results named no file of this job: {unknown}."),
    Reason.BATCH_LINES_UNUSABLE: Said(
        "Lines of the results could not be read: {unreadable}. Lines named no file of this "
        "job: {unknown}."
    ),
    # Files of batch jobs
    Reason.ITEM_DOES_NOT_FIT: Said(
        "About {tokens} tokens; {model} takes {limit} at once.",
        remedy="As an ordinary question it can be read in parts.",
    ),
    Reason.ITEM_TOO_LARGE: Said("It is larger than a batch takes."),
    Reason.ITEM_WITHOUT_RESULT: Said("The provider sent no result for it."),
    Reason.ITEM_EXPIRED: Said("It was not reached within a day; nothing was billed for it."),
    Reason.ITEM_CANCELLED: Said(
        "The job was cancelled before it was reached; nothing was billed for it."
    ),
    Reason.ITEM_NEVER_SENT: Said(
        "The job was cancelled before it was sent; nothing was billed for it."
    ),
    Reason.ITEM_BATCH_FAILED: Said(
        "The provider could not run the batch; nothing was billed for it."
    ),
    Reason.ITEM_BATCH_REFUSED: Said("The provider refused the batch: {words}."),
    Reason.ITEM_REFUSED: Said("The provider refused it: {words}"),
    Reason.ITEM_UNANSWERED: Said("The provider sent neither an answer nor an error for it."),
    Reason.ITEM_ANSWER_EMPTY: Said("The answer is empty."),
    Reason.ITEM_ANSWERED_TWICE: Said("It was answered more than once; the first answer is kept."),
    Reason.ITEM_ENDED_AT_LENGTH: Said("The answer is not whole: it reached the limit of tokens."),
    Reason.ITEM_ENDED_BY_FILTER: Said("The answer is not whole: a content filter stopped it."),
    Reason.ITEM_ENDED_EARLY: Said("The answer is not whole: the model stopped early ({words})."),
    Reason.ITEM_ANSWER_CUT: Said("Only the first {limit} MB of the answer are kept."),
    Reason.ITEM_ANSWER_WITH_ERROR: Said("With the answer came an error: {words}"),
    # The store and other files
    Reason.STORE_DAMAGED: Said(
        "The store {place} is damaged.",
        kept="The file was left as it is.",
        remedy=(
            "Start Repartee's window, which offers to repair it or to restore a backup; or use "
            "“repartee repair”."
        ),
    ),
    Reason.ROW_DAMAGED: Said(
        "The store on this computer is damaged.",
        kept="The file was left as it is.",
        remedy=(
            "Start Repartee's window, which offers to repair it or to restore a backup; or use "
            "“repartee repair”."
        ),
    ),
    Reason.STORE_BUSY: Said(
        "The store {place} is busy: another program has been writing to it for too long.",
        kept=Kept.SAVED,
        remedy="Wait for the other program, then try again.",
    ),
    Reason.STORE_UNUSABLE: Said(
        "The store {place} could not be used.",
        kept=Kept.SAVED,
        remedy="Try again; if it happens again, restart the program.",
    ),
    Reason.PATH_MISSING: Said("{place} is not there.", kept=Kept.SAVED, remedy=Remedy.CHECK_PATH),
    Reason.PATH_THROUGH_FILE: Said(
        "{place} is not there: part of its path is a file.",
        kept=Kept.SAVED,
        remedy=Remedy.CHECK_PATH,
    ),
    Reason.PATH_IS_FOLDER: Said("{place} is a folder.", kept=Kept.SAVED, remedy=Remedy.CHECK_PATH),
    Reason.DISK_FULL: Said(
        "There is no space left for {place}.",
        kept=Kept.SAVED,
        remedy="Free some space on the disk, then try again.",
    ),
    Reason.READ_ONLY: Said(
        "{place} could not be written: the folder, the file or the disk is read-only.",
        kept=Kept.SAVED,
        remedy="Allow writing there, then try again.",
    ),
    Reason.DISK_FAILED: Said(
        "The disk failed to read or write {place}.",
        kept=Kept.SAVED,
        remedy="Check the disk and the space left on it, then try again.",
    ),
    Reason.STORE_CLOSED: Said("The store is not open.", remedy="Start the program again."),
    Reason.STORE_OPEN_IN_OLDER: Said(
        "The store {place} is open in an older version of Repartee.",
        kept=Kept.UNTOUCHED,
        remedy="Close the older version, then start this one again.",
    ),
    Reason.STORE_OF_OTHER_PROGRAM: Said(
        "{place} is a database of some other program.",
        kept=Kept.UNTOUCHED,
        remedy="Move it elsewhere, then start again.",
    ),
    Reason.STORE_TOO_NEW: Said(
        "The store {place} was written by a newer version of Repartee.",
        kept=Kept.UNTOUCHED,
        remedy="Install the newer version to open it.",
    ),
    Reason.STORE_MISSING: Said("There is no store yet.", remedy="Start Repartee: it makes one."),
    Reason.STORE_IN_USE_BY_COMMAND: Said(
        "The store is open in another command of Repartee.",
        kept="Nothing was deleted.",
        remedy="Wait until it has ended, then delete everything again.",
    ),
    Reason.STORE_IN_USE_FOR_REPAIR: Said(
        "The store is open in a window of Repartee or in another command.",
        kept=Kept.NOTHING_CHANGED,
        remedy="Close it, then repair again.",
    ),
    Reason.STORE_IN_USE_FOR_RESTORE: Said(
        "The store is open in a window of Repartee or in another command.",
        kept=Kept.NOTHING_CHANGED,
        remedy="Close it, then restore again.",
    ),
    Reason.OTHER_WRITER: Said(
        "Another program, such as “repartee ask”, is writing an answer in this conversation.",
        kept="Nothing was sent; the prompt stays as it is.",
        remedy="Ask again when that answer has ended, or in a new conversation.",
    ),
    Reason.TEMPORARY_CLOSED: Said("The temporary conversation was closed.", kept=Kept.PROMPT),
    Reason.TEMPORARY_HAS_NO_BRANCHES: Said(
        "A temporary conversation has no branches.", kept="A branch would be kept in the library."
    ),
    Reason.ATTACHMENT_CHANGED: Said(
        "The file changed while it was being attached.",
        kept="Nothing of it was kept.",
        remedy="Attach it again.",
    ),
    Reason.ATTACHMENT_MISSING: Said(
        "The attachment is no longer in the store.",
        kept="The message that speaks of it is kept.",
        remedy="Attach the file again.",
    ),
    Reason.FOLDER_NOT_WRITABLE: Said(
        N_("Repartee can’t write to its folder {folder}."),
        kept=N_("Nothing in it was changed."),
        remedy=N_("Make it writable, or set REPARTEE_HOME to another folder."),
    ),
    Reason.CALLS_NOT_TAKEN: Said(
        N_("“repartee quick” and further starts can’t reach this window."),
        kept=N_("Everything else works."),
        remedy=N_("Set XDG_RUNTIME_DIR to a folder of yours with a short path."),
    ),
    Reason.PROCESS_NOT_STARTED: Said(N_("Repartee couldn’t start a helper process.")),
    Reason.DEFECT: Said(
        N_("Something went wrong in Repartee."),
        kept=N_("Your conversations are saved."),
        remedy=N_("If it happens again, see the log in Settings › About."),
    ),
    # Backups
    Reason.BACKUP_FAILED: Said(N_("The backup failed."), kept="{words}"),
    Reason.BACKUP_OF_OTHER_KIND: Said(
        "{file} is no backup of Repartee's.", kept=Kept.STORE, remedy=Remedy.CHOOSE_BACKUP
    ),
    Reason.BACKUP_DAMAGED: Said(
        "The backup {file} is damaged.", kept=Kept.STORE, remedy="Choose another backup."
    ),
    Reason.NO_ROOM_TO_RESTORE: Said(
        "{file} unpacks to {size} MB, and {free} MB are free.",
        kept=Kept.STORE,
        remedy="Free some space on the disk, then restore again.",
    ),
    # Files that somebody else made
    Reason.FOREIGN_NOT_A_FILE: Said("{file} is a pipe or a device, not a file."),
    Reason.FOREIGN_TOO_LARGE: Said("{file} is larger than {limit} MB."),
    Reason.FOREIGN_EMPTY: Said("{file} is empty."),
    Reason.FOREIGN_NO_ARCHIVE: Said("{file} is no archive that can be read ({words})."),
    Reason.FOREIGN_REPEATED_MEMBER: Said("{file} holds {member} more than once."),
    Reason.FOREIGN_MEMBER_TOO_LARGE: Said("{file} holds more than {limit} MB in {member}."),
    Reason.FOREIGN_LOCKED: Said("{file} asks for a password."),
    Reason.FOREIGN_MEMBER_UNREADABLE: Said("{file} holds {member} in a form that is not read."),
    Reason.FOREIGN_DAMAGED: Said("{file} is damaged ({words})."),
    Reason.FOREIGN_OVERLAPS: Said("{file} is forged: its members overlap."),
    Reason.FOREIGN_CUT: Said("{file} is damaged: it ends too early."),
    Reason.FOREIGN_WITHOUT_CONVERSATIONS: Said("{file} holds no conversations."),
    Reason.FOREIGN_UNPACKS_TOO_FAR: Said("{file} unpacks to more than {limit} MB."),
    Reason.FOREIGN_BOMB: Said("{file} unpacks to a hundred times its size."),
    Reason.FOREIGN_TOO_MANY_VALUES: Said("{file} holds more values than an export has."),
    Reason.FOREIGN_STORE_TOO_LARGE: Said("{file} holds a store of more than {limit} GB."),
    # Imports and exports
    Reason.IMPORT_UNREADABLE: Said(
        "{file} cannot be read: {words}.",
        kept=Kept.NOT_IMPORTED,
        remedy="Check its name and whether you may read it.",
    ),
    Reason.IMPORT_NEEDS_MEMORY: Said(
        "{file} needs more memory than there is.",
        kept=Kept.NOT_IMPORTED,
        remedy=Remedy.EXPORT_AGAIN,
    ),
    Reason.IMPORT_UNKNOWN: Said(
        "The file holds no conversations of Repartee, ChatGPT, Open WebUI or LibreChat.",
        kept=Kept.NOT_IMPORTED,
        remedy=Remedy.EXPORT_AGAIN,
    ),
    Reason.IMPORT_NOT_JSON: Said(
        "The file is no JSON, or damaged.", kept=Kept.NOT_IMPORTED, remedy=Remedy.EXPORT_AGAIN
    ),
    Reason.IMPORT_NOT_A_LIST: Said(
        "The file is damaged: its conversations are not a list.",
        kept=Kept.NOT_IMPORTED,
        remedy=Remedy.EXPORT_AGAIN,
    ),
    Reason.IMPORT_NOT_CHATGPT: Said(
        "A conversation in the file is none of ChatGPT's.",
        kept=Kept.NOT_IMPORTED,
        remedy=Remedy.EXPORT_AGAIN,
    ),
    Reason.IMPORT_NOT_LIBRECHAT: Said(
        "A conversation in the file is none of LibreChat's.",
        kept=Kept.NOT_IMPORTED,
        remedy=Remedy.EXPORT_AGAIN,
    ),
    Reason.IMPORT_NOT_OPEN_WEBUI: Said(
        "A chat in the file is none of Open WebUI's.",
        kept=Kept.NOT_IMPORTED,
        remedy=Remedy.EXPORT_AGAIN,
    ),
    Reason.IMPORT_TOO_NEW: Said(
        "The file was written by a newer version of Repartee.",
        kept=Kept.NOT_IMPORTED,
        remedy="Import it with that version, or a newer one.",
    ),
    Reason.IMPORT_FOREIGN_MESSAGES: Said(
        "A conversation in the file has messages of another one.",
        kept="It was not imported; the store is as it was.",
        remedy=Remedy.EXPORT_AGAIN,
    ),
    Reason.IMPORT_TOO_DEEP: Said(
        "A conversation without a title was left out: it is nested too deeply.",
        remedy=Remedy.EXPORT_AGAIN,
        fuller="The conversation “{title}” was left out: it is nested too deeply.",
    ),
    Reason.IMPORT_NOT_STORED: Said(
        "A conversation without a title was left out: the store does not take it ({words}).",
        remedy=Remedy.EXPORT_AGAIN,
        fuller="The conversation “{title}” was left out: the store does not take it ({words}).",
    ),
    Reason.IMPORT_FIELD_MISSING: Said(
        "A conversation without a title was left out: {words} is missing.",
        remedy=Remedy.EXPORT_AGAIN,
        fuller="The conversation “{title}” was left out: {words} is missing.",
    ),
    Reason.IMPORT_INVALID: Said(
        "A conversation without a title was left out: {words}.",
        remedy=Remedy.EXPORT_AGAIN,
        fuller="The conversation “{title}” was left out: {words}.",
    ),
    Reason.IMPORT_BROKE_OFF: Said(N_("The import stopped unexpectedly.")),
    Reason.EXPORT_BROKE_OFF: Said(N_("The export stopped unexpectedly.")),
    Reason.EXPORT_FAILED: Said(
        "{file} could not be written.", kept=Kept.CONVERSATION, remedy=Remedy.CHOOSE_OTHER_PLACE
    ),
    Reason.EXPORT_UNWRITABLE: Said(
        "{file} could not be written: {words}.",
        kept="The library is as it was.",
        remedy="Choose another place.",
    ),
    Reason.EXPORT_NO_SUCH: Said(
        "There is no conversation {given}.",
        kept="Nothing was exported.",
        remedy="“repartee search TEXT --json” tells the ids.",
    ),
    Reason.EXPORT_NOT_LAID_OUT: Said("It could not be laid out on pages."),
    Reason.PRINT_FAILED: Said(
        "The conversation could not be printed.",
        kept=Kept.CONVERSATION,
        remedy=Remedy.CHOOSE_OTHER_PLACE,
    ),
    Reason.PRINT_WITHOUT_ROOM: Said(
        "The conversation could not be printed.",
        kept=Kept.CONVERSATION,
        remedy="Check that there is room on the disk, and print it again.",
    ),
    Reason.PRINTER_FAILED: Said(
        "The conversation could not be printed.",
        remedy="Look at the printer, or export it as PDF and print that.",
    ),
    Reason.PRINT_NOTHING: Said("There is nothing to print in this conversation."),
    # The model on this computer
    Reason.WEIGHTS_MISSING: Said(
        "The on-device model's weights are not installed.", remedy=Remedy.INSTALL_WEIGHTS
    ),
    Reason.WEIGHTS_NOT_GGUF: Said(
        "{file} is not a GGUF model file.", remedy=Remedy.CHOOSE_OTHER_MODEL
    ),
    Reason.WEIGHTS_UNREADABLE: Said(
        "The model file {file} cannot be read.", remedy=Remedy.CHOOSE_OTHER_MODEL
    ),
    Reason.WEIGHTS_NOT_LOADED: Said(
        "The model file {file} could not be loaded.", remedy=Remedy.CHOOSE_OTHER_MODEL
    ),
    Reason.LOCAL_MODEL_SLOW: Said(
        "{file} did not load within {limit} seconds.",
        remedy="Try again when the computer is less busy, or choose a smaller model.",
    ),
    Reason.LOCAL_MODEL_STOPPED: Said(
        "The on-device model was stopped.", remedy="Try again: it starts anew."
    ),
    Reason.LOCAL_MODEL_NOT_STARTED: Said("The on-device model could not be started."),
    Reason.LOCAL_MODEL_SILENT: Said(
        "The on-device model did not answer.", remedy="Try again: it starts anew if it stopped."
    ),
    # Settings
    Reason.MODELS_FILE_UNREADABLE: Said("{file} cannot be read.", remedy=Remedy.CORRECT_FILE),
    Reason.MODELS_FILE_INVALID: Said(
        "The list of models cannot be read: {words}.", remedy="Correct models.toml or remove it."
    ),
    Reason.MODELS_FILE_WRONG_TYPE: Said(
        "The list of models cannot be read: a value is not of its kind ({words}).",
        remedy="Correct models.toml or remove it.",
    ),
    Reason.NO_SUCH_SETTING: Said(N_("There is no setting “{key}”."), remedy=N_("Check its name.")),
    Reason.NOT_A_SHORTCUT: Said(
        N_("“{keys}” isn’t a valid shortcut."),
        kept=Kept.FORMER_VALUE,
        remedy=N_("Enter it like Ctrl+Shift+F."),
    ),
    Reason.SETTING_INVALID: Said(
        N_("{value} isn’t a valid value for “{key}”."),
        kept=Kept.FORMER_VALUE,
        remedy=Remedy.TAKES_TEXT,
    ),
}
