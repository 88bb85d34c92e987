"""The GGUF files on this computer: those fetched, their unfinished parts, and those of other apps.

Files of Ollama, LM Studio and Hugging Face's cache are used where they are, and never changed.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from desktop_app.domain.errors import IllegalChoiceError, LocalModelError
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.speech_packages import can_transcribe_here
from desktop_app.domain.system_error import system_words
from desktop_app.foreign_file import RefusedFileError, open_file
from desktop_app.i18n.translation import N_, tr
from desktop_app.local_model.catalog import CatalogModel, read_catalog
from desktop_app.local_model.fetch import (
    PART,
    Info,
    is_busy,
    read_info,
    read_json,
    remove_part,
    write_json,
)
from desktop_app.local_model.gguf import Header
from desktop_app.local_model.header_reader import HeaderReader

_MAX_FOUND: Final = 200  # of one app; arbitrary: far more than anyone has
_MAX_DEPTH: Final = (
    4  # LM Studio: publisher/model/file; Hugging Face: model/snapshots/revision/file
)
_LATER_SPLIT: Final = lazy_pattern(r"-(?!00001)\d{5}-of-\d{5}\.gguf$", re.IGNORECASE)
_OLLAMA_MODEL: Final = "application/vnd.ollama.image.model"
_OLLAMA_PROJECTOR: Final = "application/vnd.ollama.image.projector"
_OLLAMA_REGISTRY: Final = "registry.ollama.ai/library/"


class Origin(StrEnum):
    """The app whose folder has a file."""

    REPARTEE = "repartee"
    OLLAMA = "ollama"
    LM_STUDIO = "lm-studio"
    HUGGING_FACE = "hugging-face"

    @property
    def label(self) -> str:
        """Return the app's name, marked for translation."""
        return _ORIGIN_LABELS[self]


_ORIGIN_LABELS: Final = {
    Origin.REPARTEE: N_("Downloaded"),
    Origin.OLLAMA: "Ollama",
    Origin.LM_STUDIO: "LM Studio",
    Origin.HUGGING_FACE: N_("Hugging Face cache"),
}


class LocalFile(msgspec.Struct, frozen=True):
    """A model's file on this computer.

    Attributes:
        path: also the model's id.
        size: bytes, with the second file.
        projector: the path of the second file, of a model that sees images; "" for none.
        info: how it was fetched; None if another app or the user has put it there.
        used_at: its last use here.
        is_speech: True for a model that transcribes speech, whose folder has further files.
    """

    path: str
    name: str
    origin: Origin
    size: int
    header: Header
    projector: str = ""
    info: Info | None = None
    used_at: datetime | None = None
    is_speech: bool = False

    def is_named(self, wanted: str) -> bool:
        """Return True if this is its path, its name or its id in the catalog."""
        path = Path(self.path)
        model = self.info.model if self.info else ""
        file_names = () if self.is_speech else (path.name, path.stem)  # all are "model.bin"
        names = (self.path, *file_names, self.name, model)
        return wanted.casefold() in (name.casefold() for name in names if name)


class PartialFile(msgspec.Struct, frozen=True):
    """An unfinished download.

    Attributes:
        total: bytes; None if unknown.
        is_busy: True if a process is fetching it now.
    """

    path: str
    name: str
    done: int
    total: int | None
    url: str
    model: str
    is_busy: bool


class UnusableFile(NamedTuple):
    """A file that looks like a model; `reason` is a sentence."""

    path: str
    reason: str


class _CachedHeader(msgspec.Struct, frozen=True):
    """A header, or why there is none: the message of the error."""

    size: int
    modified_ns: int
    header: Header | None
    problem: str = ""


class ModelStore:
    """The folder of fetched models, and the files of other apps.

    Attributes:
        folder: that of the fetched models; it may not exist yet.
        catalog: the models that can be fetched.
        unusable: the files that the last `scan` left out.

    Args:
        cache: the folder for the headers that were read; reading one takes 20 to 100 ms.
        home: the user's folder, where other apps keep theirs.
    """

    def __init__(self, folder: Path, cache: Path, home: Path | None = None) -> None:
        self.folder = folder
        self.catalog: tuple[CatalogModel, ...] = read_catalog()
        self.unusable: tuple[UnusableFile, ...] = ()
        self._cache_file = cache / "model_headers.json"
        self._home = home or Path.home()

    def scan(self) -> list[LocalFile]:
        """Return all models that can be used, those fetched first. Blocking."""
        headers = read_json(self._cache_file, dict[str, _CachedHeader]) or {}
        known: dict[str, _CachedHeader] = {}
        used = self._uses()
        files: list[LocalFile] = []
        unusable: list[UnusableFile] = []
        with HeaderReader() as reader:
            for origin, path, name, projector in self._candidates(unusable):
                shown = _shown(str(path))
                if shown != str(path):  # it cannot be stored as a setting
                    unusable.append(UnusableFile(shown, tr("Its name isn’t UTF-8.")))
                    continue
                try:
                    cached = _read_cached(path, headers.get(shown), reader)
                    size = cached.size + (Path(projector).stat().st_size if projector else 0)
                except OSError as exc:
                    unusable.append(UnusableFile(shown, tr(system_words(exc))))
                    continue
                known[shown] = cached
                if cached.header is None:
                    unusable.append(UnusableFile(shown, tr(cached.problem, file=path.name)))
                elif not cached.header.is_projector:
                    info = read_info(path) if origin is Origin.REPARTEE else None
                    files.append(
                        LocalFile(
                            *(shown, name, origin, size, cached.header),
                            *(projector, info, used.get(shown)),
                        )
                    )
        self.unusable = tuple(unusable)
        if known != headers:
            self._remember(self._cache_file, known)
        return files

    @property
    def offered(self) -> tuple[CatalogModel, ...]:
        """Return the models of the catalog that this installation can use."""
        return tuple(m for m in self.catalog if not m.parts or can_transcribe_here())

    def speech_models(self) -> list[LocalFile]:
        """Return the fetched models that transcribe speech. Blocking."""
        found: list[LocalFile] = []
        used = self._uses()
        for model in self.catalog:
            path = self.folder / model.id / model.name
            info = read_info(path) if model.parts and path.exists() else None
            if info is not None:
                facts = (str(path), model.label, Origin.REPARTEE, model.total_size)
                at = used.get(str(path))
                header = Header("whisper")
                found.append(LocalFile(*facts, header, info=info, used_at=at, is_speech=True))
        return found

    @staticmethod
    def _remember(path: Path, value: object) -> None:
        with suppress(OSError):  # as on a full disk: it is read or counted again
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_json(path, value)

    def partial_files(self) -> list[PartialFile]:
        """Return the unfinished downloads. Blocking."""
        found = []
        for path in sorted((*self.folder.glob(f"*{PART}"), *self.folder.glob(f"*/*{PART}"))):
            if not path.is_file():
                continue
            info = read_info(path) or Info("")
            name = path.name.removesuffix(PART)
            label = next((m.label for m in self.catalog if m.id == info.model), name)
            found.append(
                PartialFile(
                    str(path),
                    label,
                    path.stat().st_size,
                    info.total,
                    info.url,
                    info.model,
                    is_busy(path),
                )
            )
        return found

    def free_bytes(self) -> int:
        """Return the free space of the disk of the fetched models."""
        folder = self.folder
        while not folder.exists():
            folder = folder.parent
        return shutil.disk_usage(folder).free

    def remember_use(self, path: str) -> None:
        """Record that a model is used now. Blocking."""
        uses = self._uses() | {path: datetime.now(UTC)}
        self._remember(self._uses_file, {p: at for p, at in uses.items() if Path(p).exists()})

    def find(self, wanted: str) -> list[Path]:
        """Return the files of the fetched model or unfinished download that a name means.

        Raises:
            IllegalChoiceError: there is none, or it belongs to another app.
        """
        for file in (*self.speech_models(), *self.scan()):
            if not file.is_named(wanted):
                continue
            if file.is_speech:
                return [Path(file.path), *self._parts_beside(Path(file.path))]
            if file.origin is not Origin.REPARTEE:
                raise IllegalChoiceError(
                    N_("{model} belongs to {app}."),
                    hint=N_("Remove it there."),
                    model=file.name,
                    app=file.origin.label,
                )
            return [Path(each) for each in (file.path, file.projector) if each]
        for part in self.partial_files():
            path = Path(part.path)
            names = (part.path, path.name, path.name.removesuffix(PART), part.name, part.model)
            if wanted.casefold() in (name.casefold() for name in names if name):
                return [path]
        raise IllegalChoiceError(
            N_("There is no downloaded model “{name}”."),
            hint=N_("“repartee models list” lists them."),
            name=wanted,
        )

    def _parts_beside(self, path: Path) -> list[Path]:
        files = [file for model in self.catalog if model.parts for file in model.parts]
        return [path.with_name(name) for name in sorted({file.name for file in files})]

    def remove(self, paths: list[Path]) -> int:
        """Remove fetched files or parts. Return the bytes that this frees. Blocking.

        A second file that another model uses, too, stays.

        Raises:
            LocalModelError: a file is being fetched, or cannot be removed.
        """
        freed = 0
        for path in paths:
            if path.name.endswith(PART) and is_busy(path):
                raise LocalModelError(
                    N_("{file} is being downloaded."),
                    hint=N_("Cancel the download first."),
                    file=path.name.removesuffix(PART),
                )
            others = (read_info(other) for other in self.folder.glob("*.gguf") if other != path)
            if any(info and info.projector == path.name for info in others) and paths[0] != path:
                continue
            try:
                size = path.stat().st_size if path.exists() else 0
                remove_part(path)
            except OSError as exc:
                raise LocalModelError(
                    N_("Couldn’t remove {file}."), details=str(exc), file=path.name
                ) from exc
            freed += size
        if paths and paths[0].parent != self.folder:  # a model of speech has a folder of its own
            with suppress(OSError):
                paths[0].parent.rmdir()
        return freed

    # ------------------------------------------------------------------ where files are

    def _candidates(self, unusable: list[UnusableFile]) -> Iterator[tuple[Origin, Path, str, str]]:
        """Yield origin, path, name and second file of each model, each file once.

        Args:
            unusable: receives what cannot even be followed to a file.
        """
        cache = os.environ.get("HF_HOME") or self._home / ".cache/huggingface"
        hugging_face = Path(os.environ.get("HF_HUB_CACHE") or Path(cache) / "hub")
        seen: set[Path] = set()
        for origin, path, name, projector in (
            *self._fetched(),
            *self._of_ollama(unusable),
            *self._in_folders(
                Origin.LM_STUDIO,
                (self._home / ".lmstudio/models", self._home / ".cache/lm-studio/models"),
            ),
            *self._in_folders(Origin.HUGGING_FACE, (hugging_face,)),
        ):
            real = Path(os.path.realpath(path))
            if real not in seen:
                seen.add(real)
                yield origin, path, name, projector

    def _fetched(self) -> Iterator[tuple[Origin, Path, str, str]]:
        labels = {model.id: model.label for model in self.catalog}
        for path in sorted(self.folder.glob("*.gguf")):
            info = read_info(path)
            projector = self.folder / info.projector if info and info.projector else None
            yield (
                Origin.REPARTEE,
                path,
                labels.get(info.model if info else "") or path.stem,
                str(projector) if projector and projector.exists() else "",
            )

    def _of_ollama(self, unusable: list[UnusableFile]) -> Iterator[tuple[Origin, Path, str, str]]:
        """Yield the models of Ollama, whose manifests name files by their hashes."""
        roots = [self._home / ".ollama/models", Path("/usr/share/ollama/.ollama/models")]
        if own := os.environ.get("OLLAMA_MODELS"):
            roots.insert(0, Path(own))
        for root in roots:
            for manifest in _walk(root / "manifests", ""):
                value = read_json(manifest, _Manifest)
                if value is None:
                    unusable.append(
                        UnusableFile(_shown(str(manifest)), tr("It isn’t a readable manifest."))
                    )
                    continue
                layers = _blobs(value)
                blob = layers.get(_OLLAMA_MODEL, "")
                if not blob:
                    continue
                second = layers.get(_OLLAMA_PROJECTOR, "")
                name = _shown(manifest.relative_to(root / "manifests").as_posix())
                model, _, tag = name.removeprefix(_OLLAMA_REGISTRY).rpartition("/")
                yield (
                    Origin.OLLAMA,
                    root / "blobs" / blob,
                    f"{model}:{tag}",
                    str(root / "blobs" / second) if second else "",
                )

    @staticmethod
    def _in_folders(
        origin: Origin, roots: tuple[Path, ...]
    ) -> Iterator[tuple[Origin, Path, str, str]]:
        for root in roots:
            for path in _walk(root, ".gguf"):
                if path.name.startswith("mmproj") or _LATER_SPLIT.search(path.name):
                    continue
                projectors = sorted(path.parent.glob("mmproj*.gguf"))
                yield origin, path, path.stem, str(projectors[0]) if projectors else ""

    @property
    def _uses_file(self) -> Path:
        return self._cache_file.with_name("model_uses.json")

    def _uses(self) -> dict[str, datetime]:
        return read_json(self._uses_file, dict[str, datetime]) or {}


def _shown(path: str) -> str:
    """Return a path in which U+FFFD replaces the bytes that are not UTF-8."""
    return os.fsencode(path).decode("utf-8", "replace")


def model_at(path: Path, files: Iterable[LocalFile]) -> LocalFile:
    """Return the model at a path. Raises LocalModelError if there is none that answers."""
    for file in files:
        if file.path == str(path):
            return file
    raise LocalModelError(
        N_("{file} was downloaded, but it isn’t a model that can be used alone."),
        hint=N_("Use it with the model that it belongs to, or remove the file."),
        file=str(path),
    )


class _Manifest(msgspec.Struct):
    layers: list[dict[str, object]]


def _blobs(manifest: _Manifest) -> dict[str, str]:
    blobs = ((str(row.get("mediaType")), str(row.get("digest"))) for row in manifest.layers)
    return {
        media_type: digest.replace(":", "-")
        for media_type, digest in blobs
        if re.fullmatch(r"sha256:[0-9a-f]{64}", digest)
    }


def _walk(root: Path, ending: str) -> list[Path]:
    """Return the files below a folder of another app; [] if it cannot be read."""
    found: list[Path] = []
    for folder, subfolders, names in os.walk(root):
        depth = len(Path(folder).relative_to(root).parts)
        subfolders[:] = sorted(subfolders) if depth < _MAX_DEPTH else []
        found += [Path(folder) / name for name in sorted(names) if name.lower().endswith(ending)]
        if len(found) >= _MAX_FOUND:
            break
    return found[:_MAX_FOUND]


def _read_cached(path: Path, cached: _CachedHeader | None, reader: HeaderReader) -> _CachedHeader:
    """Return the remembered header of a file, or read it. Raises OSError."""
    status = path.stat()
    stamp = (status.st_size, status.st_mtime_ns)
    if cached is not None and (cached.size, cached.modified_ns) == stamp:
        return cached
    try:
        with open_file(path) as file:
            return _CachedHeader(*stamp, reader.read_open(file, path))
    except (LocalModelError, RefusedFileError) as error:
        return _CachedHeader(*stamp, None, error.message)
