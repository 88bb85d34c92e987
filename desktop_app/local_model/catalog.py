"""The models for this computer that can be fetched (`resources/local_models.toml`)."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec

from desktop_app.domain.errors import IllegalChoiceError, LocalModelError
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.i18n.translation import N_
from desktop_app.paths import resource_path

_UNUSABLE_IN_NAMES: Final = lazy_pattern(r"[^\w.+-]+")
_MAX_NAME_CHARS: Final = 120
_MEMORY_SHARE: Final = 0.8  # of the free memory; other apps need the rest
RESERVE_BYTES: Final = 200 << 20
"""Bytes left free on the disk, so that the library can still be written."""


class Purpose(StrEnum):
    """What a model of the catalog is good for."""

    QUICK = "quick"
    EVERYDAY = "everyday"
    THOROUGH = "thorough"
    WRITING = "writing"
    CODE = "code"
    IMAGES = "images"
    SEARCH = "search"
    SPEECH = "speech"

    @property
    def label(self) -> str:
        """Return the purpose in words, marked for translation."""
        return _LABELS[self]


_LABELS: Final = {
    Purpose.QUICK: N_("Quick answers on any computer"),
    Purpose.EVERYDAY: N_("Everyday questions, rewriting, summaries"),
    Purpose.THOROUGH: N_("Harder questions, at lower speed"),
    Purpose.WRITING: N_("Writing in many languages"),
    Purpose.CODE: N_("Program code"),
    Purpose.IMAGES: N_("Questions about images"),
    Purpose.SEARCH: N_("Search by meaning in project files"),
    Purpose.SPEECH: N_("Transcribes speech"),
}


class RemoteFile(msgspec.Struct, frozen=True):
    """A model's file that can be fetched.

    Attributes:
        size: bytes; 0 if only its host knows.
        sha256: "" if no hash is known.
    """

    url: str
    size: int = 0
    sha256: str = ""

    @property
    def name(self) -> str:
        name = _UNUSABLE_IN_NAMES.sub("-", Path(unquote(urlsplit(self.url).path)).name)
        return name.strip(".-")[-_MAX_NAME_CHARS:]

    @property
    def host(self) -> str:
        """Return the host that the file is fetched from; "" for a file on this computer."""
        return urlsplit(self.url).hostname or ""


class CatalogModel(RemoteFile, frozen=True, kw_only=True):
    """A model of the catalog.

    Attributes:
        id: the name by which the command line knows it.
        window: tokens; 0 for a model of speech.
        memory: bytes, with a window of 8,192 tokens.
        projector: the second file of a model that sees images.
        parts: the other files of a model of speech, which are in a folder of their own.
    """

    id: str = ""
    label: str = msgspec.field(name="name")
    publisher: str
    license: str
    purpose: Purpose
    window: int = 0
    memory: int
    projector: RemoteFile | None = None
    parts: tuple[RemoteFile, ...] = ()

    @property
    def files(self) -> tuple[RemoteFile, ...]:
        """Return all files of the model: its own last, so that the model is complete then."""
        return (*self.parts, *((self.projector,) if self.projector else ()), self)

    @property
    def total_size(self) -> int:
        """Return the bytes of all its files."""
        return sum(file.size for file in self.files)


def read_catalog(text: str = "") -> tuple[CatalogModel, ...]:
    """Return the catalog's models in its order.

    Args:
        text: TOML; by default that of the shipped file.
    """
    text = text or resource_path("local_models.toml").read_text("utf-8")
    models = msgspec.toml.decode(text, type=dict[str, CatalogModel])
    return tuple(msgspec.structs.replace(model, id=id_) for id_, model in models.items())


def model_for(catalog: tuple[CatalogModel, ...], *, memory: int, disk: int) -> CatalogModel | None:
    """Return the general model that suits a computer with so many free bytes; None if none fits.

    A larger one answers better. Models for harder questions are left to the user: without a
    graphics card, they write a few words a second.
    """
    general = (Purpose.QUICK, Purpose.EVERYDAY)
    fitting = [
        model
        for model in catalog
        if model.purpose in general
        and model.memory <= memory * _MEMORY_SHARE
        and model.total_size + RESERVE_BYTES <= disk
    ]
    return max(fitting, key=lambda model: model.memory, default=None)


def find_remote(wanted: str, catalog: tuple[CatalogModel, ...]) -> RemoteFile:
    """Return the model that a name of the catalog, an address or a path names.

    Raises:
        IllegalChoiceError: there is no model of this name.
        LocalModelError: the address is neither https nor file, or does not end in ".gguf".
    """
    for model in catalog:
        if wanted.casefold() in (model.id, model.label.casefold()):
            return model
    if "://" not in wanted and wanted.lower().endswith(".gguf"):
        wanted = Path(os.path.abspath(Path(wanted).expanduser())).as_uri()  # noqa: PTH100 — keeps links
    address = urlsplit(wanted)
    if not address.scheme:
        raise IllegalChoiceError(
            N_("There is no model “{name}” to download."),
            hint=N_("“repartee models list” lists them. A URL of a GGUF file works, too."),
            name=wanted,
        )
    is_local = address.hostname in ("127.0.0.1", "::1", "localhost")
    if address.scheme not in ("https", "file") and not (address.scheme == "http" and is_local):
        raise LocalModelError(
            N_("Models are downloaded only from https:// and file:// URLs."),
            hint=N_("Check the URL."),
        )
    remote = RemoteFile(wanted)
    if not remote.name.lower().endswith(".gguf"):
        raise LocalModelError(
            N_("The URL doesn’t name a GGUF file (.gguf)."), hint=N_("Check the URL.")
        )
    return remote
