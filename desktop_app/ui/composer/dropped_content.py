"""What is dropped or pasted: files of this computer, content that is no file yet, or text.

Programs offer the same thing in many forms at once. The order here is that of what the person means:
a file before its address, a message before its title, a picture before where it came from, a link
with its words, then text with what it looks like as HTML. Content (a picture, a mail) is handed on
as it is, for the process that reads documents to unpack. An address alone is text: nothing is ever
fetched.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QImage

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData
    from PySide6.QtGui import QDropEvent

# In order of preference: screenshots come in many forms, and PNG loses nothing.
_TYPES: Final = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/tiff": ".tiff",
}
# Strings: `re` compiles and keeps them when they are first needed, which no start does.
_ADDRESS: Final = r"(?i)(https?|data|blob|file):\S*\Z"
_DATA: Final = r"(?i)data:(image/[a-z]+)(;[^,;]+)*?(;base64)?,(\S+)\Z"
_AROUND: Final = r"(?s)<!--.*?-->|</?(?:html|head|body|meta|a|span|div|p)\b[^>]*>"
_LONE_IMAGE: Final = r"(?i)\s*<img\b[^>]*?\bsrc\s*=\s*[\"']?([^\"'\s>]+)[^>]*>\s*"
_BRACKET: Final = r"[][\\]"
_ESCAPED: Final = r"\\\g<0>"
_TAG: Final = r"<[^>]*>"
_NO_TEXT: Final = "[\0\ud800-\udfff]"
LONGEST_ADDRESS: Final = 32 << 20
LONGEST_LONE_IMAGE: Final = LONGEST_ADDRESS + 10_000
_LONGEST_TITLE: Final = 200
_MOST_AROUND: Final = 40  # tags around a picture that is all there is

_MAIL: Final = "message/rfc822"
_MAIL_REFERENCES: Final = ("text/x-moz-message", "x-uid-list", "application/x-moz-file-promise")
_RICH_TEXT: Final = ("text/rtf", "application/rtf", "text/richtext")
_COPIED_FILES: Final = ("x-special/gnome-copied-files", "x-special/mate-copied-files")
_CELLS: Final = "text/tab-separated-values"
_LINKS: Final = {"text/x-moz-url": "utf-16-le", "_NETSCAPE_URL": "utf-8"}
_WEB: Final = ("http", "https", "ftp", "mailto")
# Where file managers show files that this computer reaches only through them.
_ELSEWHERE: Final = frozenset(
    ("sftp", "ssh", "smb", "dav", "davs", "mtp", "gphoto2", "afc", "afp", "nfs", "fish")
    + ("google-drive", "onedrive", "trash", "recent", "admin", "network", "computer", "kdeconnect")
    + ("desktop", "burn", "archive", "akonadi")
)

NO_MESSAGE: Final = (
    "The mail program handed over no message, only where it keeps it. Save the message as a file "
    "(.eml) and drop that."
)
NO_PICTURE: Final = (
    "Only the picture's address came, and nothing is fetched. To attach the picture, copy it in the "
    "browser and paste it here, or save it and drop the file."
)
NOTHING_READABLE: Final = "There is no file, picture or text in it that can be taken."


@dataclass(frozen=True)
class DroppedData:
    """A picture or a message that is no file: its bytes in some format, or unpacked already."""

    name: str
    content: bytes | QImage


@dataclass(frozen=True)
class DroppedContent:
    """What was dropped or pasted.

    Attributes:
        files: of this computer; whether they are there is not known.
        content: a picture or a message.
        text: to be put into the prompt.
        html: what that text looks like, where it was given.
        note: a sentence for the person on what was not taken, or "".
    """

    files: tuple[Path, ...] = ()
    content: DroppedData | None = None
    text: str = ""
    html: str = ""
    note: str = ""

    @property
    def is_text(self) -> bool:
        """Whether there is something for the prompt's text."""
        return bool(self.text or self.html)

    @property
    def length(self) -> int:
        """About how many characters it will take up in the prompt, or is as hard to lay out as."""
        return max(len(self.text) or len(self.html) // 5, len(self.html) // 50)


def given_in(data: QMimeData) -> DroppedContent:
    """What is meant by what a program offers."""
    urls = _urls(data)
    files = tuple(Path(url.toLocalFile()) for url in urls if url.isLocalFile())
    away = [url for url in urls if url.scheme() in _ELSEWHERE]
    if files or away:
        return DroppedContent(files, note=_not_here(away))
    if data.hasFormat(_MAIL) and (message := bytes(data.data(_MAIL).data())):
        return DroppedContent(content=DroppedData(_name_of_mail(message), message))
    if (picture := picture_in(data)) is not None:
        return DroppedContent(content=picture)
    if not _links(data) and any(data.hasFormat(kind) for kind in _MAIL_REFERENCES):
        return DroppedContent(note=NO_MESSAGE)
    if links := _links(data):
        is_picture = bool(_lone_image(data.html()))
        text, left_out = _clean("\n".join(map(_as_markdown, links)))
        return DroppedContent(text=text, note=NO_PICTURE if is_picture else left_out)
    return _text_in(data)


def files_in(data: QMimeData) -> list[Path]:
    """The local files that were copied or are dragged."""
    return [Path(url.toLocalFile()) for url in _urls(data) if url.isLocalFile()]


def is_to_attach(data: QMimeData) -> bool:
    """Whether files, a picture or a message are being dragged; only addresses are read."""
    return (
        any(url.isLocalFile() or url.scheme() in _ELSEWHERE for url in _urls(data))
        or data.hasFormat(_MAIL)
        or may_hold_picture(data)
        or (any(data.hasFormat(kind) for kind in _MAIL_REFERENCES) and not _links(data))
    )


def is_welcome(data: QMimeData) -> bool:
    """Whether what is being dragged can be taken at all."""
    return is_to_attach(data) or has_text(data)


def accept_copy(event: QDropEvent) -> None:
    """Take what comes from another program as a copy, whatever is proposed: what is told that its
    file or its words were moved here would remove them."""
    event.setDropAction(Qt.DropAction.CopyAction)  # where that is not possible Qt leaves it
    event.accept()


def has_text(data: QMimeData) -> bool:
    """Whether there is text in some form."""
    forms = (_CELLS, "text/markdown", *_LINKS, *_RICH_TEXT)
    return data.hasText() or data.hasHtml() or any(data.hasFormat(form) for form in forms)


def promise(data: QMimeData, place: str = "") -> str:
    """What letting go will do, where `place` names the target if it is not the window."""
    if not is_to_attach(data):
        return f"Drop into the prompt{' of ' if place else ''}{place}"
    count = len(files_in(data))
    what = f" {count} files" if count > 1 else ""
    return f"Drop to attach{what}{' to ' if place else ''}{place}"


def plain_text_in(data: QMimeData) -> tuple[str, str]:
    """The text as it is, and a note on what of it is none."""
    return _clean(data.text())


# ------------------------------------------------------------------ files and links


def _urls(data: QMimeData) -> list[QUrl]:
    """What is offered as a list of addresses; older file managers copy files in a form of theirs."""
    if data.hasUrls():
        return data.urls()
    for form in _COPIED_FILES:
        if data.hasFormat(form):
            lines = bytes(data.data(form).data()).decode(errors="replace").splitlines()[1:]
            return [QUrl(line.strip()) for line in lines if line.strip()]
    return []


def _not_here(urls: list[QUrl]) -> str:
    if not urls:
        return ""
    name = QUrl(urls[0]).fileName() or urls[0].toDisplayString()
    what = f"“{name}” is" if len(urls) == 1 else f"{len(urls)} files are"
    them = "it" if len(urls) == 1 else "them"
    return (
        f"{what} not on this computer, and nothing is fetched: copy {them} to a folder here first."
    )


def _links(data: QMimeData) -> list[tuple[str, str]]:
    """Addresses of the web, each with its words or ""."""
    for form, encoding in _LINKS.items():
        if data.hasFormat(form):
            lines = _lines(bytes(data.data(form).data()), encoding)
            pairs = list(zip(lines[::2], [*lines[1::2], ""], strict=False))
            if found := [(url, title) for url, title in pairs if _is_web(url)]:
                return found
    addresses = [url.toString(QUrl.ComponentFormattingOption.FullyEncoded) for url in data.urls()]
    addresses = [address for address in addresses if _is_web(address)]
    words = data.html()[:5000] if len(addresses) == 1 else ""
    from html import unescape  # imported here, as below: no start takes anything

    title = " ".join(unescape(re.sub(_TAG, " ", words)).split())
    return [(address, title) for address in addresses]


def _lines(raw: bytes, encoding: str) -> list[str]:
    if raw.startswith(b"\xff\xfe"):
        return raw[2:].decode("utf-16-le", "replace").rstrip("\0").splitlines()
    is_narrow = encoding == "utf-16-le" and b"\0" not in raw
    return raw.decode("utf-8" if is_narrow else encoding, "replace").rstrip("\0").splitlines()


def _is_web(address: str) -> bool:
    return address.partition(":")[0].lower() in _WEB


def _as_markdown(link: tuple[str, str]) -> str:
    address, title = link
    words = " ".join(title.split())[:_LONGEST_TITLE]
    if not words or words == address or re.match(_ADDRESS, words):
        return address
    target = f"<{address}>" if set("() ") & set(address) else address
    return f"[{re.sub(_BRACKET, _ESCAPED, words)}]({target})"


# ------------------------------------------------------------------ text


def _text_in(data: QMimeData) -> DroppedContent:
    if data.hasFormat("text/markdown"):
        written = bytes(data.data("text/markdown").data()).decode(errors="replace")
        text, note = _clean(written)
        return DroppedContent(text=text, note=note)
    text, note = _clean(data.text())
    if not text and data.hasFormat(_CELLS):
        rows = bytes(data.data(_CELLS).data()).decode(errors="replace")
        text, note = _clean(_table(rows))
    html = _clean(data.html())[0] if data.hasHtml() else ""
    if text or html.strip():
        return DroppedContent(text=text, html=html, note=note)
    for form in _RICH_TEXT:
        if data.hasFormat(form):
            return DroppedContent(
                content=DroppedData("Pasted text.rtf", bytes(data.data(form).data()))
            )
    return DroppedContent(note=note or (NOTHING_READABLE if data.formats() else ""))


def _clean(text: str) -> tuple[str, str]:
    """A text without what is none, and a sentence on that: zero bytes and halves of characters,
    which no provider takes."""
    if _is_text(text):
        return text, ""
    left_out = len(re.findall(_NO_TEXT, text))
    what = "1 character that is" if left_out == 1 else f"{left_out:,} characters that are"
    return re.sub(_NO_TEXT, "", text), f"{what} no text could not be taken over."


def _is_text(text: str) -> bool:
    """Whether a provider takes it. Asked of megabytes, on the window's thread: 1 ms each."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _table(rows: str) -> str:
    """Cells between tabs as a table in Markdown."""
    cells = [[cell.replace("|", "\\|") for cell in row.split("\t")] for row in rows.splitlines()]
    if not cells or len(cells[0]) < 2:
        return rows
    cells.insert(1, ["---"] * len(cells[0]))
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


# ------------------------------------------------------------------ messages


def _name_of_mail(message: bytes) -> str:
    """The subject, as the name of a file."""
    # Imported here: no start drops a mail.
    import email.errors
    import email.parser
    import email.policy

    parser = email.parser.BytesHeaderParser(policy=email.policy.default)
    try:
        subject = str(parser.parsebytes(message[:100_000])["Subject"] or "")
    except (ValueError, LookupError, TypeError, AttributeError, email.errors.MessageError):
        subject = ""
    words = " ".join(re.sub(r"[\0-\x1f/\\]", " ", subject).split())[:80].strip(" .")
    return f"{words or 'Message'}.eml"


# ------------------------------------------------------------------ pictures


def may_hold_picture(data: QMimeData) -> bool:
    """Whether there is a picture that is not also a text (a copied cell of a table is both: its
    text is meant; the address of a picture is not). Nothing is unpacked."""
    has_bytes = data.hasImage() or any(data.hasFormat(kind) for kind in _TYPES)
    text = data.text().strip()
    if has_bytes:
        return not text or bool(re.match(_ADDRESS, text))
    return bool(_embedded(data, text))


def picture_in(data: QMimeData) -> DroppedData | None:
    """The picture that is meant, if one is."""
    if not may_hold_picture(data):
        return None
    for kind, ending in _TYPES.items():
        if data.hasFormat(kind) and (content := bytes(data.data(kind).data())):
            return DroppedData(_name_of(data, ending), content)
    if found := re.match(_DATA, _embedded(data, data.text().strip())):
        return _of_address(data, found)
    image = data.imageData() if data.hasImage() else None
    if isinstance(image, QImage) and not image.isNull():
        return DroppedData(_name_of(data, ".png"), image)
    return None


def _embedded(data: QMimeData, text: str) -> str:
    """The address that is itself a picture: alone as text, or all there is in HTML; else ""."""
    if len(text) <= LONGEST_ADDRESS and re.match(_DATA, text):
        return text
    lone = _lone_image(data.html()) if data.hasHtml() and not text else ""
    return lone if re.match(_DATA, lone) else ""


def _lone_image(html: str) -> str:
    """The address of the picture that is all there is; "" where there is more."""
    is_more = len(html) > LONGEST_LONE_IMAGE or html.count("<") > _MOST_AROUND
    if is_more or "<img" not in html:
        return ""
    from html import unescape

    found = re.fullmatch(_LONE_IMAGE, re.sub(_AROUND, "", html))
    return unescape(found[1]) if found else ""


def _of_address(data: QMimeData, found: re.Match[str]) -> DroppedData | None:
    if found[1].lower() not in _TYPES:
        return None
    from urllib.parse import unquote_to_bytes

    content = unquote_to_bytes(found[4])
    if found[3]:
        try:
            content = base64.b64decode(content, validate=False)
        except binascii.Error:
            return None
    return DroppedData(_name_of(data, _TYPES[found[1].lower()]), content)


def _name_of(data: QMimeData, ending: str) -> str:
    """The last part of the picture's address, where it has one; else that it was pasted."""
    urls = [url for url in data.urls() if url.scheme() in ("http", "https")]
    lone = QUrl(_lone_image(data.html())) if data.hasHtml() and not urls else QUrl()
    urls += [lone] if lone.scheme() in ("http", "https") else []
    stem = PurePosixPath(urls[0].fileName()).stem[:60] if urls else ""
    return f"{stem or 'Pasted picture'}{ending}"
