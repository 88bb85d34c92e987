"""The call of `repartee quick` to a running program, without the modules of a usual start.

The modules that `main` imports take more time than the call itself, and the user waits for both.
"""

import os
import stat
import sys

MAGIC = b"RPT1"
MAX_TEXT_BYTES = 4 << 20
"""The limit of the text: about a million tokens.

The receiver joins the pieces of such a text in 1 ms, but would take 44 ms for 16 MB.
"""
CALL_TIMEOUT_S = 10.0
# A socket's path may have 107 bytes (unix(7)), of which "/repartee-0123456789ab.sock" takes 27.
MAX_RUNTIME_PATH_BYTES = 80


def show_quick_prompt(arguments: list[str]) -> bool:
    """Show the quick prompt of the program that runs.

    Return False if the usual start must do it: no program answers, text is piped in, or options are
    to be checked.
    """
    if sys.platform == "win32":
        return False
    if arguments[:1] == ["--text"] and len(arguments) == 2:
        text = arguments[1].encode("utf-8", "surrogateescape")  # an argument may hold any byte
    elif arguments or _is_piped():
        return False
    else:
        text = b""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if len(text) > MAX_TEXT_BYTES or not is_usable_runtime_folder(runtime):
        return False
    home = os.environ.get("REPARTEE_HOME")
    path = os.path.join(runtime, socket_name(scope_of(home) if home else ""))  # noqa: PTH118
    try:
        return call(path, frame(b"quick", text)) == b"ok"
    except OSError:
        return False


def _is_piped() -> bool:
    """Return True if standard input may bring a text."""
    if sys.stdin is None:
        return False
    mode = os.fstat(sys.stdin.fileno()).st_mode
    return stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def is_usable_runtime_folder(runtime: str) -> bool:
    """Return True for a writable folder of the user's, in which nobody else can create sockets."""
    is_writable = os.access(runtime, os.W_OK | os.X_OK)
    is_short = len(os.fsencode(runtime)) <= MAX_RUNTIME_PATH_BYTES
    return is_writable and is_short and is_own_folder(os.stat(runtime), 0o022)  # noqa: PTH116


def is_own_folder(status: os.stat_result, forbidden: int) -> bool:
    """Return True for a folder of the user's without the forbidden permissions."""
    is_own = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
    return is_own and not status.st_mode & forbidden


def scope_of(home: str) -> str:
    """Return a short hash of REPARTEE_HOME, which tells its socket and keyring service apart."""
    import hashlib

    root = os.path.realpath(os.path.expanduser(home))  # noqa: PTH111
    return hashlib.sha256(os.fsencode(root)).hexdigest()[:12]


def socket_name(scope: str) -> str:
    """Return the name of the local socket of a running window."""
    return f"repartee{'-' + scope if scope else ''}.sock"


def pipe_name(path: str | os.PathLike[str]) -> str:
    """Return the name of the pipe that a window on Windows has instead of a socket."""
    return "\\\\.\\pipe\\" + os.fspath(path).replace("\\", "-")


def frame(head: bytes, text: bytes) -> bytes:
    """Return a request to the running window: see app/window_request.py."""
    return MAGIC + len(head).to_bytes(4, "big") + len(text).to_bytes(4, "big") + head + text


def call(path: str | os.PathLike[str], request: bytes) -> bytes:
    """Send a request to the window that listens at `path`; return its reply, b"" for none.

    Raises:
        OSError: no window listens, or it does not reply within 10 s.
    """
    if sys.platform == "win32":
        with open(pipe_name(path), "r+b", buffering=0) as pipe:  # noqa: PTH123
            pipe.write(request)
            return pipe.read(16).rstrip(b"\n")
    import _socket  # `socket` takes 11 ms, two fifths of the process

    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.settimeout(CALL_TIMEOUT_S)
        connection.connect(os.fspath(path))
        try:  # noqa: SIM105 — contextlib would delay the call
            connection.sendall(request)
        except BrokenPipeError:  # the reply arrived before everything was sent
            pass
        return connection.recv(16).rstrip(b"\n")  # longer than any reply
    finally:
        connection.close()
