"""The child process that runs llama.cpp's HTTP server on a Unix socket.

It reads one line of JSON from standard input, so that no key is in its arguments or environment,
where other programs can read it. Then it confines itself, because a model's file may come from
anywhere, loads the model, and prints one line of JSON. It ends when its standard input ends, so
also when its parent crashes.

llama.cpp listens on a Unix socket if the host name ends in ".sock". Other users and web pages can
reach a port, but not the socket, and this user's processes still need the key. On Windows, where
httpx knows no such sockets, it listens on a port of this computer, and only the key protects it.
"""

from __future__ import annotations

import json
import os
import re
import select
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypedDict

from desktop_app import sandbox

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator

LOG_ERRORS_ONLY = 1  # llama.cpp's scale; from "debug" (4) on it logs prompts
STDIN = 0
STDOUT = 1
STDERR = 2
LIBRARY_MISSING: Final = 69  # an exit code: EX_UNAVAILABLE
_LOG_BYTES: Final = 1 << 20
_PROCESSOR_FILES: Final = ("/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system")
_SPLIT_FILE_NAME: Final = re.compile(r"(.*-)\d{5}(-of-\d{5}\.gguf)", re.DOTALL)


class Configuration(TypedDict):
    """The configuration line from the parent."""

    weights: str  # the path of a GGUF file
    alias: str  # the id under which the server names the model
    socket_path: str  # ends in ".sock"; on Windows "", and a port instead
    port: int
    key: str  # required by every endpoint except /health
    context_window: int  # in tokens; llama.cpp lowers it to the window of the model's training
    threads: int  # for generating; 0 chooses by the processor
    projector: str  # the path of the second file of a model that sees images; "" for none
    is_embedding: bool  # makes vectors
    memory_bytes: int  # private, at most
    sampling: dict[str, float]  # by llama.cpp's names; a request may override them
    chat_template: str  # in Jinja; "" for the one in the file


def main() -> int:
    """Serve until standard input ends.

    Return 1 if the model does not load, LIBRARY_MISSING if llama.cpp does not; stderr says why.
    """
    # The reply line has a descriptor of its own. Libraries' output goes to standard error.
    reply_fd = os.dup(STDOUT)
    os.dup2(STDERR, STDOUT)
    line = sys.stdin.buffer.readline()
    if not line:
        return 0
    configuration: Configuration = json.loads(line)
    try:
        with _exit_when_stdin_closes():
            sandbox.confine(policy(configuration, reply_fd))
            server = _load(configuration)  # noqa: F841 - it serves while it is referenced
    except ImportError as exc:  # of a shared library; wheels contain only some
        os.write(STDERR, str(exc).encode())
        return LIBRARY_MISSING
    except RuntimeError as exc:
        os.write(STDERR, f"{exc}\n".encode())
        return 1
    # llama.cpp's own handlers would stop its loop, but not the process.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.write(reply_fd, json.dumps({"model": configuration["alias"]}).encode() + b"\n")
    sys.stdin.buffer.read()
    if configuration["socket_path"]:  # the parent may have been killed
        Path(configuration["socket_path"]).unlink(missing_ok=True)
    # The server's destructor would wait for unfinished answers.
    os._exit(0)


def policy(configuration: Configuration, reply_fd: int) -> sandbox.Policy:
    """Return the permissions of this process: the model's files, its socket and its log."""
    return sandbox.Policy(
        configuration["memory_bytes"],
        readable=(
            *weight_files(Path(configuration["weights"])),
            *([Path(configuration["projector"])] if configuration["projector"] else []),
            *map(Path, _PROCESSOR_FILES),
        ),
        socket_folder=Path(configuration["socket_path"]).parent,
        file_bytes=_LOG_BYTES,
        descriptors=(reply_fd,),
    )


def weight_files(weights: Path) -> list[Path]:
    """Return all files of a model, of which llama.cpp gets the first one."""
    match = _SPLIT_FILE_NAME.fullmatch(weights.name)
    if match is None:
        return [weights]
    names = ((path, _SPLIT_FILE_NAME.fullmatch(path.name)) for path in weights.parent.iterdir())
    return [path for path, name in names if name is not None and name.groups() == match.groups()]


@contextmanager
def _exit_when_stdin_closes() -> Iterator[None]:
    """End this process by SIGIO when the parent ends, even if Python's lock is held.

    xllamacpp holds the interpreter lock while it loads, which takes minutes for a large model on a
    slow disk. No Python thread could notice the end of standard input meanwhile. On Windows, the
    parent's job ends this process.
    """
    if sys.platform == "win32":
        yield
        return
    flags = fcntl.fcntl(STDIN, fcntl.F_GETFL)
    fcntl.fcntl(STDIN, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(STDIN, fcntl.F_SETFL, flags | os.O_ASYNC)
    if select.select([STDIN], [], [], 0)[0]:  # the input ended before the kernel watched it
        os._exit(0)
    yield
    fcntl.fcntl(STDIN, fcntl.F_SETFL, flags)


def _load(configuration: Configuration) -> Any:
    """Return the running xllamacpp.Server; its constructor returns once /health says "ok".

    Raises:
        ImportError: a shared library that llama.cpp needs is not installed.
        RuntimeError: llama.cpp cannot load the file; it has logged why.
    """
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = configuration["weights"]
    params.model_alias = {configuration["alias"]}
    params.api_keys = [configuration["key"]]
    params.hostnames = [configuration["socket_path"] or "127.0.0.1"]
    params.port = configuration["port"]
    params.n_ctx = configuration["context_window"]
    params.n_parallel = 1  # a second request waits: two would share the window and the speed
    params.cache_ram_mib = 0  # up to 8 GiB of old conversations otherwise
    params.fit_params = False  # True reads the model twice to see what fits a graphics card
    params.chat_template = configuration["chat_template"]
    for name, value in configuration["sampling"].items():
        setattr(params.sampling, name, value)
    if configuration["projector"]:
        params.mmproj.path = configuration["projector"]
    if configuration["is_embedding"]:
        params.embedding = True
        # A text must fit into one batch.
        params.n_batch = params.n_ubatch = configuration["context_window"]
    _set_threads(params, configuration["threads"])
    # No web page, downloads, logged prompts, and no endpoint that shows requests.
    params.ui = False
    params.endpoint_slots = False
    params.offline = True
    params.verbosity = LOG_ERRORS_ONLY
    return xllamacpp.Server(params)


def _set_threads(params: Any, wanted: int) -> None:
    """Process the prompt with all cores, and generate with all but one, which draws the window.

    llama.cpp's threads wait for each other at every layer. With one of two cores busy elsewhere,
    two threads generate 10 to 29 tokens a second, one thread 60 to 70. On an idle computer two
    generate 144 and one 85, faster than anyone reads.
    """
    cores = physical_cores()
    params.cpuparams.n_threads = wanted or max(1, cores - 1)
    params.cpuparams_batch.n_threads = cores


def physical_cores() -> int:
    """Return the number of physical (if unknown, logical) cores that this process may use."""
    if sys.platform == "win32":
        return os.cpu_count() or 1
    cpus = os.sched_getaffinity(0)
    topology = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    try:
        return len({Path(topology.format(cpu)).read_text("ascii") for cpu in cpus})
    except OSError:  # not every virtual machine shows its topology
        return len(cpus)
