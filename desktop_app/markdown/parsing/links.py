"""Decides which links open, and names where a link leads if its words could mislead.

A link's words are chosen by the author of the answer, or of a page that the model has read. If they
look like an address of another host, or cannot be compared with the target, the true host follows
them. It also follows if the target itself misleads: a user name before the host, or a host
that is not ASCII.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from desktop_app.domain.documents.document_types import DOCUMENT_FORMATS, ZIP
from desktop_app.domain.graphemes import shorten
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.i18n.translation import tr

_MAX_SHOWN_LENGTH: Final = 80
"""Characters; a longer destination is cut."""
_MAX_WORDS_LENGTH: Final = 2_000
"""Characters; longer words are not compared with the destination, which then follows them."""
_MAX_HOST_LENGTH: Final = 3_000
"""Characters, perhaps escaped; normalizing many combining marks takes quadratic time."""
_MAX_LABEL_LENGTH: Final = 63
"""Characters of a part of a host between dots, by the rules of DNS."""
_MAX_READINGS: Final = 8
"""Readings of a mail address: as written, and after each decoding. One with more is refused."""

# The last @ ends the user name, as in browsers. An address with a backslash before its path, which
# browsers take for a slash, or without "//" has no host here.
_WEB_ADDRESS: Final = lazy_pattern(
    r"https?://(?P<user>[^/?#\\]*@)?(?P<host>[^/?#@:\\\[\]]+|\[[0-9a-f:.]+\])"
    r"(?::\d{0,5})?(?:[/?#]|\Z)",
    re.IGNORECASE,
)

_MAIL_SCHEME: Final = "mailto:"
_MAIL_FIELDS: Final = frozenset(("to", "cc", "bcc", "subject", "body"))
_RECIPIENTS: Final = frozenset(("to", "cc", "bcc"))
_FIELD_SEPARATORS: Final = lazy_pattern(r"([&;?#]|\r\n?|\n)")
# A mail program could take "-x@host" for an option.
_RECIPIENT: Final = lazy_pattern(r"(?!-)[^\s@<>()\[\]\\,;:&?#\"]+@[\w.-]+")

_NAMED_HOST: Final = lazy_pattern(
    r"(?<![\w-])(?P<scheme>[a-z][a-z0-9+-]*+:/+)?(?P<host>[\w-]++(?:\.[\w-]++)*)"
    r"(?::\d+)?(?P<rest>[/?#][\w/?#&=%+~:;,.@!$*-]*+)?"
)
_TOP_LEVEL: Final = lazy_pattern(r"xn--[\w-]+|(?=[\w-]*[^\W\d_])[\w-]{2,}")
# A part of an IPv4 address, an IPv4 address that is one number, and a possible IPv6 address.
_IPV4_PART: Final = lazy_pattern(r"0x[0-9a-f]{1,8}|\d+")
_IPV4_NUMBER: Final = lazy_pattern(r"\W*(?P<number>0x[0-9a-f]{7,8}|\d{8,10})\W*")
_POSSIBLE_IPV6: Final = lazy_pattern(r"(?<![\w:.])[0-9a-f:.]{2,45}(?![\w:])")
_MAIL_ADDRESS: Final = lazy_pattern(r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)+")
_WORD: Final = lazy_pattern(r"[^\W\d_]+")

_FILE_ENDINGS: Final = frozenset(
    "c cfg cpp cs css csv go h htm html ini ipynb java jpeg jpg js json kt lock log lua md mp3 mp4 "
    "php pl png ps py r rb rs rst sh sql svg swift tex toml ts tsv txt webp xml yaml yml".split()
) | {
    document_format.suffix[1:] for kind, document_format in DOCUMENT_FORMATS.items() if kind != ZIP
}
"""The endings of file names that look like hosts, as in README.md."""

# Full stops of other scripts, and characters that look like a full stop.
_DOTS: Final = dict.fromkeys(map(ord, "\u3002\uff61\u2024\ua4f8\u0701\u0702\ua60e"), ".") | {
    0x10A50: ".",
    0x1D16D: ".",
}
# Characters that look like a full stop only between Latin letters or digits: an Arabic zero, a
# bullet, a middle dot. In the Catalan "l·l", the middle dot is part of a letter.
_LOOKALIKE_DOTS: Final = lazy_pattern(
    r"(?<=[a-z0-9])[\u0660\u06f0\u2022\u2219\u22c5\u2027\u30fb](?=[a-z0-9])"
    r"|(?<=[a-z0-9])(?<!l)\u00b7(?=[a-z0-9])|(?<=l)\u00b7(?=[a-km-z0-9])"
)
# Characters that look like letters, but have no compatibility mapping: letters in black circles,
# letters in black squares, and the letters that flags are written with.
_LOOKALIKE_LETTERS: Final = {
    first + offset: chr(ord("a") + offset)
    for first in (0x1F150, 0x1F170, 0x1F1E6)
    for offset in range(26)
}
_NARROW_SPACES: Final = "\u2006\u2009\u200a\u202f"
WORD_BREAK: Final = lazy_pattern(rf"[^\S{_NARROW_SPACES}]")
"""A space that separates words; around a narrow one, they look like one address."""


class _Mail(NamedTuple):
    """The visible recipients of a mail, and the recipients of blind copies."""

    visible: list[str]
    blind: list[str]


def is_openable(target: str) -> bool:
    """Return True if a click on a link to `target` may open it through the system."""
    if not target.isprintable() or any(map(str.isspace, target)):
        return False
    if _is_mail(target):
        return _parse_mail(target) is not None
    return bool(_host_of(target))


@lru_cache(maxsize=500)  # each new piece of an answer parses its open tail again
def destination_to_show(words: str | None, target: str, context: str = "") -> str:
    """Return the destination to show after a link's words; "" if they do not mislead.

    Args:
        words: the link's words; None if they contain a formula, which can draw any letters.
        target: the link's target.
        context: the words with the text that touches them. It counts if the words alone name no
            host: they may be a part of a name.

    >>> destination_to_show("“bank.example”", "https://evil.example/x")
    'evil.example'
    >>> destination_to_show("the docs", "https://docs.example"), destination_to_show("a.example", "http://a.example/")
    ('', '')
    """
    if target.startswith("#"):
        return ""  # no other site: an anchor, or an address to come (see provisional_inline.py)
    visible_words = (
        None if words is None or len(words) > _MAX_WORDS_LENGTH else _visible_text(words)
    )
    if _is_mail(target):
        return _mail_destination(words, visible_words, target)
    host = _host_of(target) or _unopened_host(target)
    destination = host or _shorten(target)
    if _is_misleading(target, host):
        return destination
    if words is not None and unquote(words) == unquote(target):
        return ""
    if visible_words is None or (_is_web(target) and not host):
        return destination
    named_hosts = set(_named_hosts(visible_words)) or set(_named_hosts(_visible_text(context)))
    if not named_hosts:
        return destination if _is_in_two_scripts(context or words or "") else ""
    return destination if named_hosts - _file_name_as_host(target) - {_bare_host(host)} else ""


def image_destination(target: str) -> str:
    """Return the place to show after the name of an image that is not drawn; "" for none."""
    if target.startswith("#") or not target:
        return ""
    if target[:5].lower() == "data:":
        # Cut, because the data after the media type can be megabytes.
        kind = target[5:40].partition(",")[0].partition(";")[0]
        return tr("{kind}, not shown", kind=kind)
    host = _host_of(target)
    return host or _shorten(target)


# ---------------------------------------------------------------- where a link leads


def _is_web(target: str) -> bool:
    return target[:5].lower() in ("http:", "https")


def _is_mail(target: str) -> bool:
    return target[: len(_MAIL_SCHEME)].lower() == _MAIL_SCHEME


def _is_misleading(target: str, host: str) -> bool:
    """Return True if an address is easily misread, whatever the words of its link say."""
    match = _WEB_ADDRESS.match(target)
    return "xn--" in host or bool(match and match["user"])


def _host_of(target: str) -> str:
    """Return the host of an http or https address, in ASCII; "" if it is missing or illegal."""
    match = _WEB_ADDRESS.match(target)
    if match is None or len(match["host"]) > _MAX_HOST_LENGTH:
        return ""
    if match["host"].startswith("["):
        return match["host"].lower()
    host = unicodedata.normalize("NFKC", unquote(match["host"])).translate(_DOTS).lower()
    labels = host.rstrip(".").split(".")
    for label in labels:
        are_legal = (c.isalnum() or c in "-_" or unicodedata.category(c)[0] == "M" for c in label)
        if not 0 < len(label) <= _MAX_LABEL_LENGTH or not all(are_legal):
            return ""
    return ".".join(map(_ascii_label, labels))


def _ascii_label(label: str) -> str:
    if label.isascii():
        return label
    # Punycode takes quadratic time: 8 s for 8,000 characters.
    return f"xn--{label[:_MAX_LABEL_LENGTH].encode('punycode').decode()}"


def _unopened_host(target: str) -> str:
    """Return the host of an address that is never opened, such as ftp; "" if it has none."""
    if _is_web(target):
        return ""
    try:
        parts = urlsplit(target)
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme == "xmpp":
        host = parts.path.partition("/")[0].rpartition("@")[2].lower()
    return ".".join(map(_ascii_label, host.rstrip(".").split(".")))


def _parse_mail(target: str) -> _Mail | None:
    """Return the recipients in a mail link; None if it is not safe to open.

    Programs differ in how often they decode and where they separate fields. So every reading is
    checked: an attached file, an unknown field or a second header line in any of them refuses the
    link.
    """
    readings = list(_decodings(target[len(_MAIL_SCHEME) :]))
    if not readings:
        return None
    for reading in readings:
        if any(not (c.isprintable() or c in "\r\n") or c == "\ufffd" for c in reading):
            return None
        mail = _Mail([], [])
        for separator, name, value, is_named in _mail_fields(reading):
            if is_named and name not in _MAIL_FIELDS:
                return None
            # Only a body has several lines, and no line begins with the name of a field.
            if separator in ("\r", "\n", "\r\n") and (is_named or name != "body"):
                return None
            if name in _RECIPIENTS:
                if _FIELD_SEPARATORS.search(value):
                    return None
                addresses = [address for address in value.split(",") if address]
                (mail.blind if name == "bcc" else mail.visible).extend(addresses)
    # Those of the last reading, which is fully decoded.
    return mail if all(map(_RECIPIENT.fullmatch, mail.visible + mail.blind)) else None


def _decodings(text: str) -> Iterator[str]:
    """Yield a text as written, then decoded once, twice and so on, until nothing changes.

    Yield nothing if that takes more than `_MAX_READINGS` readings.
    """
    readings = [text.encode(errors="replace")]
    while (decoded := unquote_to_bytes(readings[-1])) != readings[-1]:
        if len(readings) == _MAX_READINGS:
            return
        readings.append(decoded)
    yield from (reading.decode(errors="replace") for reading in readings)


def _mail_fields(reading: str) -> Iterator[tuple[str, str, str, bool]]:
    """Yield the pieces of a mail's address, split wherever some program would split it.

    A piece is the separator before it, the name of its field, its text, and True if the name is
    written before the text. It is not before the recipients at the beginning of the address.
    """
    path, question_mark, fields = reading.partition("?")
    name = "to"
    yield "", name, path, False
    pieces = [question_mark, *_FIELD_SEPARATORS.split(fields)]  # each after its separator
    for separator, piece in zip(pieces[::2], pieces[1::2], strict=True):
        field_name, equals, value = piece.partition("=")
        is_named = bool(equals) or field_name in ("attach", "attachment")
        if is_named:
            name = field_name.strip().lower()
        yield separator, name, value if is_named else piece, is_named


def _mail_destination(words: str | None, visible_words: str | None, target: str) -> str:
    """Return the destination to show after a mail link's words; "" if they do not mislead.

    Several recipients, or one of a blind copy, are always shown.
    """
    mail = _parse_mail(target)
    if mail is None:
        return "" if words in (target, target[len(_MAIL_SCHEME) :]) else _shorten(target)
    recipients = [*mail.visible, *(f"Bcc {address}" for address in mail.blind)]
    addresses = ", ".join(recipients)
    if len(recipients) > 1:
        count = len(recipients)
        return _shorten(tr("{count} recipients: {addresses}", count=count, addresses=addresses))
    if mail.blind:
        return _shorten(addresses)
    address = recipients[0].lower() if recipients else ""
    host = ".".join(map(_ascii_label, address.rpartition("@")[2].rstrip(".").split(".")))
    destination = host or _shorten(target)
    if visible_words is None or "xn--" in host:
        return destination
    named_addresses = set(_MAIL_ADDRESS.findall(visible_words))
    hosts = {_bare_host(named.rpartition("@")[2]) for named in named_addresses}
    hosts.update(_named_hosts(_MAIL_ADDRESS.sub(" ", visible_words)))
    if hosts - {_bare_host(host)}:
        return destination
    if named_addresses - {address}:
        return address if address.isascii() else destination
    return destination if not hosts and _is_in_two_scripts(words or "") else ""


# ---------------------------------------------------------------- what words say


def _visible_text(words: str) -> str:
    """Return words as readers see them: without invisible characters, look-alikes replaced."""
    if words.isascii():
        return words.lower()
    visible = "".join(c for c in words if c not in _NARROW_SPACES)
    folded = unicodedata.normalize("NFKC", visible.translate(_LOOKALIKE_LETTERS)).translate(_DOTS)
    # Format characters (joiners, directions) and combining marks do not separate addresses.
    plain = "".join(c for c in folded if unicodedata.category(c) not in ("Cf", "Mn", "Me", "Cc"))
    return _LOOKALIKE_DOTS.sub(".", plain.lower())


def _named_hosts(visible_words: str) -> Iterator[str]:
    """Yield every host that words name, as `_bare_host` returns it."""
    for match in _NAMED_HOST.finditer(visible_words):
        labels = match["host"].split(".")
        is_ipv4 = len(labels) == 4 and all(map(_IPV4_PART.fullmatch, labels))
        is_name = len(labels) > 1 and _TOP_LEVEL.fullmatch(labels[-1])
        is_local = match["host"] == "localhost" and match.end() > match.end("host")
        if match["scheme"] or is_ipv4 or is_name or is_local:
            yield _bare_host(match["host"])
    if number := _IPV4_NUMBER.fullmatch(visible_words):
        yield number["number"]
    for match in _POSSIBLE_IPV6.finditer(visible_words):
        if match[0].count(":") > 1:
            from ipaddress import AddressValueError, IPv6Address

            with suppress(AddressValueError):
                IPv6Address(match[0])
                yield f"[{match[0]}]"


def _bare_host(host: str) -> str:
    """Return a host without "www." and without dots and hyphens at its ends, to compare it."""
    return host.strip(".-").removeprefix("www.")


def _file_name_as_host(target: str) -> set[str]:
    """Return the file name that an address ends in, if it could be taken for a host."""
    match = _WEB_ADDRESS.match(target)
    path = re.split(r"[?#]", target[match.end("host") :] if match else target)[0]
    name = unquote(path.rstrip("/").rpartition("/")[2]).lower()
    return {_bare_host(name)} if name.rpartition(".")[2] in _FILE_ENDINGS else set()


def _is_in_two_scripts(words: str) -> bool:
    """Return True if a word of three or more letters mixes Latin with Cyrillic or Greek ones.

    Letters of these scripts look alike.
    """
    if words.isascii():
        return False
    for word in _WORD.findall(words):
        scripts = {unicodedata.name(letter, "?").split()[0] for letter in word}
        if len(word) > 2 and "LATIN" in scripts and scripts & {"CYRILLIC", "GREEK"}:
            return True
    return False


def _shorten(target: str) -> str:
    return shorten(target, _MAX_SHOWN_LENGTH)
