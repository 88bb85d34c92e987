"""The sentences of errors as they were when they were stored in place of reasons.

They are frozen: they are what those versions wrote, whatever this one says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.error_sentences import ErrorSentences
from desktop_app.domain.errors import Remedy

LEGACY_ERRORS: Final[Mapping[Reason, ErrorSentences]] = {
    Reason.NO_CREDIT: ErrorSentences(
        "The account at {provider} has no credit left.",
        remedy="Add credit on the provider's billing page, or choose another provider.",
    ),
    Reason.TOO_MANY_REQUESTS: ErrorSentences(
        "{provider} takes no more requests for the moment.", remedy=Remedy.RETRY_SOON
    ),
    Reason.KEY_NOT_ACCEPTED: ErrorSentences(
        "{provider} did not accept the API key.", remedy=Remedy.CHECK_KEY
    ),
    Reason.CONVERSATION_TOO_LONG: ErrorSentences(
        "The conversation is longer than the model takes.",
        remedy=(
            "Remove an attachment, start a new conversation, or choose a model with a larger "
            "window."
        ),
    ),
    Reason.IMAGES_REFUSED: ErrorSentences(
        "The model at {provider} does not take these pictures.",
        remedy="Choose a model that sees pictures, or edit the question and remove them.",
        fuller="The model at {provider} does not take these pictures: {words}",
    ),
    Reason.MODEL_NOT_SERVED: ErrorSentences(
        "{provider} does not serve this model to this key.",
        remedy="Choose another model, or ask the provider for access.",
        fuller="{provider} does not serve this model to this key: {words}",
    ),
    Reason.SETTING_REFUSED: ErrorSentences(
        "{provider} refused the setting “{setting}”.",
        remedy=Remedy.CHANGE_SETTING,
        fuller="{provider} refused the setting “{setting}”: {words}",
    ),
    Reason.UNNAMED_SETTING_REFUSED: ErrorSentences(
        "{provider} refused a setting.",
        remedy=Remedy.CHANGE_SETTING,
        fuller="{provider} refused a setting: {words}",
    ),
    Reason.ACCESS_REFUSED: ErrorSentences(
        "{provider} refused access.",
        remedy="Check that the key may use this model from where you are.",
        fuller="{provider} refused access: {words}",
    ),
    Reason.REQUEST_TOO_LARGE: ErrorSentences(
        "The request is larger than {provider} takes.",
        remedy="Remove an attachment or start a new conversation.",
    ),
    Reason.FAILED_WHILE_ANSWERING: ErrorSentences(
        "{provider} failed while it answered.",
        remedy=Remedy.RETRY_BILLED,
        fuller="{provider} failed while it answered: {words}",
    ),
    Reason.REQUEST_REFUSED: ErrorSentences(
        "{provider} refused the request.",
        remedy=Remedy.RETRY_CHANGED,
        fuller="{provider} refused the request: {words}",
    ),
    Reason.PROVIDER_FAULT: ErrorSentences(
        "{provider} has a fault of its own at the moment ({http}).", remedy=Remedy.RETRY_LATER
    ),
    Reason.NOT_FINISHED_IN_TIME: ErrorSentences(
        "{provider} did not finish the request in time ({http}).", remedy=Remedy.RETRY_BILLED
    ),
    Reason.NOT_SERVED_THERE: ErrorSentences("{model} is not served there."),
    Reason.API_MISSING: ErrorSentences(
        "The address of {provider} does not offer this API.", remedy=Remedy.CHECK_ADDRESS
    ),
    Reason.EMPTY_REPLY: ErrorSentences(
        "The address of {provider} does not offer this API: an empty reply came back.",
        remedy=Remedy.CHECK_ADDRESS,
    ),
    Reason.NO_COMPACTION_API: ErrorSentences(
        "The address of {provider} does not offer this API: it does not compact.",
        remedy=Remedy.CHECK_ADDRESS,
    ),
    Reason.NO_EMBEDDING_API: ErrorSentences(
        "The address of {provider} does not offer this API: it makes no embeddings.",
        remedy=Remedy.CHECK_ADDRESS,
    ),
    Reason.REDIRECTED: ErrorSentences(
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
    Reason.WEB_PAGE: ErrorSentences(
        "The address of {provider} does not offer this API: a web page came back.",
        remedy=Remedy.CHECK_ADDRESS_OR_SIGN_IN,
    ),
    Reason.NO_BATCH_API: ErrorSentences(
        "{provider} has no batches at its address.",
        remedy="Choose another provider for the job.",
    ),
    Reason.NO_KEY: ErrorSentences("No API key is set for {provider}.", remedy=Remedy.ADD_KEY),
    Reason.NO_KEY_FOR_HOST: ErrorSentences(
        "No key for this address.", remedy=Remedy.ENTER_KEY_AGAIN, fuller="No key for {host}."
    ),
    Reason.KEY_MALFORMED: ErrorSentences(
        "The API key holds characters that no key has.", remedy=Remedy.ENTER_KEY_AGAIN
    ),
    Reason.KEYRING_LOCKED: ErrorSentences(
        "The keyring is locked.",
        remedy="Unlock it and try again, or enter the key for this session.",
    ),
    Reason.KEYRING_SLOW: ErrorSentences(
        "The keyring did not answer in time. It may be locked.",
        remedy="Unlock it and try again, or enter the key for this session.",
    ),
    Reason.KEYRING_MISSING: ErrorSentences(
        "There is no working keyring.", remedy=Remedy.KEY_WITHOUT_KEYRING
    ),
    Reason.KEYRING_FORGETS: ErrorSentences(
        "The keyring does not keep what is written to it.", remedy=Remedy.KEY_WITHOUT_KEYRING
    ),
    Reason.KEYRING_NOT_TRUSTED: ErrorSentences(
        "{module} is not the keyring of the operating system.", remedy=Remedy.KEY_WITHOUT_KEYRING
    ),
    Reason.KEY_WITHOUT_ADDRESS: ErrorSentences(
        "The key was not stored: this provider has no usable address.",
        remedy="Enter the address first, then the key.",
    ),
    Reason.NOT_REACHED: ErrorSentences(
        "{provider} could not be reached at {host}.", remedy=Remedy.CHECK_CONNECTION
    ),
    Reason.NOT_ENCRYPTED: ErrorSentences(
        "{provider} gave no encrypted connection at {host}.",
        remedy="Check the address and its port, and the proxy if any.",
    ),
    Reason.ADDRESS_NOT_ENCRYPTED: ErrorSentences(
        (
            "The address of {provider} is not encrypted, so anyone on the way could read the key "
            "and the conversation."
        ),
        remedy=Remedy.USE_HTTPS,
    ),
    Reason.ADDRESS_UNUSABLE: ErrorSentences(
        "The address of {provider} cannot be used.", remedy=Remedy.ENTER_ADDRESS
    ),
    Reason.NO_REPLY_IN_TIME: ErrorSentences(
        "{provider} gave no answer in time.", remedy=Remedy.RETRY_BILLED
    ),
    Reason.BROKE_BEFORE_ANSWER: ErrorSentences(
        "The connection to {provider} broke before the answer began.", remedy=Remedy.RETRY_BILLED
    ),
    Reason.BROKE_IN_REPLY: ErrorSentences(
        "The connection to {provider} broke in the middle of a reply.", remedy="It is tried again."
    ),
    Reason.BROKE_IN_ANSWER: ErrorSentences(
        "The connection to {provider} broke before the answer was whole.",
        remedy=Remedy.RETRY_BILLED,
    ),
    Reason.SILENT_IN_ANSWER: ErrorSentences(
        "The connection to {provider} fell silent before the answer was whole.",
        remedy=Remedy.RETRY_BILLED,
    ),
    Reason.LOST_IN_SLEEP: ErrorSentences(
        "The connection to {provider} was lost while the computer slept.",
        remedy=Remedy.RETRY_BILLED,
    ),
    Reason.CANCEL_TIMEOUT: ErrorSentences("The provider did not answer in time."),
    Reason.CERTIFICATE_EXPIRED: ErrorSentences(
        "The certificate of {provider} has expired.", remedy=Remedy.CHECK_CLOCK
    ),
    Reason.CERTIFICATE_NOT_YET_VALID: ErrorSentences(
        "The certificate of {provider} is not valid yet.", remedy=Remedy.CHECK_CLOCK
    ),
    Reason.CERTIFICATE_OF_OTHER: ErrorSentences(
        "The certificate of {provider} is not for {host}.", remedy=Remedy.CHECK_ADDRESS_OF_OTHER
    ),
    Reason.CERTIFICATE_NOT_TRUSTED: ErrorSentences(
        "The certificate of {provider} is not trusted by this computer.",
        remedy=Remedy.CHOOSE_CERTIFICATES,
    ),
    Reason.PROXY_WANTS_PASSWORD: ErrorSentences(
        "The proxy in use asks for a password.",
        remedy=Remedy.CHECK_PROXY,
        fuller="The proxy {proxy} asks for a password.",
    ),
    Reason.PROXY_PASSWORD_WRONG: ErrorSentences(
        "The proxy in use did not accept the user and the password.",
        remedy=Remedy.CHECK_PROXY,
        fuller="The proxy {proxy} did not accept the user and the password.",
    ),
    Reason.PROXY_BLOCKS: ErrorSentences(
        "The proxy in use does not let requests through to {host}: {words}.",
        remedy=Remedy.CHECK_PROXY,
        fuller="The proxy {proxy} does not let requests through to {host}: {words}.",
    ),
    Reason.PROXY_CANNOT_REACH: ErrorSentences(
        "The proxy in use could not reach {provider} at {host}.",
        remedy="Check the address of {provider}, and the proxy.",
        fuller="The proxy {proxy} could not reach {provider} at {host}.",
    ),
    Reason.PROXY_OF_OTHER_KIND: ErrorSentences(
        "What answers at the address of the proxy is no proxy of this kind.",
        remedy=Remedy.CHECK_PROXY_KIND,
        fuller="What answers at {proxy} is no proxy of this kind.",
    ),
    Reason.PROXY_TIMEOUT: ErrorSentences(
        "The proxy in use did not answer in time.",
        remedy=Remedy.CHECK_PROXY,
        fuller="The proxy {proxy} did not answer in time.",
    ),
    Reason.PROXY_NOT_REACHED: ErrorSentences(
        "The proxy {proxy} could not be reached.", remedy=Remedy.CHECK_PROXY
    ),
    Reason.PROXY_ADDRESS_INVALID: ErrorSentences(
        "This is no address of a proxy.",
        remedy="Enter one like http://host:3128 or socks5://host:1080.",
    ),
    Reason.NETWORK_SETTINGS_UNUSABLE: ErrorSentences(
        "The proxy or the certificates of this computer cannot be used.",
        remedy=Remedy.CHECK_ENVIRONMENT_PROXY,
    ),
    Reason.CERTIFICATES_UNREADABLE: ErrorSentences(
        "The certificate file {file} cannot be read.", remedy=Remedy.CHOOSE_PEM
    ),
    Reason.CERTIFICATES_EMPTY: ErrorSentences(
        "The certificate file {file} is empty.", remedy=Remedy.CHOOSE_PEM
    ),
    Reason.CERTIFICATES_TOO_LARGE: ErrorSentences(
        "The certificate file {file} is too large for a file of certificates.",
        remedy=Remedy.CHOOSE_PEM,
    ),
    Reason.CERTIFICATES_ARE_KEY: ErrorSentences(
        "The certificate file {file} holds a private key, not a certificate.",
        remedy=Remedy.CHOOSE_PEM,
    ),
    Reason.CERTIFICATES_ARE_OTHER: ErrorSentences(
        "The certificate file {file} holds something else, not a certificate.",
        remedy=Remedy.CHOOSE_PEM,
    ),
    Reason.CERTIFICATES_INVALID: ErrorSentences(
        "The certificate file {file} holds no certificate that can be read.",
        remedy=Remedy.CHOOSE_PEM,
    ),
    Reason.CERTIFICATES_EXPIRED: ErrorSentences(
        "The certificate file {file} holds a certificate that expired on {day}.",
        remedy=Remedy.CHOOSE_PEM,
    ),
    Reason.REPLY_NOT_JSON: ErrorSentences(
        "The reply of {provider} was not the JSON that it should be.",
        remedy=Remedy.RETRY_OR_CHECK_ADDRESS,
    ),
    Reason.REPLY_COMPRESSED: ErrorSentences(
        "{provider} sent a compressed reply, though a plain one was asked for.",
        remedy="Turn compression off at the server, or at the proxy in front of it.",
    ),
    Reason.ANSWER_CUT: ErrorSentences(
        "{provider} ended the answer before it was whole.", remedy=Remedy.RETRY_BILLED
    ),
    Reason.ANSWER_UNREADABLE: ErrorSentences(
        "{provider} sent something that is no part of an answer.", remedy=Remedy.RETRY_BILLED
    ),
    Reason.RUN_GONE: ErrorSentences(
        (
            "{provider} no longer has this answer: what runs in the background is kept there for "
            "about 10 minutes after its end."
        ),
        remedy=Remedy.RETRY_BILLED,
    ),
    Reason.RUN_WITHOUT_PROVIDER: ErrorSentences(
        ("The provider that was making this answer in the background is no longer set up here."),
        remedy=Remedy.RETRY_ELSEWHERE,
    ),
    Reason.BATCH_UPLOAD_UNNAMED: ErrorSentences(
        "{provider} took the upload without giving it a name.", remedy=Remedy.TRY_LATER
    ),
    Reason.BATCH_UNREADABLE: ErrorSentences(
        "{provider} sent something that is no batch.", remedy=Remedy.TRY_LATER
    ),
    Reason.EMBEDDINGS_UNREADABLE: ErrorSentences(
        "{provider} sent something that are no embeddings.",
        remedy="Check the name of the embedding model in Settings › Library.",
    ),
    Reason.COMPACTION_UNREADABLE: ErrorSentences(
        "{provider} sent something that is no compacted conversation.",
        remedy="Try again, or start a new conversation.",
    ),
    Reason.MODELS_UNREADABLE: ErrorSentences(
        "{provider} sent something that is no list of models.", remedy=Remedy.TYPE_MODEL
    ),
    Reason.ANSWER_TOO_LARGE: ErrorSentences(
        "The answer of {provider} grew beyond {limit} MB; the connection was closed.",
        remedy=Remedy.ASK_SHORTER,
    ),
    Reason.ANSWER_ENDED_AT_LIMIT: ErrorSentences(
        "The answer of {provider} grew beyond {limit} MB; it was ended there.",
        remedy=Remedy.ASK_SHORTER,
    ),
    Reason.ANSWER_IN_TOO_MANY_PARTS: ErrorSentences(
        ("The answer of {provider} fell into more than {limit} parts; the connection was closed."),
        remedy=Remedy.ASK_SHORTER,
    ),
    Reason.EVENT_TOO_LARGE: ErrorSentences(
        ("{provider} sent a single event of more than {limit} MB; the connection was closed."),
        remedy=Remedy.CHECK_ADDRESS_OR_LEAVE,
    ),
    Reason.REPLY_TOO_LARGE: ErrorSentences(
        "{provider} sent more than {limit} MB in one reply; the connection was closed.",
        remedy=Remedy.CHECK_ADDRESS_OR_LEAVE,
    ),
    Reason.TOO_MANY_VALUES: ErrorSentences(
        ("{provider} sent JSON with more values than a reply has; the connection was closed."),
        remedy=Remedy.CHECK_ADDRESS_OR_LEAVE,
    ),
    Reason.TOO_MANY_RESULTS: ErrorSentences(
        ("{provider} sent more results than a batch has requests; the connection was closed."),
        remedy=Remedy.CHECK_ADDRESS_OR_LEAVE,
    ),
    Reason.TOO_MANY_HEADERS: ErrorSentences(
        "{provider} sent more than {limit} KB of headers; the connection was closed.",
        remedy=Remedy.CHECK_ADDRESS_OR_LEAVE,
    ),
    Reason.PROVIDER_REMOVED: ErrorSentences("Provider removed: choose another."),
    Reason.DOES_NOT_FIT: ErrorSentences(
        ("The conversation would make {tokens} tokens of input; {model} takes {limit}."),
        fuller="{names} would make {tokens} tokens of input; {model} takes {limit}.",
    ),
    Reason.MAY_NOT_FIT: ErrorSentences(
        ("The conversation would make about {tokens} tokens of input; {model} takes {limit}."),
        fuller="{names} would make about {tokens} tokens of input; {model} takes {limit}.",
    ),
    Reason.IMAGES_NOT_SEEN: ErrorSentences(
        "{model} does not see pictures.",
        remedy="Choose another model or provider, or remove {names}.",
    ),
    Reason.TOO_MANY_IMAGE_PAGES: ErrorSentences(
        "{pages} pages would be sent as pictures; {limit} can be sent at once.",
        remedy=(
            "Have them read in parts, choose fewer pages in the preview, or run text recognition "
            "(OCR) over them first."
        ),
    ),
    Reason.PAGE_IMAGE_TOO_LARGE: ErrorSentences(
        "Page {page} of “{name}” is a picture that is too large for {model}.",
        remedy=(
            "Choose a lower detail or the text alone in the menu on its chip, or a model with a "
            "larger window."
        ),
    ),
    Reason.FILES_TOO_LARGE: ErrorSentences(
        (
            "The files of this conversation are {together} together; {provider} takes {limit} in "
            "one request."
        ),
        remedy="Send the text of some: the menu on their chips.",
    ),
    Reason.FILES_NOT_TAKEN: ErrorSentences(
        "{provider} takes no files from here, and {name} is to be sent as one.",
        remedy=Remedy.SEND_TEXT,
    ),
    Reason.FILE_WANTS_PASSWORD: ErrorSentences(
        "{name} asks for a password, which {provider} does not have.",
        remedy=Remedy.SEND_TEXT,
    ),
    Reason.FILE_TYPE_AS_TEXT: ErrorSentences(
        "{provider} reads such files as text alone, and {name} is to be sent as a file.",
        remedy=Remedy.SEND_TEXT,
        fuller=(
            "{provider} reads {ending} files as text alone, and {name} is to be sent as a file."
        ),
    ),
    Reason.FILE_TOO_LARGE_TO_SEND: ErrorSentences(
        "{name} is {size}; {provider} takes files of up to {limit}.",
        remedy=Remedy.SEND_TEXT,
    ),
    Reason.PASSWORD_NEEDED_FOR_PAGES: ErrorSentences(
        "To draw the pages of “{name}”, its password is needed.",
        remedy="Enter it, or send the text alone: the menu on its chip.",
    ),
    Reason.SECTIONS_GONE: ErrorSentences(
        "The {unit}s of “{name}” cannot be told apart any more.",
        remedy="Attach the file again.",
    ),
    Reason.COMPACTION_NOT_OFFERED: ErrorSentences(
        (
            "{provider} does not compact any more, and only it can read what the conversation was"
            " compacted to before."
        ),
        remedy="Undo the earlier compaction, then compact again.",
    ),
    Reason.ENDED_BY_MODEL: ErrorSentences(
        "The model stopped before the end.", remedy=Remedy.CONTINUE
    ),
    Reason.ENDED_AT_LENGTH: ErrorSentences(
        "The answer reached the limit on its length.", remedy=Remedy.CONTINUE
    ),
    Reason.ENDED_BY_FILTER: ErrorSentences(
        "The provider's content filter ended the answer.", remedy=Remedy.CONTINUE
    ),
    Reason.PASSWORD_PROTECTED: ErrorSentences(
        "“{name}” is protected by a password.",
        remedy="Open it in its own program, save a copy without the password, and attach that.",
    ),
    Reason.PASSWORD_MISSING: ErrorSentences(
        "“{name}” is protected by a password.", remedy=Remedy.ATTACH_WITH_PASSWORD
    ),
    Reason.PASSWORD_WRONG: ErrorSentences(
        "That is not the password of “{name}”.", remedy=Remedy.ATTACH_WITH_PASSWORD
    ),
    Reason.DOCUMENT_DAMAGED: ErrorSentences(
        "“{name}” is damaged or incomplete and could not be read.",
        remedy="Fetch or export it once more, or open it in its own program and save it anew.",
    ),
    Reason.DOCUMENT_MISNAMED: ErrorSentences(
        "“{name}” is called {ending} but its content is something else.",
        remedy=("Fetch or export it once more, or give it the ending that belongs to its content."),
    ),
    Reason.DOCUMENT_EMPTY: ErrorSentences(
        "“{name}” holds no text.",
        remedy="Check that it is the right file.",
        fuller="“{name}” holds no text. {note}",
    ),
    Reason.DOCUMENT_WITHOUT_TEXT: ErrorSentences(
        "“{name}” holds no text: it is a picture, or pages that are pictures.",
        remedy="Run text recognition (OCR) over it first.",
    ),
    Reason.DOCUMENT_UNKNOWN: ErrorSentences(
        "“{name}” is neither text nor a document of a kind known here.",
        remedy=Remedy.READABLE_FORMATS,
    ),
    Reason.FORMAT_NOT_READ: ErrorSentences(
        "“{name}” is in a format that is not read; save it as PDF.",
        remedy=Remedy.READABLE_FORMATS,
    ),
    Reason.IMAGE_FORMAT_NOT_READ: ErrorSentences(
        "“{name}” is a HEIC or AVIF picture, which is not read; save it as JPEG or PNG.",
        remedy=Remedy.READABLE_FORMATS,
    ),
    Reason.OLD_OFFICE_FORMAT: ErrorSentences(
        "“{name}” is in an old Office format; save it as .docx or .xlsx.",
        remedy=Remedy.READABLE_FORMATS,
    ),
    Reason.FILE_TOO_LARGE: ErrorSentences(
        "“{name}” is larger than {limit} MB.", remedy=Remedy.ATTACH_PART
    ),
    Reason.UNPACKS_TOO_FAR: ErrorSentences(
        "“{name}” unpacks to more than {limit} MB.",
        remedy=Remedy.ATTACH_PART,
    ),
    Reason.TOO_MANY_ARCHIVES: ErrorSentences(
        "“{name}” lies in too many archives.", remedy=Remedy.ATTACH_PART
    ),
    Reason.FOLDER_TOO_LARGE: ErrorSentences(
        "“{name}” holds more than {limit} MB of files.",
        remedy=Remedy.ATTACH_PART,
    ),
    Reason.READING_TOO_LONG: ErrorSentences(
        "“{name}” takes longer than {limit} s to read.",
        remedy=Remedy.ATTACH_PART,
    ),
    Reason.TOO_MANY_CELLS: ErrorSentences(
        "“{name}” has more than {limit} cells.",
        remedy=Remedy.ATTACH_PART,
    ),
    Reason.TOO_MANY_PIXELS: ErrorSentences(
        "“{name}” has {width} × {height} pixels, more than {limit} million.",
        remedy=Remedy.ATTACH_PART,
    ),
    Reason.TOO_MUCH_TEXT: ErrorSentences(
        "“{name}” holds more than {limit} MB of text.",
        remedy="Attach the part that matters, saved as a file of its own.",
    ),
    Reason.TOO_MANY_FILES: ErrorSentences(
        "“{name}” has {count} files, more than {limit}.",
        remedy=Remedy.ATTACH_PART_OR_RAISE,
    ),
    Reason.TOO_MANY_PAGES: ErrorSentences(
        "“{name}” has {count} {unit}s, more than {limit}.",
        remedy=Remedy.ATTACH_PART_OR_RAISE,
    ),
    Reason.READING_NEEDS_MEMORY: ErrorSentences(
        "“{name}” needs more memory than the {limit} MB set aside for it.",
        remedy=Remedy.ATTACH_PART_OR_RAISE,
    ),
    Reason.READER_STOPPED: ErrorSentences(
        (
            "“{name}” could not be read: it made the reader stop, so it is damaged or needs more "
            "memory than the {limit} MB set aside for it."
        ),
        remedy=(
            "Open it in its own program, save it anew or in parts, and attach that; the limit is "
            "in Settings › Library › Limits of documents."
        ),
    ),
    Reason.READER_NOT_STARTED: ErrorSentences(
        "The part of the program that reads documents could not be started.",
        remedy="Start the program anew; if it happens again, install it anew.",
    ),
    Reason.DOCUMENT_NOT_OPENED: ErrorSentences(
        "“{name}” could not be opened: {words}.", remedy=Remedy.CHECK_FILE
    ),
    Reason.DOCUMENT_NOT_THERE: ErrorSentences(
        "“{name}” could not be opened: it is not there.",
        remedy=Remedy.CHECK_FILE,
    ),
    Reason.DOCUMENT_NOT_A_FILE: ErrorSentences(
        "“{name}” could not be opened: it is not a file.",
        remedy=Remedy.CHECK_FILE,
    ),
    Reason.CHANGED_WHILE_READ: ErrorSentences(
        "“{name}” changed while it was being read.", remedy="Ask again."
    ),
    Reason.NAMED_COLLECTION_GONE: ErrorSentences(
        "The collection “{name}” is no longer there.",
        remedy="Remove it from the prompt, or choose another.",
    ),
    Reason.BATCH_NOT_LOCAL: ErrorSentences(
        ("The model on this computer answers one question at a time; batches are a provider's."),
    ),
    Reason.BATCH_NOT_OFFERED: ErrorSentences(
        "{provider} offers no batches: its API is chat, responses and models alone.",
    ),
    Reason.BATCH_NOT_KNOWN: ErrorSentences(
        (
            "{provider} is not known to offer batches; if it does, switch them on in Settings › "
            "Provider."
        ),
    ),
    Reason.BATCH_NOT_WITH_MODEL: ErrorSentences("{model} is not offered in batches."),
    Reason.BATCH_WITHOUT_FILES: ErrorSentences("There are no files."),
    Reason.BATCH_OF_PAIRS: ErrorSentences(
        "The prompt compares two documents; a batch asks of each file by itself.",
    ),
    Reason.BATCH_WITHOUT_QUESTION: ErrorSentences("There is no question to ask of the files."),
    Reason.BATCH_NOTHING_TO_SEND: ErrorSentences("None of the files can be sent."),
    Reason.BATCH_NOTHING_LEFT: ErrorSentences(
        "There is nothing to run again: every file that was sent has its answer.",
    ),
    Reason.BATCH_UNDER_WAY: ErrorSentences("The job is still under way."),
    Reason.BATCH_GONE: ErrorSentences("There is no such batch job."),
    Reason.BATCH_PROVIDER_GONE: ErrorSentences(
        "The provider of this job is not set up here now.",
        remedy="Set up {address} again to fetch its results.",
    ),
    Reason.BATCH_UNKNOWN_THERE: ErrorSentences(
        "The provider no longer knows the batch.",
        fuller="The provider no longer knows the batch. {words}",
    ),
    Reason.ITEM_DOES_NOT_FIT: ErrorSentences(
        "About {tokens} tokens; {model} takes {limit} at once.",
        remedy="As an ordinary question it can be read in parts.",
    ),
    Reason.ITEM_TOO_LARGE: ErrorSentences("It is larger than a batch takes."),
    Reason.ITEM_WITHOUT_RESULT: ErrorSentences("The provider sent no result for it."),
    Reason.ITEM_EXPIRED: ErrorSentences(
        "It was not reached within a day; nothing was billed for it."
    ),
    Reason.ITEM_CANCELLED: ErrorSentences(
        "The job was cancelled before it was reached; nothing was billed for it."
    ),
    Reason.ITEM_NEVER_SENT: ErrorSentences(
        "The job was cancelled before it was sent; nothing was billed for it."
    ),
    Reason.ITEM_BATCH_FAILED: ErrorSentences(
        "The provider could not run the batch; nothing was billed for it."
    ),
    Reason.ITEM_BATCH_REFUSED: ErrorSentences("The provider refused the batch: {words}."),
    Reason.ITEM_REFUSED: ErrorSentences("The provider refused it: {words}"),
    Reason.ITEM_UNANSWERED: ErrorSentences(
        "The provider sent neither an answer nor an error for it."
    ),
    Reason.ITEM_ANSWER_EMPTY: ErrorSentences("The answer is empty."),
    Reason.ITEM_ANSWERED_TWICE: ErrorSentences(
        "It was answered more than once; the first answer is kept."
    ),
    Reason.ITEM_ENDED_AT_LENGTH: ErrorSentences(
        "The answer is not whole: it reached the limit of tokens."
    ),
    Reason.ITEM_ENDED_BY_FILTER: ErrorSentences(
        "The answer is not whole: a content filter stopped it."
    ),
    Reason.ITEM_ENDED_EARLY: ErrorSentences(
        "The answer is not whole: the model stopped early ({words})."
    ),
    Reason.ITEM_ANSWER_CUT: ErrorSentences("Only the first {limit} MB of the answer are kept."),
    Reason.ITEM_ANSWER_WITH_ERROR: ErrorSentences("With the answer came an error: {words}"),
    Reason.PATH_MISSING: ErrorSentences("{place} is not there.", remedy=Remedy.CHECK_PATH),
    Reason.PATH_IS_FOLDER: ErrorSentences("{place} is a folder.", remedy=Remedy.CHECK_PATH),
    Reason.DISK_FULL: ErrorSentences(
        "There is no space left for {place}.",
        remedy="Free some space on the disk, then try again.",
    ),
    Reason.READ_ONLY: ErrorSentences(
        "{place} could not be written: the folder, the file or the disk is read-only.",
        remedy="Allow writing there, then try again.",
    ),
    Reason.DISK_FAILED: ErrorSentences(
        "The disk failed to read or write {place}.",
        remedy="Check the disk and the space left on it, then try again.",
    ),
    Reason.ATTACHMENT_CHANGED: ErrorSentences(
        "The file changed while it was being attached.",
        remedy="Attach it again.",
    ),
    Reason.ATTACHMENT_MISSING: ErrorSentences(
        "The attachment is no longer in the store.",
        remedy="Attach the file again.",
    ),
    Reason.WEIGHTS_MISSING: ErrorSentences(
        "The on-device model's weights are not installed.", remedy=Remedy.INSTALL_WEIGHTS
    ),
    Reason.WEIGHTS_NOT_GGUF: ErrorSentences(
        "{file} is not a GGUF model file.", remedy=Remedy.CHOOSE_OTHER_MODEL
    ),
    Reason.WEIGHTS_UNREADABLE: ErrorSentences(
        "The model file {file} cannot be read.", remedy=Remedy.CHOOSE_OTHER_MODEL
    ),
    Reason.WEIGHTS_NOT_LOADED: ErrorSentences(
        "The model file {file} could not be loaded.", remedy=Remedy.CHOOSE_OTHER_MODEL
    ),
    Reason.LOCAL_MODEL_SLOW: ErrorSentences(
        "{file} did not load within {limit} seconds.",
        remedy="Try again when the computer is less busy, or choose a smaller model.",
    ),
    Reason.LOCAL_MODEL_STOPPED: ErrorSentences(
        "The on-device model was stopped.", remedy="Try again: it starts anew."
    ),
    Reason.LOCAL_MODEL_NOT_STARTED: ErrorSentences("The on-device model could not be started."),
    Reason.LOCAL_MODEL_SILENT: ErrorSentences(
        "The on-device model did not answer.", remedy="Try again: it starts anew if it stopped."
    ),
    Reason.NOTE_ENCODING: ErrorSentences(
        "The file does not say its encoding; it was read as {encoding}."
    ),
    Reason.NOTE_SOME_IMAGE_PAGES: ErrorSentences(
        "{count} of {total} pages are pictures: nothing on them can be found."
    ),
    Reason.NOTE_READ: ErrorSentences("{read} files read.", fuller="{read} file read."),
    Reason.NOTE_SKIPPED: ErrorSentences(
        "{read} files read, {skipped} left out: {names}.",
        fuller="{read} file read, {skipped} left out: {names}.",
    ),
}
