"""Read dropped or pasted data: local files, content without a file, or text.

Programs offer the same content in many formats at once. The order here follows the user's
intention: files come before their addresses, messages before their subjects, images before
their sources. Links with their titles, and texts with their HTML, come last. Images and
messages are passed on unparsed, for the process that reads documents. An address alone is
text: nothing is ever fetched.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from html import unescape
from pathlib import Path, PurePosixPath
from socket import gethostname
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt, QUrl
from PySide6.QtGui import QDropEvent, QImage
from PySide6.QtWidgets import QWidget

from desktop_app.domain.documents.document_types import IMAGE_SUFFIXES
from desktop_app.domain.graphemes import cut
from desktop_app.domain.value import Value
from desktop_app.i18n.translation import N_, tr, tr_plural

# Strings, because `re` then compiles them on first use instead of at start-up.
_ADDRESS: Final = r"(?i)(https?|data|blob|file):\S*\Z"
# Repetitions are bounded: without limits, some megabytes of HTML took minutes.
_DATA_URL: Final = (
    r"(?i)data:(?P<type>image/(?:png|jpe?g|webp|gif|bmp|tiff))"
    r"(?:;[^,;]{1,200}){0,20}?(?P<base64>;base64)?,(?P<content>\S+)\Z"
)
_WRAPPER_TAGS: Final = (
    r"(?s)<!--.{0,20000}?-->|</?(?:html|head|body|meta|a|span|div|p)\b[^>]{0,20000}>"
)
_IMAGE_TAG: Final = r"(?i)<img\b[^>]*>\Z"
_IMAGE_SOURCE: Final = r"(?i)\bsrc\s*=\s*[\"']?([^\"'\s>]+)"
_BRACKET: Final = r"[][\\]"
_ESCAPED_BRACKET: Final = r"\\\g<0>"
_TAG: Final = r"<[^>]*>"
_IMAGE_TYPES: Final = {**IMAGE_SUFFIXES, "image/svg+xml": ".svg"}  # SVG is read as text
_INVALID_CHARACTER: Final = "[\0\ud800-\udfff]"
_MAX_ADDRESS_CHARACTERS: Final = 32 << 20  # of an image that is in its address (`data:`)
_MAX_IMAGE_HTML_CHARACTERS: Final = _MAX_ADDRESS_CHARACTERS + 10_000
_MAX_TITLE_CHARACTERS: Final = 200
_MAX_TITLE_HTML_CHARACTERS: Final = 5000  # of the HTML of a link that are searched for its title
_MAX_MAIL_HEADER_BYTES: Final = 100_000  # that are searched for the subject
_MAX_WRAPPER_TAGS: Final = 40  # tags around a single image

_MARKDOWN_TYPE: Final = "text/markdown"
_MAIL_TYPE: Final = "message/rfc822"
_MAIL_REFERENCE_TYPES: Final = (
    "text/x-moz-message",
    "x-uid-list",
    "application/x-moz-file-promise",
)
_WEB_SCHEMES: Final = ("http", "https", "ftp", "mailto")
# Schemes of file managers for files that have no local path.
_NON_LOCAL_SCHEMES: Final = frozenset(
    ("sftp", "ssh", "smb", "dav", "davs", "mtp", "gphoto2", "afc", "afp", "nfs", "fish")
    + ("google-drive", "onedrive", "trash", "recent", "admin", "network", "computer", "kdeconnect")
    + ("desktop", "burn", "archive", "akonadi")
)

NO_MESSAGE: Final = N_(
    "Your email app didn’t share the message. Save it as an .eml file and drop that."
)
NO_IMAGE: Final = N_(
    "Repartee doesn’t download images. Copy and paste the image, or save it and drop the file."
)
NOTHING_READABLE: Final = N_("Nothing here can be attached")


class DroppedData(NamedTuple):
    """An image or mail message without a file: encoded bytes, or a decoded image."""

    name: str
    content: bytes | QImage


class DroppedContent(Value, frozen=True):
    """Dropped or pasted content.

    Attributes:
        files: local paths; they may not exist.
        data: an image or a mail message.
        text: to be inserted into the prompt.
        html: the text with its formatting, if it was offered; `text` may then be "".
        note: a sentence for the user about content that was left out, or "".
    """

    files: tuple[Path, ...] = ()
    data: DroppedData | None = None
    text: str = ""
    html: str = ""
    note: str = ""

    @property
    def is_text(self) -> bool:
        """Return True if there is text for the prompt."""
        return bool(self.text or self.html)

    @property
    def length(self) -> int:
        """Return the approximate number of characters; slow HTML of many tags counts as more."""
        text_length = len(self.text)
        if not text_length:
            text_length = len(self.html) // 5  # about a fifth of HTML is text
        # If much less of the HTML is text, its tags take the time.
        return max(text_length, len(self.html) // 50)


def read_dropped(data: QMimeData) -> DroppedContent:
    """Return the content that the user most likely means, from the formats offered."""
    files = tuple(files_in(data))
    non_local = list(filter(_is_elsewhere, data.urls()))
    if files or non_local:
        return DroppedContent(files, note=_non_local_note(non_local))
    message = _bytes_of(data, _MAIL_TYPE)
    if message:
        return DroppedContent(data=DroppedData(_mail_name(message), message))
    if (image := image_in(data)) is not None:
        return DroppedContent(data=image)
    addresses = _web_addresses(data)
    if not addresses and _has_any_format(data, _MAIL_REFERENCE_TYPES):
        return DroppedContent(note=tr(NO_MESSAGE))
    if addresses:
        links = addresses
        if len(addresses) == 1:
            links = [_markdown_link(addresses[0], data.html()[:_MAX_TITLE_HTML_CHARACTERS])]
        text, note = remove_invalid_characters("\n".join(links))
        if _only_image_url(data.html()):  # the user has dragged an image of a page
            note = tr(NO_IMAGE)
        return DroppedContent(text=text, note=note)
    return _text_in(data)


def files_in(data: QMimeData) -> list[Path]:
    """Return the local files that were copied or dragged."""
    return [Path(url.toLocalFile()) for url in map(_without_own_host, data.urls()) if _is_here(url)]


def _without_own_host(url: QUrl) -> QUrl:
    """Return the address of a file without the name of this computer, which XDND asks for."""
    host, own = url.host().casefold(), gethostname().casefold()
    if url.isLocalFile() and host.partition(".")[0] in ("localhost", own.partition(".")[0]):
        url.setHost("")
    return url


def _is_here(url: QUrl) -> bool:
    return url.isLocalFile() and (not url.host() or os.name == "nt")  # Windows opens shares


def _is_elsewhere(url: QUrl) -> bool:
    return url.scheme() in _NON_LOCAL_SCHEMES or (
        url.isLocalFile() and not _is_here(_without_own_host(url))
    )


def has_attachable_content(data: QMimeData) -> bool:
    """Return True for dragged files, images or messages. No file is opened, no image decoded."""
    return (
        any(url.isLocalFile() or url.scheme() in _NON_LOCAL_SCHEMES for url in data.urls())
        or data.hasFormat(_MAIL_TYPE)
        or has_image(data)
        or (_has_any_format(data, _MAIL_REFERENCE_TYPES) and not _web_addresses(data))
    )


def is_acceptable(data: QMimeData) -> bool:
    """Return True if any of the dragged data can be inserted or attached."""
    return (
        has_attachable_content(data)
        or data.hasText()
        or data.hasHtml()
        or data.hasFormat(_MARKDOWN_TYPE)
    )


def accept_copy(event: QDropEvent) -> None:
    """Accept a drop from another program as a copy, even if it proposes a move.

    After a move, the other program would delete its file or text.
    """
    event.setDropAction(Qt.DropAction.CopyAction)  # Qt ignores an action that is not possible
    event.accept()


def drop_hint(data: QMimeData, conversation: str = "", folder: str = "") -> str:
    """Return a sentence about the effect of a drop.

    Args:
        conversation: the title of the target, if it is not the open conversation.
        folder: the name of the folder in which the drop starts a conversation.
    """
    if not has_attachable_content(data):
        if folder:
            return tr("Drop to insert text in a new conversation in “{folder}”", folder=folder)
        if conversation:
            return tr("Drop to insert text in “{title}”", title=conversation)
        return tr("Drop to insert text")
    count = max(1, len(files_in(data)))  # 1 for an image or a message
    if folder:
        return tr_plural(
            "Drop to attach to a new conversation in “{folder}”",
            "Drop to attach {count} files to a new conversation in “{folder}”",
            count,
            folder=folder,
        )
    if conversation:
        return tr_plural(
            "Drop to attach to “{title}”",
            "Drop to attach {count} files to “{title}”",
            count,
            title=conversation,
        )
    return tr_plural("Drop to attach", "Drop to attach {count} files", count)


class FileDropFilter(QObject):
    """Filter that makes the text fields of a widget leave files, images and mail to the window.

    By default the fields would insert the address of a file as text.
    """

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        for candidate in (widget, *widget.findChildren(QWidget)):
            if candidate.acceptDrops():
                candidate.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Refuse files, images and mail on behalf of the field."""
        if event.type() != QEvent.Type.DragEnter:
            return False
        is_attachable = has_attachable_content(event.mimeData())  # type: ignore[attr-defined]
        if is_attachable:
            event.ignore()
        return is_attachable


# ------------------------------------------------------------------ formats


def _has_any_format(data: QMimeData, mime_types: Iterable[str]) -> bool:
    return any(data.hasFormat(mime_type) for mime_type in mime_types)


def _bytes_of(data: QMimeData, mime_type: str) -> bytes:
    if not data.hasFormat(mime_type):
        return b""
    return bytes(data.data(mime_type).data())


# ------------------------------------------------------------------ files and links


def _non_local_note(urls: list[QUrl]) -> str:
    if not urls:
        return ""
    name = QUrl(urls[0]).fileName() or urls[0].toDisplayString()
    if len(urls) == 1:
        return tr("“{name}” isn’t on this computer. Copy it here first.", name=name)
    return tr_plural(
        "{count} file isn’t on this computer. Copy it here first.",
        "{count} files aren’t on this computer. Copy them here first.",
        len(urls),
    )


def _web_addresses(data: QMimeData) -> list[str]:
    encoding = QUrl.ComponentFormattingOption.FullyEncoded
    return [url.toString(encoding) for url in data.urls() if url.scheme() in _WEB_SCHEMES]


def _markdown_link(address: str, html: str) -> str:
    """Return a link in Markdown; only the address if the text of the HTML is no more than that."""

    label = cut(" ".join(unescape(re.sub(_TAG, " ", html)).split()), _MAX_TITLE_CHARACTERS)
    if not label or label == address or re.match(_ADDRESS, label):
        return address
    target = address
    if set("() ") & set(address):  # they would end the target
        target = f"<{address}>"
    escaped_label = re.sub(_BRACKET, _ESCAPED_BRACKET, label)
    return f"[{escaped_label}]({target})"


# ------------------------------------------------------------------ text


def _text_in(data: QMimeData) -> DroppedContent:
    if markdown := _bytes_of(data, _MARKDOWN_TYPE):
        text, note = remove_invalid_characters(markdown.decode(errors="replace"))
        return DroppedContent(text=text, note=note)
    text, note = remove_invalid_characters(data.text())
    html = ""
    if data.hasHtml():
        html, _ = remove_invalid_characters(data.html())  # `note` counts those of the text
    if text or html.strip():
        return DroppedContent(text=text, html=html, note=note)
    if not note and data.formats():
        note = tr(NOTHING_READABLE)
    return DroppedContent(note=note)


def remove_invalid_characters(text: str) -> tuple[str, str]:
    """Remove zero bytes and lone surrogates, which providers refuse.

    Return the text and a sentence about the removed characters, or "".
    """
    with suppress(UnicodeEncodeError):
        text.encode()  # takes 1 ms for texts of megabytes
        if "\0" not in text:
            return text, ""
    removed_count = len(re.findall(_INVALID_CHARACTER, text))
    note = tr_plural(
        "{count} invalid character was removed.",
        "{count} invalid characters were removed.",
        removed_count,
    )
    return re.sub(_INVALID_CHARACTER, "", text), note


# ------------------------------------------------------------------ messages


def _mail_name(message: bytes) -> str:
    import email.errors  # these take 12 ms, and few drops are e-mails
    import email.parser
    import email.policy

    parser = email.parser.BytesHeaderParser(policy=email.policy.default)
    try:
        subject = str(parser.parsebytes(message[:_MAX_MAIL_HEADER_BYTES])["Subject"] or "")
    except (ValueError, LookupError, TypeError, AttributeError, email.errors.MessageError):
        subject = ""
    stem = " ".join(re.sub(r"[\0-\x1f/\\]", " ", subject).split())[:80].strip(" .")
    return f"{stem or tr('Message')}.eml"


# ------------------------------------------------------------------ images


def has_image(data: QMimeData) -> bool:
    """Return True if the data mean an image rather than a text. Nothing is decoded.

    A table cell is copied as an image and as a text, and the text is meant. If the text is the
    image's address, the image is meant.
    """
    text = data.text().strip()
    if _has_any_format(data, _IMAGE_TYPES) or _is_decoded_image(data):
        return not text or bool(re.match(_ADDRESS, text))
    return bool(_data_url(data, text))


def _is_decoded_image(data: QMimeData) -> bool:
    """Return True for an image that Qt returns without decoding bytes of another program.

    That is an image of this program, of Windows or of macOS. From encoded bytes, Qt would decode
    any format that it knows, in this process. An SVG image may name files, and take hours.
    """
    return data.hasImage() and not any(
        mime_type.startswith("image/") for mime_type in data.formats()
    )


def image_in(data: QMimeData) -> DroppedData | None:
    """Return the image that the user means, if any."""
    if not has_image(data):
        return None
    for mime_type, ending in _IMAGE_TYPES.items():
        if content := _bytes_of(data, mime_type):
            return DroppedData(_image_name(data, ending), content)
    if match := re.match(_DATA_URL, _data_url(data, data.text().strip())):
        return _decode_data_url(data, match)
    image = data.imageData() if _is_decoded_image(data) else None
    if isinstance(image, QImage) and not image.isNull():
        return DroppedData(_image_name(data, ".png"), image)
    return None


def _data_url(data: QMimeData, text: str) -> str:
    """Return the data URL of an image if it is all of the text or the HTML; otherwise ""."""
    if len(text) <= _MAX_ADDRESS_CHARACTERS and re.match(_DATA_URL, text):
        return text
    if text or not data.hasHtml():
        return ""
    url = _only_image_url(data.html())
    return url if re.match(_DATA_URL, url) else ""


def _only_image_url(html: str) -> str:
    """Return the address of the only image in HTML; "" if the HTML has any other content."""
    if len(html) > _MAX_IMAGE_HTML_CHARACTERS or html.count("<") > _MAX_WRAPPER_TAGS:
        return ""  # without a search: so much HTML has other content
    if "<img" not in html:
        return ""

    remaining_html = re.sub(_WRAPPER_TAGS, "", html).strip()
    if not re.match(_IMAGE_TAG, remaining_html):
        return ""
    source = re.search(_IMAGE_SOURCE, remaining_html)
    return unescape(source[1]) if source else ""


def _decode_data_url(data: QMimeData, match: re.Match[str]) -> DroppedData | None:
    content = unquote_to_bytes(match["content"])
    if match["base64"]:
        try:
            content = base64.b64decode(content, validate=False)
        except binascii.Error:
            return None
    ending = IMAGE_SUFFIXES.get(match["type"].lower(), ".jpg")  # image/jpg is a common misnomer
    return DroppedData(_image_name(data, ending), content)


def _image_name(data: QMimeData, ending: str) -> str:
    url = next(filter(_is_http, data.urls()), None)
    if url is None and data.hasHtml():
        url = QUrl(_only_image_url(data.html()))
    stem = ""
    if url is not None and _is_http(url):
        stem = cut(PurePosixPath(url.fileName()).stem, 60)
    stem = stem or tr("Pasted image")
    return f"{stem}{ending}"


def _is_http(url: QUrl) -> bool:
    return url.scheme() in ("http", "https")
