"""Runs many hostile answers through the transcript, streamed and then opened as stored.

    python -m tests.gui.transcript.hostile_campaign 10000 [FIRST] [--processes 2] [--strace]

Each step of the event loop is measured in CPU time of the window's thread and in wall time. On a
busy machine only the CPU time shows the window's own work. The workers run without a network if the
system allows it. --strace also records the system calls of Qt's own code that open files or
sockets.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.ui.transcript.view import TranscriptView
from tests.gui.transcript.hostile import generated
from tests.helpers.messages import streaming
from tests.helpers.transcript_views import is_writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST_STEP_S: Final = 0.1
_PIECES: Final = 24
_GIVEN_UP_S: Final = 600.0
_LONG_S: Final = 60.0
"""An input that takes longer as a whole is printed, even if each of its steps is short."""
_HERE: Final = Path(__file__).parents[3]
_BEGINS: Final = "/the-hostile-campaign-begins-here"

# Python's audit events that reach out of the process. QProcess belongs to Qt and starts only the
# typesetter.
_REACHES_OUT: Final = (
    "socket.", "subprocess.", "os.exec", "os.system", "os.posix_spawn", "urllib.", "ftplib.",
    "http.", "webbrowser.", "os.startfile", "os.fork", "shutil.",
)  # fmt: skip

# Files that may be opened: what is imported late, fonts, and what a child process starts with.
_OWN: Final = (sys.prefix, sys.base_prefix, str(_HERE / "desktop_app"), str(_HERE / "resources"))
_SYSTEM: Final = (
    "/usr/lib", "/lib", "/etc/ld.so", "/usr/share/fonts", "/usr/local/share/fonts", "/etc/fonts",
    "/var/cache/fontconfig", "/proc/self", "/dev/null", "/dev/urandom", "/usr/share/locale",
    "/usr/bin", "/etc/localtime", "/usr/share/libthai", "/usr/share/zoneinfo", "/usr/local/lib",
    "/sys/fs/cgroup", "/proc/sys/vm",
)  # fmt: skip
_CALL: Final = re.compile(r'(?P<call>\w+)\((?:AT_FDCWD, )?(?:"(?P<path>[^"]*)")?(?P<rest>.*)')
_INTERNET: Final = re.compile(r"AF_(?!UNIX|UNSPEC|NETLINK)|\"/")


class Watch:
    """A record of attempts to leave the process and of opened files, while the watch is on.

    An audit hook cannot be removed, so a process has one watch that is turned on and off.
    """

    def __init__(self) -> None:
        self.is_on = False
        self.seen: list[str] = []
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_on:
            return
        if event.startswith(_REACHES_OUT):
            self.seen.append(f"{event} {arguments!r}")
        elif event == "open":
            name = os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes) else ""
            if not name.startswith(_OWN):
                self.seen.append(f"open {arguments!r}")

    @contextmanager
    def on(self) -> Iterator[None]:
        """Activate the watch."""
        self.is_on = True
        try:
            yield
        finally:
            self.is_on = False


_WATCH: list[Watch] = []


def watch() -> Watch:
    """Return the process's only watch."""
    if not _WATCH:
        _WATCH.append(Watch())
    return _WATCH[0]


@dataclass
class Outcome:
    """The outcome of an input.

    Attributes:
        cpu: CPU seconds of each step, at most an iteration of the event loop each.
        clock: wall seconds of the longest step.
        longest: the maximum of `cpu`.
        slowest: the name of that step.
        raised: exceptions that Qt caught. Qt continues after a slot fails.
    """

    number: int
    size: int
    cpu: list[float] = field(default_factory=list)
    longest: float = 0.0
    clock: float = 0.0
    slowest: str = ""
    took: float = 0.0
    raised: list[str] = field(default_factory=list)

    def measure(self, name: str, step: Callable[[], object]) -> None:
        """Run a step and record its times."""
        clock, cpu = time.perf_counter(), time.thread_time()
        step()
        used, passed = time.thread_time() - cpu, time.perf_counter() - clock
        if used >= self.longest:
            self.longest, self.slowest = used, name
        self.cpu.append(used)
        self.clock = max(self.clock, passed)


def show(view: TranscriptView, number: int, turn: Callable[[], None]) -> Outcome:
    """Stream an input in pieces, finish and paint it, then open it as a stored message."""
    text, began = generated(number), time.perf_counter()
    chance = random.Random(-number)
    cuts = sorted(chance.randrange(len(text) + 1) for _ in range(chance.randint(0, _PIECES)))
    outcome = Outcome(number, len(text))
    message = streaming()
    outcome.measure("begin", lambda: view.set_messages([message]))
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        outcome.measure("piece", partial(view.stream.append_text, message.id, text[start:end]))
        outcome.measure("turn", turn)
    done = replace(message, parts=(TextPart(text),), status=MessageStatus.COMPLETE)
    outcome.measure("end", lambda: view.stream.update_message(done))
    settle(view, outcome, turn, "turn")
    outcome.measure("open", lambda: view.set_messages([done]))
    settle(view, outcome, turn, "opened")
    outcome.took = time.perf_counter() - began
    return outcome


def settle(view: TranscriptView, outcome: Outcome, turn: Callable[[], None], name: str) -> None:
    """Run the event loop until everything is written and painted."""
    until = time.perf_counter() + _GIVEN_UP_S
    outcome.measure(name, turn)
    while is_writing(view):
        time.sleep(0.001)  # frames are waited for
        outcome.measure(name, turn)
        if time.perf_counter() > until:
            outcome.raised.append(f"not written within {_GIVEN_UP_S:.0f} s")
            break
    outcome.measure(name, turn)
    outcome.measure("paint", view.viewport().repaint)


# ---------------------------------------------------------------------- a worker


def work(numbers: range) -> None:
    """Show inputs in a window of this process. Print the outcome of each as JSON."""
    from PySide6.QtCore import QLoggingCategory
    from PySide6.QtWidgets import QApplication

    from desktop_app.app.startup.gc_policy import resume_collection
    from desktop_app.child_processes import child_command
    from desktop_app.paths import resource_path
    from desktop_app.ui.look import icons, theme
    from desktop_app.ui.transcript.media.json_process import JsonProcess
    from desktop_app.ui.transcript.media.typesetter import Typesetter

    QLoggingCategory.setFilterRules("qt.text.font.db=false")
    app = QApplication([sys.argv[0], *theme.APPLICATION_ARGUMENTS])
    icons.use_folder(resource_path("icons/lucide"))
    theme.apply_theme(app, theme.light())
    view = TranscriptView(theme.light())
    typesetter = Typesetter(child_command("math"))
    view.formula_display.set_typesetter(typesetter)
    lexer = JsonProcess(child_command("lexing"))
    view.highlighter.set_lexer(lexer)
    view.resize(900, 600)
    view.show()
    show(view, 1, app.processEvents)  # loads the modules that are imported late
    resume_collection()  # collects garbage as the program does
    Path(_BEGINS).exists()  # a mark in the record of system calls
    raised: list[str] = []
    sys.excepthook = lambda kind, value, trace: raised.append(
        "".join(traceback.format_exception(kind, value, trace)[-2:])
    )
    with watch().on():
        for number in numbers:
            outcome = show(view, number, app.processEvents)
            outcome.raised += raised
            raised.clear()
            sys.stdout.write(json.dumps(asdict(outcome)) + "\n")
            sys.stdout.flush()
    typesetter.close()
    lexer.close()
    sys.stdout.write(json.dumps({"seen": watch().seen}) + "\n")


# ---------------------------------------------------------------------- the campaign


@dataclass
class Figures:
    """The sum of the results of all workers."""

    inputs: int = 0
    cpu: list[float] = field(default_factory=list)
    clock: float = 0.0
    slow: list[int] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    failed: int = 0
    raised: int = 0

    def add(self, found: dict[str, Any]) -> None:
        """Add a line of a worker's output, and print what is wrong with its input."""
        if "seen" in found:
            self.seen += found["seen"]
            return
        self.inputs += 1
        self.cpu += found["cpu"]
        self.clock = max(self.clock, found["clock"])
        self.raised += bool(found["raised"])
        for error in found["raised"]:
            print(f"{found['number']}: {error}", flush=True)
        if found["took"] > _LONG_S:
            print(f"{found['number']}: took {found['took']:.0f} s in all", flush=True)
        longest = found["longest"]
        if longest > LONGEST_STEP_S:
            self.slow.append(found["number"])
            print(
                f"{found['number']}: {found['size']:,} characters, {found['slowest']}"
                f" {longest * 1000:.0f} ms (by the clock {found['clock'] * 1000:.0f} ms)",
                flush=True,
            )

    def print_summary(self) -> None:
        self.cpu.sort()
        print(f"{self.inputs:,} inputs, {len(self.cpu):,} steps of the event loop;")
        print(f"longest {self.cpu[-1] * 1000:.0f} ms of processor time, {self.clock * 1000:.0f} ms")
        print(
            f"by the clock, 99.9th percentile {self.cpu[int(len(self.cpu) * 0.999)] * 1000:.1f} ms;"
        )
        print(f"{len(self.slow)} inputs with a step over {LONGEST_STEP_S * 1000:.0f} ms;")
        print(f"{len(self.seen)} attempts to reach out: {self.seen[:8]};")
        print(f"{self.raised} inputs with exceptions; {self.failed} workers failed")

    @property
    def is_good(self) -> bool:
        return not (self.slow or self.seen or self.raised or self.failed)


def main() -> int:
    """Run the campaign. Return 1 if anything was too slow, failed or reached out."""
    arguments = _arguments()
    if arguments.worker:
        work(range(arguments.first, arguments.first + arguments.count, arguments.worker))
        return 0
    prefix = _without_network()
    print("without a network" if prefix else "the network cannot be taken away here: watched only")
    figures = Figures()
    with tempfile.TemporaryDirectory() as folder:
        workers = [
            _start(arguments, prefix, number, Path(folder)) for number in range(arguments.processes)
        ]
        for number, worker in enumerate(workers):
            figures.failed += bool(_collect(workers, figures) if number == 0 else worker.wait())
        if arguments.strace:
            for record in Path(folder).glob("*.strace"):
                figures.seen += sorted(set(_reaching_out(record)))
    figures.print_summary()
    return 0 if figures.is_good else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("count", type=int)
    parser.add_argument("first", type=int, nargs="?", default=0)
    parser.add_argument("--processes", type=int, default=3 * (os.cpu_count() or 2))
    parser.add_argument("--strace", action="store_true")
    parser.add_argument("--worker", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args()


def _without_network() -> list[str]:
    """Return a command prefix that removes the network, or nothing if it is not allowed."""
    command = ["unshare", "--map-current-user", "--net"]
    if shutil.which("unshare") is None:
        return []
    allowed = subprocess.run([*command, "true"], check=False, capture_output=True).returncode == 0
    return command if allowed else []


def _start(
    arguments: argparse.Namespace, prefix: list[str], number: int, folder: Path
) -> subprocess.Popen[str]:
    command = [*prefix]
    if arguments.strace:
        calls = "trace=%network,open,openat,openat2,creat,execve,stat,newfstatat,access,faccessat2"
        command += ["strace", "-f", "-qq", "-s", "300", "-e", calls]
        command += ["-o", str(folder / f"{number}.strace")]
    command += [sys.executable, "-m", "tests.gui.transcript.hostile_campaign"]
    command += [str(arguments.count - number), str(arguments.first + number)]
    command += ["--worker", str(arguments.processes)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_HERE)


def _collect(workers: list[subprocess.Popen[str]], figures: Figures) -> int:
    """Read the output of all workers until they end. Return the exit status of the first."""
    import selectors

    with selectors.DefaultSelector() as selector:
        for worker in workers:
            selector.register(worker.stdout, selectors.EVENT_READ)  # type: ignore[arg-type]
        while selector.get_map():
            for key, _ in selector.select():
                line = key.fileobj.readline()  # type: ignore[union-attr]
                if line:
                    figures.add(json.loads(line))
                else:
                    selector.unregister(key.fileobj)
    return workers[0].wait()


def _reaching_out(record: Path) -> Iterator[str]:
    """Yield the system calls after startup that are not allowed."""
    begun = False
    for line in record.read_text(errors="replace").splitlines():
        begun = begun or _BEGINS in line
        match = _CALL.search(line)
        if not begun or match is None or _BEGINS in line:
            continue
        path, call = match["path"], match["call"]
        if path is not None:
            if (
                path != str(_HERE)
                and not path.startswith((*_OWN, *_SYSTEM))
                and call not in ("stat", "newfstatat", "access")
            ):
                yield f"{call} {path}"
        elif call in ("socket", "connect", "sendto", "bind") and _INTERNET.search(match["rest"]):
            yield f"{call}{match['rest'][:120]}"


if __name__ == "__main__":
    sys.exit(main())
