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

from desktop_app.domain.errors import SyncRefusedError
from desktop_app.domain.value import PrivateValue, Value
from desktop_app.i18n.translation import N_

T = TypeVar("T", "Head", "Segment")

FORMAT: Final = 1
SHORTEST_PASSPHRASE: Final = 12
LIBRARY_FILE: Final = "library.json"
DEVICES: Final = "devices"
FILES: Final = "files"
HEAD: Final = "head"
BEGUN: Final = N_(
    "A new library was begun there. If another computer began one there before, its files have not "
    "arrived: stop synchronizing, and join once they have."
)
_MAGIC: Final = b"RPT\x01"
_SALT_BYTES: Final = 16
_KEY_BYTES: Final = 32
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
        """Return the key as text, to be entered on another computer."""
        text = base64.b32encode(self.key).decode("ascii").rstrip("=")
        return "-".join(text[start : start + 4] for start in range(0, len(text), 4))

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
            raise refused_error(name) from None

    def _subkey(self, info: bytes) -> bytes:
        """Return a key that is used for one purpose (RFC 5869, one block)."""
        return hmac.new(self.key, b"repartee sync 1 " + info + b"\x01", hashlib.sha256).digest()


class Span(NamedTuple):
    """The numbers of the changes in one segment: several after segments were joined."""

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
    """

    epoch: str
    name: str
    number: int
    spans: tuple[Span, ...]
    seen: dict[str, int]
    at: int


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


def segment_name(device: str, span: Span) -> str:
    return f"{DEVICES}/{device}/{span.name}"


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
        raise refused_error(name) from None


def new_library(passphrase: str) -> tuple[LibraryKey, bytes]:
    """Return the key of a new library, and the content of its file."""
    key = LibraryKey(os.urandom(8).hex(), os.urandom(_KEY_BYTES))
    salt = os.urandom(_SALT_BYTES)
    cipher = ChaCha20Poly1305(_stretched(passphrase, salt, _SCRYPT_N))
    wrapped = cipher.encrypt(_nonce(0), key.key, key.library.encode())
    file = _LibraryFile(FORMAT, key.library, salt.hex(), _SCRYPT_N, wrapped.hex())
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
        raise refused_error(LIBRARY_FILE) from None
    if fields.format > FORMAT:
        raise SyncRefusedError(
            N_("A newer version of Repartee synchronizes this library."),
            hint=N_("Install that version on this computer, too."),
        )
    return fields


def open_library(file: bytes, secret: str) -> LibraryKey:
    """Return the key of a library. Takes half a second.

    Args:
        file: the content of the library's file.
        secret: the passphrase, or the code (`LibraryKey.code`).

    Raises:
        SyncRefusedError: the passphrase is wrong, or the file is damaged.
    """
    fields = _read_library(file)
    try:
        salt, wrapped = bytes.fromhex(fields.salt), bytes.fromhex(fields.key)
    except ValueError:
        raise refused_error(LIBRARY_FILE) from None
    if fields.scrypt_n > _SCRYPT_N:  # a changed file must not take all memory
        raise refused_error(LIBRARY_FILE)
    key = _key_of_code(secret)
    if key is not None:
        return LibraryKey(fields.library, key)
    try:
        cipher = ChaCha20Poly1305(_stretched(secret, salt, fields.scrypt_n))
        unwrapped = cipher.decrypt(_nonce(0), wrapped, fields.library.encode())
    except (InvalidTag, ValueError):
        raise SyncRefusedError(
            N_("This passphrase is not that of the library."), hint=N_("Enter it again.")
        ) from None
    return LibraryKey(fields.library, unwrapped)


def refused_error(name: str) -> SyncRefusedError:
    """Return the error of a file that is torn, changed, or not of this library."""
    return SyncRefusedError(
        N_("“{name}” in the storage is damaged, or belongs to another library."),
        hint=N_("The rest was synchronized. Restore this file there if you can."),
        name=name,
    )


def _key_of_code(secret: str) -> bytes | None:
    text = "".join(secret.replace("-", " ").split()).upper()
    if len(text) != 52:
        return None
    try:
        return base64.b32decode(text + "====")
    except ValueError:
        return None


def _stretched(passphrase: str, salt: bytes, n: int) -> bytes:
    return hashlib.scrypt(
        passphrase.encode(), salt=salt, n=n, r=8, p=1, maxmem=_SCRYPT_MEMORY, dklen=_KEY_BYTES
    )


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")
