"""The start of child processes: command, environment and working directory of each kind.

A child process loads no code from the folder that the user works in: Python searches neither that
folder nor the paths in PYTHON* variables, and the child's working directory is the root folder. A
child receives only the variables that its kind needs, so that a key in the environment stays in
this process.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from desktop_app import system

if sys.platform == "win32":
    from subprocess import CREATE_NO_WINDOW

if TYPE_CHECKING:
    import subprocess
    from asyncio.subprocess import Process
    from collections.abc import Iterator, Mapping
    from typing import NoReturn

ChildKind = Literal[
    "diagrams",
    "documents",
    "headers",
    "lexing",
    "math",
    "model",
    "qt",
    "recordings",
    "server",
    "tool",
    "voice",
]

# Only root can create files here, and a process in this folder does not keep a drive mounted.
WORKING_DIRECTORY: Final = "/" if sys.platform != "win32" else os.environ["SYSTEMROOT"]

# HOME, because "pip install --user" may have put libraries below it.
_COMMON_VARIABLES: Final = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "TZ")
# No program starts without the first. The others are what the SDK of MCP passes on to servers, and
# where Windows and programs keep files.
_WINDOWS_VARIABLES: Final = (
    *("SYSTEMROOT", "APPDATA", "COMSPEC", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "PATHEXT"),
    *("PROCESSOR_ARCHITECTURE", "PROGRAMDATA", "PROGRAMFILES", "SYSTEMDRIVE", "TEMP", "TMP"),
    *("USERNAME", "USERPROFILE", "WINDIR"),
)
REPORTS_TO_WINDOW: Final = "REPARTEE_REPORTS_TO_WINDOW"
"""The variable by which the window has a command report its errors as JSON."""

# Variables by which a child lays out text as the window does.
_LAYOUT_VARIABLES: Final = (
    *("FONTCONFIG_FILE", "FONTCONFIG_PATH", "LC_TIME", "XDG_CACHE_HOME", "XDG_CONFIG_DIRS"),
    *("XDG_CONFIG_HOME", "XDG_DATA_DIRS", "XDG_DATA_HOME"),
)
# Variables to find the user's library, and to use the window's language.
_LIBRARY_VARIABLES: Final = (
    *_LAYOUT_VARIABLES,
    *("LANGUAGE", "LC_MESSAGES", "PATH", "REPARTEE_HOME", "REPARTEE_LANGUAGE", "TMPDIR"),
    *("XDG_RUNTIME_DIR", "XDG_STATE_HOME"),
)
# Variables to show a window as the desktop wants it.
_SCREEN_VARIABLES: Final = (
    *("DBUS_SESSION_BUS_ADDRESS", "DESKTOP_SESSION", "DISPLAY", "KDE_FULL_SESSION"),
    *("KDE_SESSION_VERSION", "QT_AUTO_SCREEN_SCALE_FACTOR", "QT_DEBUG_PLUGINS", "QT_FONT_DPI"),
    *("QT_LOGGING_RULES", "QT_PLUGIN_PATH", "QT_QPA_PLATFORM", "QT_QPA_PLATFORMTHEME"),
    *("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_SCALE_FACTOR", "QT_SCREEN_SCALE_FACTORS"),
    *("QT_STYLE_OVERRIDE", "QT_XCB_GL_INTEGRATION", "WAYLAND_DISPLAY", "XAUTHORITY"),
    *("XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE"),
)
# Variables with which a tool server finds and runs the user's programs.
_SERVER_VARIABLES: Final = (
    *("LOGNAME", "PATH", "SHELL", "TMPDIR", "USER"),
    *("NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE"),
    *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"),
    *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME"),
)
# Variables to reach the desktop's server for sound, and its voices.
_VOICE_VARIABLES: Final = (
    *("DBUS_SESSION_BUS_ADDRESS", "PATH", "PIPEWIRE_REMOTE", "PIPEWIRE_RUNTIME_DIR"),
    *("PULSE_COOKIE", "PULSE_RUNTIME_PATH", "PULSE_SERVER", "SPEECHD_ADDRESS", "TMPDIR"),
    *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"),
)
_VARIABLES_OF_KIND: Final[Mapping[ChildKind, tuple[str, ...]]] = {
    "diagrams": _COMMON_VARIABLES,
    "documents": _COMMON_VARIABLES,
    "headers": _COMMON_VARIABLES,
    "lexing": _COMMON_VARIABLES,
    "math": _COMMON_VARIABLES,
    "model": _COMMON_VARIABLES,
    "qt": (*_COMMON_VARIABLES, *_LIBRARY_VARIABLES, *_SCREEN_VARIABLES),
    "recordings": _COMMON_VARIABLES,
    "server": (*_COMMON_VARIABLES, *_SERVER_VARIABLES),
    "tool": ("LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "TZ"),
    "voice": (*_COMMON_VARIABLES, *_VOICE_VARIABLES),
}
# Variables whose values may be relative to the program's original working directory.
_PATH_VARIABLES: Final = frozenset(
    (
        "FONTCONFIG_FILE",
        "FONTCONFIG_PATH",
        "HOME",
        "NODE_EXTRA_CA_CERTS",
        "REPARTEE_HOME",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "TMPDIR",
        "XAUTHORITY",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_RUNTIME_DIR",
        "XDG_STATE_HOME",
    )
)

# Variables that name the provider of this run (providers/gateway/environment_profiles.py). The
# address may contain a password.
PROVIDER_VARIABLES: Final = (
    *("COMETAPI_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"),
    *("OPENAI_CUSTOM_HEADERS", "OPENAI_CUSTOM_QUERY"),
    *("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT", "OPENAI_API_VERSION"),
    *("AZURE_OPENAI_DEPLOYMENT", "OPENAI_MODEL"),
    *("REPARTEE_SYNC_PASSPHRASE", "REPARTEE_SYNC_PASSWORD"),
)
_hidden_variables: Final[dict[str, str]] = {}
_original_umask: int | None = None


def hide_keys() -> None:
    """Move keys and other PROVIDER_VARIABLES out of what child processes inherit by default.

    Libraries start processes too: Qt opens a browser, and Python asks "uname".
    """
    for name in PROVIDER_VARIABLES:
        if name in os.environ:
            _hidden_variables[name] = os.environ.pop(name)


def environment_with_keys() -> dict[str, str]:
    """Return the environment variables, with those that `hide_keys` removed."""
    return {**os.environ, **_hidden_variables}


def keep_files_private() -> None:
    """Make files and folders created from now on private, also those of child processes."""
    global _original_umask
    _original_umask = os.umask(0o077)


def usual_mode() -> int:
    """Return the mode that other programs of the user give new files."""
    return 0o666 & ~(0o077 if _original_umask is None else _original_umask)


@contextmanager
def foreign_umask() -> Iterator[None]:
    """Restore the original umask while starting a program of another vendor.

    A browser would otherwise hide its downloads from the user's group. Files that other threads
    create at that moment are in private folders.
    """
    private_umask = os.umask(0o077)
    os.umask(private_umask if _original_umask is None else _original_umask)
    try:
        yield
    finally:
        os.umask(private_umask)


class ChildCommand(NamedTuple):
    """A process to start.

    Attributes:
        argv: the program and its arguments.
        environment: every variable that the process gets.
        working_directory: an absolute path.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    working_directory: str = WORKING_DIRECTORY


def child_command(kind: ChildKind) -> ChildCommand:
    return ChildCommand(
        (*_program_command(), "_child", kind), _child_environment(_VARIABLES_OF_KIND[kind])
    )


def library_command(*arguments: str, reports_to_window: bool = False) -> ChildCommand:
    """Return the command that runs `repartee` with these arguments.

    It has the environment that `export`, `import` and `backup` need.

    Args:
        arguments: the command and its options. The caller makes their paths absolute.
        reports_to_window: write errors as JSON.
    """
    environment = _child_environment((*_COMMON_VARIABLES, *_LIBRARY_VARIABLES))
    if reports_to_window:
        environment[REPORTS_TO_WINDOW] = "1"
    return ChildCommand((*_program_command(), *arguments), environment)


def run_desktop_tool(*arguments: str) -> tuple[int, str, str]:
    """Run a command of the desktop, such as gsettings; return exit code, output and errors.

    Raises:
        OSError: it cannot be started, or does not end within ten seconds.
    """
    import subprocess

    environment = _child_environment((*_COMMON_VARIABLES, *_LIBRARY_VARIABLES, *_SCREEN_VARIABLES))
    try:
        result = subprocess.run(
            arguments,
            env=environment,
            cwd=WORKING_DIRECTORY,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=10,
        )
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"{arguments[0]} does not end") from error
    return result.returncode, result.stdout, result.stderr


def open_in_browser(url: str) -> None:
    """Open a web address from a terminal in $BROWSER or the usual one, if there is a desktop.

    The caller checks first that the address may be opened, by
    `markdown.parsing.links.is_openable`.

    Raises:
        OSError: there is no desktop, or the browser cannot be started.
    """
    if sys.platform == "win32":
        os.startfile(url)
        return
    import shlex
    import subprocess

    if not {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys():
        raise FileNotFoundError
    # Several browsers may be named; Python's own webbrowser waits for some of them.
    browser = shlex.split(os.environ.get("BROWSER", "").split(os.pathsep)[0]) or ["xdg-open"]
    argv = [part.replace("%s", url) for part in browser]
    environment = _child_environment((*_COMMON_VARIABLES, *_LIBRARY_VARIABLES, *_SCREEN_VARIABLES))
    devnull = subprocess.DEVNULL
    with foreign_umask():
        subprocess.Popen(
            argv if argv != browser else [*argv, url],
            env=environment,
            cwd=WORKING_DIRECTORY,
            stdin=devnull,
            stdout=devnull,
            stderr=devnull,
            start_new_session=True,  # the browser stays open when the command ends
        )


def resident_command() -> tuple[str, ...]:
    """Return the command that starts the program at login, without a window."""
    python, *options = _lasting_command()
    if sys.platform == "win32":  # no console opens at login
        python = python.replace("python.exe", "pythonw.exe")
    return (python, *options, "--resident")


def quick_command() -> tuple[str, ...]:
    """Return the command that opens the quick prompt, for desktops that may not find `repartee`."""
    return (*_lasting_command(), "quick")


def launcher_command() -> tuple[str, ...]:
    """Return the command for the desktop's menu: what pip, pipx or uv wrote beside Python, if any.

    It stays the same when the program, or its Python, is upgraded.
    """
    script = Path(sys.executable).with_name("repartee")
    if script.is_file() and not getattr(sys, "frozen", False):
        return (str(script),)
    return _lasting_command()


def _lasting_command() -> tuple[str, ...]:
    """Return the command of the program; of an AppImage, unpacked at each start, its file."""
    image, unpacked = os.environ.get("APPIMAGE", ""), os.environ.get("APPDIR", "")
    # A terminal that is an AppImage itself leaves its own variables to the programs in it.
    if image and unpacked and Path(sys.executable).is_relative_to(unpacked):
        return (image,)
    return _program_command()


def name_of(command: ChildCommand) -> str:
    """Return what the log calls a process: the kind of a child, or the program without folders."""
    if "_child" in command.argv:
        return f"child {command.argv[command.argv.index('_child') + 1]}"
    return f"child {Path(command.argv[0]).name}"


async def start_child(command: ChildCommand, **options: Any) -> Process:
    """Start a process that the event loop watches, and log its end.

    Args:
        command: the process to start.
        options: those of `asyncio.create_subprocess_exec`, without `env` and `cwd`.

    Raises:
        OSError: it cannot be started.
    """
    # A second start, which only calls the running program, does not need these.
    import asyncio
    import time
    from asyncio.subprocess import Process, SubprocessStreamProtocol

    from desktop_app.domain.activity_log import log_end

    start = time.monotonic()
    loop = asyncio.get_running_loop()

    class LoggedProtocol(SubprocessStreamProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            assert isinstance(transport, asyncio.SubprocessTransport)
            self._started = transport

        def process_exited(self) -> None:  # perhaps before `subprocess_exec` returns
            super().process_exited()
            code = self._started.get_returncode()
            log_end(name_of(command), f"code {code}", start)

    if sys.platform == "win32":
        options["creationflags"] = CREATE_NO_WINDOW
    limit = options.pop("limit", 1 << 16)
    for stream in ("stdin", "stdout", "stderr"):
        options.setdefault(stream, None)
    transport, protocol = await loop.subprocess_exec(
        lambda: LoggedProtocol(limit=limit, loop=loop),
        *command.argv,
        env=command.environment,
        cwd=command.working_directory,
        **options,
    )
    process = Process(transport, protocol, loop)
    if sys.platform == "win32":
        system.end_with_this_process(process.pid)
    return process


def open_child(command: ChildCommand, **options: Any) -> subprocess.Popen[bytes]:
    """Start a process that the calling thread waits for.

    Args:
        command: the process to start.
        options: those of `subprocess.Popen`, without `env` and `cwd`.

    Raises:
        OSError: it cannot be started.
    """
    import subprocess

    if sys.platform == "win32":
        options["creationflags"] = CREATE_NO_WINDOW
    process = subprocess.Popen(
        command.argv, env=command.environment, cwd=command.working_directory, **options
    )
    if sys.platform == "win32":
        system.end_with_this_process(process.pid)
    return process


def restart_program() -> NoReturn:
    """Replace this process by a newly started program; locks are released."""
    command = arguments = _program_command()
    variables = environment_with_keys()
    # With _PYI_…, PyInstaller's loader takes this for its own second start, and finds no libraries.
    own = ("PYTHON", "_PYI_")
    variables = {name: value for name, value in variables.items() if not name.startswith(own)}
    if sys.platform == "win32":  # whose `execve` joins the arguments with blanks
        import subprocess

        arguments = (subprocess.list2cmdline(command),)
    with foreign_umask():
        os.execve(command[0], arguments, variables)


def _program_command() -> tuple[str, ...]:
    """Return the command that starts this program, wherever it is installed.

    `-E -P` is `-I` without `-s`, which would hide libraries of "pip install --user". The program is
    started by its path: with `-m`, Python would first look for another `desktop_app`.
    """
    if getattr(sys, "frozen", False):  # isolated by its loader
        return (sys.executable,)
    options = ["-E", "-P"]
    if sys.platform == "win32":  # where pipes have the encoding of the system's language
        options.append("-Xutf8")
    if sys.flags.no_user_site:
        options.append("-s")
    if sys.pycache_prefix and os.path.isabs(sys.pycache_prefix):  # noqa: PTH117
        options.append(f"-Xpycache_prefix={sys.pycache_prefix}")
    return (sys.executable, *options, str(Path(__file__).with_name("__main__.py")))


def _child_environment(names: tuple[str, ...]) -> dict[str, str]:
    """Return the named variables that are set; make relative paths absolute."""
    if sys.platform == "win32":
        names += _WINDOWS_VARIABLES
    variables = {name: os.environ[name] for name in names if name in os.environ}
    for name in _PATH_VARIABLES & variables.keys():
        value = variables[name]
        if value and not value.startswith("~"):  # REPARTEE_HOME may start with "~"
            variables[name] = str(Path(value).absolute())
    return variables
