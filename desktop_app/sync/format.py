"""The form of what is stored: names, keys, sealed files. README.md describes it for other programs.

A file is sealed with a key of its own, made of the library's key, the file's salt and its device.
So no nonce is ever used twice, not even by a copy of a disk that writes the same number.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import zlib
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from desktop_app.domain.value import PrivateValue, Value
from desktop_app.sync.problems import sync_error

T = TypeVar("T", "Head", "Segment")

FORMAT: Final = 1
SHORTEST_PASSPHRASE: Final = 12
LIBRARY_FILE: Final = "library.json"
DEVICES: Final = "devices"
FILES: Final = "files"
HEAD: Final = "head"
_MAGIC: Final = b"RPT\x01"
_SALT_BYTES: Final = 16
_KEY_BYTES: Final = 32
_KEY_LETTERS: Final = 52
_CHECK_LETTERS: Final = 2
"""Earlier versions showed codes without them."""
# RFC 7914: 128 MB and about 0.6 s, so that guessing a passphrase costs as much for each attempt.
_SCRYPT_N: Final = 1 << 17
_SCRYPT_MEMORY: Final = 1 << 28


class LibraryKey(PrivateValue, frozen=True):
    """The key of a library; whoever has it reads and writes everything in it.

    Attributes:
        library: the library's id, from its file in the storage.
    """

    library: str
    key: bytes

    def code(self) -> str:
        """Return the key as 52 letters and 2 that check them, to be entered on another computer."""
        text = _letters(self.key) + _letters(hashlib.sha256(self.key).digest())[:_CHECK_LETTERS]
        return "-".join(text[start : start + 4] for start in range(0, len(text), 4))

    def check(self) -> str:
        """Return what tells this key from others in the library's file, and does not give it."""
        return self._subkey(b"check " + self.library.encode()).hex()[:16]

    def file_name(self, sha256: str) -> str:
        """Return the name of an attachment's file, which does not show the attachment's hash."""
        digest = hmac.new(self._subkey(b"names"), sha256.encode(), hashlib.sha256).hexdigest()
        return f"{FILES}/{digest[:2]}/{digest[2:]}"

    def seal(self, name: str, number: int, content: bytes) -> bytes:
        """Return sealed content; it can be opened under this name and number only."""
        salt = os.urandom(_SALT_BYTES)
        cipher = ChaCha20Poly1305(self._subkey(salt + name.encode()))
        return _MAGIC + salt + cipher.encrypt(_nonce(number), content, name.encode())

    def unseal(self, name: str, number: int, sealed: bytes) -> bytes:
        """Return the content of a sealed file.

        Raises:
            SyncRefusedError: it is torn, changed, of another name or of another library.
        """
        start = len(_MAGIC) + _SALT_BYTES
        salt = sealed[len(_MAGIC) : start]
        cipher = ChaCha20Poly1305(self._subkey(salt + name.encode()))
        try:
            if not sealed.startswith(_MAGIC):
                raise InvalidTag
            return cipher.decrypt(_nonce(number), sealed[start:], name.encode())
        except InvalidTag:
            raise sync_error("damaged", name=name) from None

    def _subkey(self, info: bytes) -> bytes:
        """Return a key that is used for one purpose (RFC 5869, one block)."""
        return hmac.new(self.key, b"repartee sync 1 " + info + b"\x01", hashlib.sha256).digest()


class Span(NamedTuple):
    """The numbers of the changes in one segment: several after it replaced several."""

    first: int
    last: int

    @property
    def name(self) -> str:
        return f"{self.first:010d}-{self.last:010d}"


class Head(Value, frozen=True):
    """What a device says about itself, in a file that it rewrites with each segment.

    Attributes:
        epoch: random at each writing. If the file has another one than the device remembers, a
            copy of this device has written it.
        name: the computer's name, which the user sees.
        number: the last segment's number.
        spans: the segments that exist.
        seen: the last segment of each other device that was applied here.
        at: the time of writing, in microseconds since 1970.
        skipped: the numbers of each other device whose segments were torn or missing here; it
            writes them again.
        struck: the devices that were struck off.
    """

    epoch: str
    name: str
    number: int
    spans: tuple[Span, ...]
    seen: dict[str, int]
    at: int
    skipped: dict[str, list[int]] = msgspec.field(default_factory=dict)
    struck: tuple[str, ...] = ()


class Segment(Value, frozen=True):
    """Changes of a device.

    Attributes:
        schema: the version of the store's schema.
        seen: as in `Head`, when the segment was made.
        entries: JSON arrays, see `entries.py`.
    """

    schema: int
    seen: dict[str, int]
    entries: list[Any]


class _LibraryFile(Value, frozen=True):
    """The library's file: see README.md. A newer version may have other fields."""

    format: int
    library: str
    salt: str = ""
    scrypt_n: int = 0
    key: str = ""
    check: str = ""


def segment_name(device: str, span: Span) -> str:
    return f"{DEVICES}/{device}/{span.name}"


def span_of(name: str) -> Span | None:
    """Return the numbers in the last part of a segment's name, None for any other file."""
    first, _, last = name.partition("-")
    is_segment = len(name) == 21 and first.isdecimal() and last.isdecimal()
    return Span(int(first), int(last)) if is_segment else None


def head_name(device: str) -> str:
    return f"{DEVICES}/{device}/{HEAD}"


def pack(key: LibraryKey, name: str, number: int, value: Head | Segment) -> bytes:
    """Return a head or a segment as a sealed file."""
    return key.seal(name, number, zlib.compress(msgspec.json.encode(value), 1))


def unpack(key: LibraryKey, name: str, number: int, sealed: bytes, kind: type[T]) -> T:
    """Return the head or the segment in a sealed file.

    Raises:
        SyncRefusedError: it is damaged, or of another library.
    """
    content = key.unseal(name, number, sealed)
    try:
        return msgspec.json.decode(zlib.decompress(content), type=kind)
    except (zlib.error, msgspec.MsgspecError):
        raise sync_error("damaged", name=name) from None


def new_library(passphrase: str) -> tuple[LibraryKey, bytes]:
    """Return the key of a new library, and the content of its file."""
    key = LibraryKey(os.urandom(8).hex(), os.urandom(_KEY_BYTES))
    salt = os.urandom(_SALT_BYTES)
    cipher = ChaCha20Poly1305(_stretched(passphrase, salt, _SCRYPT_N))
    wrapped = cipher.encrypt(_nonce(0), key.key, key.library.encode())
    file = _LibraryFile(FORMAT, key.library, salt.hex(), _SCRYPT_N, wrapped.hex(), key.check())
    return key, msgspec.json.format(msgspec.json.encode(file), indent=1)


def library_of(file: bytes) -> str:
    """Return the id in a library's file.

    Raises:
        SyncRefusedError: it is no such file, or of a newer version.
    """
    return _read_library(file).library


def _read_library(file: bytes) -> _LibraryFile:
    try:
        fields = msgspec.json.decode(file, type=_LibraryFile)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise sync_error("library", name=LIBRARY_FILE) from None
    if fields.format > FORMAT:
        raise sync_error("newer_format")
    return fields


def open_library(file: bytes, secret: str) -> LibraryKey:
    """Return the key of a library. Takes half a second.

    Args:
        file: the content of the library's file.
        secret: the passphrase, or the code (`LibraryKey.code`).

    Raises:
        SyncRefusedError: the passphrase or the code is wrong, or the file is damaged.
    """
    fields = _read_library(file)
    try:
        salt, wrapped = bytes.fromhex(fields.salt), bytes.fromhex(fields.key)
    except ValueError:
        raise sync_error("library", name=LIBRARY_FILE) from None
    if fields.scrypt_n > _SCRYPT_N:  # a changed file must not take all memory
        raise sync_error("library", name=LIBRARY_FILE)
    text = "".join(secret.replace("-", " ").split()).upper()
    coded = LibraryKey(fields.library, _key_of_code(text) or b"")
    if coded.key and (coded.check() == fields.check or (is_code(secret) and not fields.check)):
        return coded
    try:
        cipher = ChaCha20Poly1305(_stretched(secret, salt, fields.scrypt_n))
        unwrapped = cipher.decrypt(_nonce(0), wrapped, fields.library.encode())
    except (InvalidTag, ValueError, TypeError, OverflowError):
        raise sync_error("code" if coded.key else "passphrase") from None
    return LibraryKey(fields.library, unwrapped)


def is_code(secret: str) -> bool:
    """Return True for a code without a typing error, or for one without letters that check it."""
    text = "".join(secret.replace("-", " ").split()).upper()
    key = _key_of_code(text)
    if key is None:
        return False
    return len(text) == _KEY_LETTERS or LibraryKey("", key).code().replace("-", "") == text


def _key_of_code(text: str) -> bytes | None:
    if len(text) not in (_KEY_LETTERS, _KEY_LETTERS + _CHECK_LETTERS):
        return None
    try:
        return base64.b32decode(text[:_KEY_LETTERS] + "====")
    except ValueError:
        return None


def _letters(content: bytes) -> str:
    return base64.b32encode(content).decode("ascii").rstrip("=")


def _stretched(passphrase: str, salt: bytes, n: int) -> bytes:
    return hashlib.scrypt(
        passphrase.encode(), salt=salt, n=n, r=8, p=1, maxmem=_SCRYPT_MEMORY, dklen=_KEY_BYTES
    )


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")
