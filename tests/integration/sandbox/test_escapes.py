"""Attacks by code that runs in a confined process: see escapes.py."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from desktop_app import sandbox
from tests.integration.sandbox.escapes import Target, attempts

pytestmark = [
    pytest.mark.attack("sandbox"),
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox of Linux"),
]
ROOT = Path(__file__).parents[3]
REFUSED = {"EACCES", "ENOMEM", "ENOSYS", "EPERM"}
# Attempts that succeed for any user in an unconfined process.
ORDINARY = {
    "read a file of the user's",
    "read it through /proc",
    "list a folder of the user's",
    "write over a file",
    "append to a file",
    "create a file",
    "truncate a file",
    "make a folder",
    "rename a file",
    "make a hard link",
    "make a symbolic link",
    "make a named pipe",
    "change a mode",
    "change an owner",
    "change a time",
    "remove a file",
    "connect to a TCP port",
    "connect to a Unix socket",
    "connect to an abstract socket",
    "listen on a TCP port",
    "send a datagram",
    "send a descriptor",
    "fork",
    "fork by clone",
    "fork and execute",
    "spawn a program",
    "make a file in memory",
    "read another process's environment",
    "list another process's files",
    "go through another process's root",
    "signal another process",
    "have the kernel signal",
    "change a priority",
    "change the user",
    "share memory",
    "map shared memory",
    "map a growing stack",
    "map a terabyte",
    "watch files",
}
# Attempts that only Landlock refuses.
OF_LANDLOCK = {
    "read a file of the user's",
    "read it through /proc",
    "list a folder of the user's",
    "read the users of the system",
    "open another process's memory",
    "read another process's environment",
    "list another process's files",
    "go through another process's root",
}


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    """Return the targets of the attacks, all of which exist."""
    home, scratch, file = tmp_path / "home", tmp_path / "scratch", tmp_path / "out.pdf"
    home.mkdir()
    scratch.mkdir()
    file.touch()
    for name in ("secret", "other", "open-me"):
        (home / name).write_text("a secret")
    abstract, unix = f"repartee-test-{os.getpid()}", tmp_path / "s"
    with (
        subprocess.Popen(["sleep", "600"]) as victim,
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as listening,
        socket.socket(socket.AF_UNIX) as listening_in_the_abstract,
    ):
        listening.bind(str(unix))
        listening.listen()
        listening_in_the_abstract.bind(f"\0{abstract}")
        listening_in_the_abstract.listen()
        try:
            yield Target(
                policy="none",
                without="",
                home=str(home),
                victim=victim.pid,
                port=server.getsockname()[1],
                unix=str(unix),
                abstract=abstract,
                file=str(file),
                scratch=str(scratch),
            )
        finally:
            victim.kill()


def results(target: Target, **changes: Any) -> dict[str, str]:
    """Return the result of each attempt: "done", or the error that refused it."""
    target = replace(target, **changes)
    given = json.dumps(asdict(target))
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.sandbox.escapes", given],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return dict(json.loads(line) for line in done.stdout.splitlines())


@pytest.mark.slow
def test_unconfined_the_attempts_succeed(target: Target) -> None:
    # Root would really mount and more, so only what any user may do is tried.
    found = results(target, policy="none", only=tuple(ORDINARY))
    assert found == dict.fromkeys(found, "done")
    assert found.keys() == ORDINARY


@pytest.mark.parametrize(
    "policy",
    ["documents", *(pytest.param(each, marks=pytest.mark.slow) for each in ("limited", "model"))],
)
def test_every_escape_attempt_is_refused(target: Target, policy: str) -> None:
    found = results(target, policy=policy)
    assert {name: what for name, what in found.items() if what not in REFUSED} == {}
    assert found.keys() == {name for name, _ in attempts(target)}
    assert all((Path(target.home) / name).read_text() == "a secret" for name in ("secret", "other"))


@pytest.mark.slow
def test_without_landlock_the_rest_still_holds(target: Target) -> None:
    found = results(target, policy="documents", without="landlock")
    assert {name for name, what in found.items() if what not in REFUSED} <= OF_LANDLOCK


@pytest.mark.slow
def test_without_seccomp_landlock_still_holds(target: Target) -> None:
    if not any("Landlock" in name for name in sandbox.detect_mechanisms().active):
        pytest.skip("this kernel has no Landlock")
    found = results(target, policy="documents", without="seccomp")
    held = {*OF_LANDLOCK, "write over a file", "create a file", "connect to a TCP port"}
    held |= {
        "remove a file",
        "make a folder",
        "signal another process",
        "attach to another process",
    }
    assert {name for name in held if found[name] not in REFUSED} == set()


OTHER_ABI = """
import ctypes, os, sys
from desktop_app import sandbox
from desktop_app.markdown.processes.json_server import POLICY
sandbox.confine(POLICY)
{attempt}
print("still here")
"""
# getpid of the x32 ABI.
X32 = "ctypes.CDLL(None).syscall(0x40000000 + 39)"
# mov eax, 20 (getpid of i386); int 0x80; ret
I386 = """
import mmap
rights = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
code = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, rights)
code.write(bytes.fromhex("b814000000cd80c3"))
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="interfaces of x86_64")
@pytest.mark.parametrize("attempt", [X32, I386])
def test_a_call_of_another_abi_kills_the_process(attempt: str) -> None:
    script = OTHER_ABI.format(attempt=attempt)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGSYS
    assert done.stdout == ""


MANY_THREADS = """
import threading
from desktop_app import sandbox
from desktop_app.markdown.processes.json_server import POLICY
threading.Thread(target=threading.Event().wait, daemon=True).start()
try:
    sandbox.confine(POLICY)
except RuntimeError as error:
    print(error)
"""


def test_a_process_with_an_unconfined_thread_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MANY_THREADS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "a process with several threads cannot be confined\n"


INHERITED = """
import os
from desktop_app import sandbox
from desktop_app.markdown.processes.json_server import POLICY
sandbox.confine(POLICY)
try:
    print(os.read(DESCRIPTOR, 10))
except OSError as error:
    print(error.strerror)
"""


def test_inherited_descriptors_are_closed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    with secret.open() as file:
        done = subprocess.run(
            [sys.executable, "-c", INHERITED.replace("DESCRIPTOR", str(file.fileno()))],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            pass_fds=(file.fileno(),),
        )
    assert done.stdout == "Bad file descriptor\n"


PARENT = """
import ctypes, resource
from desktop_app.main import main
main({arguments!r})
get_dumpable = 3
print(ctypes.CDLL(None).prctl(get_dumpable), *resource.getrlimit(resource.RLIMIT_CORE))
"""


def test_a_command_that_holds_keys_cannot_be_inspected() -> None:
    arguments = ["ask", "--model", "x:y", "z"]
    done = subprocess.run(
        [sys.executable, "-c", PARENT.format(arguments=arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[-1] == "0 0 0", done.stderr
