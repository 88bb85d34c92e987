"""Tries to escape from the sandbox, as an attacker in a confined process would.

    python -m tests.integration.sandbox.escapes '{"policy": "documents", …}'

Confines itself like that process of the program, tries everything, and prints a line of JSON for
each attempt: its name, and "done" or the error that refused it. `Target` describes the targets. The
policy "none" confines nothing, which shows that the attempts work.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import mmap
import os
import platform
import resource
import signal
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from desktop_app import sandbox
from desktop_app.documents.worker import worker_process
from desktop_app.local_model import server_process
from desktop_app.markdown.processes import json_server
from desktop_app.sandbox import linux

# Calls that Python has no name for: x86_64, aarch64.
_CALLS: Final = {
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "memfd_create": (319, 279),
    "execveat": (322, 281),
    "clone": (56, 220),
    "clone3": (435, 435),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "rt_sigqueueinfo": (129, 138),
    "tkill": (200, 130),
    "mount": (165, 40),
    "umount2": (166, 39),
    "open_tree": (428, 428),
    "unshare": (272, 97),
    "setns": (308, 268),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "openat2": (437, 437),
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "kcmp": (312, 272),
    "shmget": (29, 194),
    "mq_open": (240, 180),
    "inotify_init1": (294, 26),
    "init_module": (175, 105),
    "quotactl": (179, 60),
    "process_madvise": (440, 440),
    "truncate": (76, 45),
    "capset": (126, 91),
}
_MAP_GROWSDOWN: Final = 0x100
_OF_MACHINE: Final = ["x86_64", "aarch64"].index(platform.machine())
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Target:
    """The target of an attack.

    Attributes:
        policy: of which process: "documents", "limited", "model" or "none".
        without: "landlock" or "seccomp", which is then missing as in another kernel.
        home: a folder with files `secret`, `other` and `open-me`.
        victim: the id of a process of the same user.
        port: of a server on the loopback.
        unix: the path of a listening Unix socket.
        abstract: the name of a listening abstract Unix socket.
        file: an existing file, such as the weights of a model.
        scratch: a folder, such as that of a model's socket.
        only: names of the attempts to make, all if there are none.
    """

    policy: str
    without: str
    home: str
    victim: int
    port: int
    unix: str
    abstract: str
    file: str
    scratch: str
    only: tuple[str, ...] = ()


def call(name: str, *arguments: int | bytes | ctypes.Array[Any] | None) -> int:
    """Make a system call by its number. Raises OSError."""
    words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    result = int(_libc.syscall(ctypes.c_long(_CALLS[name][_OF_MACHINE]), *words))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _connect(family: int, kind: int, address: object) -> None:
    with socket.socket(family, kind) as made:
        made.connect(address)  # type: ignore[arg-type]


def _bind() -> None:
    with socket.create_server(("127.0.0.1", 0)):
        pass


def _send_datagram(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.sendto(b"secret", ("127.0.0.1", port))


def _fork(then: Callable[[], object]) -> None:
    child = os.fork()
    if not child:
        try:
            then()
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def _clone() -> None:
    child = call("clone", signal.SIGCHLD, 0, 0, 0, 0)
    if not child:
        os._exit(0)
    os.waitpid(child, 0)


def _clone3() -> None:
    arguments = struct.pack("=8Q", 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    child = call("clone3", arguments, len(arguments))
    if not child:
        os._exit(0)
    os.waitpid(child, 0)


def _vm(name: str, victim: int) -> None:
    # The address is invalid: an error other than EPERM means that access was allowed.
    area = struct.pack("=2Q", 0, 0)
    call(name, victim, area, 1, area, 1, 0)


def _attach(victim: int) -> None:
    seize, detach = 0x4206, 17
    call("ptrace", seize, victim, 0, 0)
    os.kill(victim, signal.SIGSTOP)
    os.waitpid(victim, 0x40000000)
    call("ptrace", detach, victim, 0, 0)
    os.kill(victim, signal.SIGCONT)


def _own(victim: int) -> None:
    """Have the kernel signal another process when a pipe can be read."""
    ours, theirs = os.pipe()
    fcntl.fcntl(ours, fcntl.F_SETOWN, victim)
    fcntl.fcntl(ours, 10, signal.SIGCONT)  # F_SETSIG
    fcntl.fcntl(ours, fcntl.F_SETFL, os.O_ASYNC)
    os.write(theirs, b"x")


def _map(flags: int, size: int = 1 << 20, protection: int = mmap.PROT_WRITE) -> None:
    mmap.mmap(-1, size, flags | mmap.MAP_ANONYMOUS, protection).close()


def _type_into_terminal() -> None:
    manager, terminal = os.openpty()
    os.close(manager)
    fcntl.ioctl(terminal, 0x5412, b"x")  # TIOCSTI


def _send_descriptor() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        socket.send_fds(ours, [b"x"], [0])


def attempts(t: Target) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield the name and the code of each attempt."""
    home, proc = Path(t.home), Path("/proc", str(t.victim))
    secret, other, new = home / "secret", home / "other", home / "new"
    tcp, unix = (socket.AF_INET, socket.SOCK_STREAM), (socket.AF_UNIX, socket.SOCK_STREAM)
    raised = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    yield "read a file of the user's", secret.read_bytes
    yield "read it through /proc", lambda: Path(f"/proc/self/root{secret}").read_bytes()
    yield "read it through openat2", lambda: call("openat2", -100, bytes(secret), bytes(24), 24)
    yield "list a folder of the user's", lambda: list(home.iterdir())
    yield "read the users of the system", Path("/etc/shadow").read_bytes
    yield "write over a file", lambda: other.write_bytes(b"x")
    yield "append to a file", lambda: other.open("ab").write(b"x")
    yield "create a file", new.touch
    yield "create a file without a name", lambda: os.open(home, os.O_TMPFILE | os.O_RDWR)
    yield "truncate a file", lambda: call("truncate", bytes(other), 0)
    yield "make a folder", (home / "made").mkdir
    yield "remove a folder", (home / "made").rmdir
    yield "rename a file", lambda: other.rename(home / "renamed")
    yield "make a hard link", lambda: (home / "linked").hardlink_to(secret)
    yield "make a symbolic link", lambda: (home / "symbolic").symlink_to(secret)
    yield "make a named pipe", lambda: os.mkfifo(home / "pipe")
    yield "make a device", lambda: os.mknod(home / "null", 0o20666, os.makedev(1, 3))
    yield "change a mode", lambda: secret.chmod(0o777)
    yield "change an owner", lambda: os.chown(secret, os.getuid(), os.getgid())
    yield "change a time", lambda: os.utime(secret, (0, 0))
    yield "set an attribute", lambda: os.setxattr(secret, "user.x", b"x")
    yield "remove a file", (home / "open-me").unlink
    yield "open a file by its handle", lambda: call("open_by_handle_at", 0, bytes(64), 0)
    yield (
        "ask for a handle",
        lambda: call("name_to_handle_at", 0, bytes(64), bytes(64), bytes(4), 0),
    )
    yield "connect to a TCP port", lambda: _connect(*tcp, ("127.0.0.1", t.port))
    yield "connect to a Unix socket", lambda: _connect(*unix, t.unix)
    yield "connect to an abstract socket", lambda: _connect(*unix, f"\0{t.abstract}")
    yield "listen on a TCP port", _bind
    yield "send a datagram", lambda: _send_datagram(t.port)
    yield "send a descriptor", _send_descriptor
    yield "open a netlink socket", lambda: socket.socket(16, socket.SOCK_RAW, 0)
    yield "open a raw socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)
    yield "fork", lambda: _fork(lambda: None)
    yield "fork by clone", _clone
    yield "fork by clone3", _clone3
    yield "fork and execute", lambda: _fork(lambda: os.execv("/bin/true", ["true"]))
    yield "spawn a program", lambda: os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
    yield "make a file in memory", lambda: call("memfd_create", b"x", 0)
    yield "read another process's memory", lambda: _vm("process_vm_readv", t.victim)
    yield "write another process's memory", lambda: _vm("process_vm_writev", t.victim)
    yield "attach to another process", lambda: _attach(t.victim)
    yield "open another process's memory", (proc / "mem").open
    yield "read another process's environment", (proc / "environ").read_bytes
    yield "list another process's files", lambda: list((proc / "fd").iterdir())
    yield "go through another process's root", lambda: list((proc / "root").iterdir())
    yield "take another process's descriptor", lambda: call("pidfd_open", t.victim, 0)
    yield "compare processes", lambda: call("kcmp", os.getpid(), t.victim, 1, 0, 0)
    yield "signal another process", lambda: os.kill(t.victim, signal.SIGCONT)
    yield "signal a thread", lambda: call("tkill", t.victim, signal.SIGCONT)
    yield "queue a signal", lambda: call("rt_sigqueueinfo", t.victim, signal.SIGCONT, bytes(128))
    yield "have the kernel signal", lambda: _own(t.victim)
    yield "signal every process", lambda: os.kill(-1, 0)
    yield "raise a limit", lambda: resource.setrlimit(resource.RLIMIT_CORE, raised)
    yield "limit another process", lambda: resource.prlimit(t.victim, resource.RLIMIT_NPROC, raised)
    yield "change a priority", lambda: os.setpriority(os.PRIO_PROCESS, t.victim, 5)
    yield "change the user", lambda: os.setresuid(-1, -1, -1)
    yield (
        "change capabilities",
        lambda: call("capset", struct.pack("=Ii", 0x20080522, 0), bytes(24)),
    )
    yield "mount", lambda: call("mount", b"none", bytes(home), b"tmpfs", 0, None)
    yield "unmount", lambda: call("umount2", bytes(home), 0)
    yield "change the root", lambda: os.chroot(home)
    yield "enter a namespace of its own", lambda: call("unshare", 0x10000000)
    yield "enter another namespace", lambda: call("setns", 0, 0)
    yield "set up io_uring", lambda: call("io_uring_setup", 1, bytes(120))
    yield (
        "load a BPF program",
        lambda: call("bpf", 0, struct.pack("=4I", 2, 4, 4, 1) + bytes(56), 72),
    )
    yield "handle page faults", lambda: call("userfaultfd", 1)
    yield "read the kernel's keys", lambda: call("keyctl", 0, -3, 0)
    yield "add a key", lambda: call("add_key", b"user", b"x", b"x", 1, -3)
    yield "watch performance", lambda: call("perf_event_open", bytes(112), 0, -1, -1, 0)
    yield "change the personality", lambda: call("personality", 0x0040000)
    yield "share memory", lambda: call("shmget", 0, 4096, 0o1600)
    # RLIMIT_DATA counts neither these mappings nor the page tables of one that is only read.
    yield "map shared memory", lambda: _map(mmap.MAP_SHARED)
    yield "map a growing stack", lambda: _map(mmap.MAP_PRIVATE | _MAP_GROWSDOWN)
    yield "map a terabyte", lambda: _map(mmap.MAP_PRIVATE, 1 << 40, mmap.PROT_READ)
    yield "open a message queue", lambda: call("mq_open", b"x", 0o102, 0o600, None)
    yield "watch files", lambda: call("inotify_init1", 0)
    yield "load a module", lambda: call("init_module", bytes(8), 8, b"")
    yield "type into the terminal", _type_into_terminal


def confine(target: Target) -> None:
    """Confine this process by the target's policy."""
    if target.without == "landlock":
        linux._landlock_abi = lambda: 0
    if target.without == "seccomp":
        linux._has_seccomp = lambda: False
    match target.policy:
        case "documents":
            sandbox.confine(worker_process.policy(1 << 30, ()))
        case "limited":
            sandbox.confine(json_server.POLICY)
        case "model":
            paths: dict[str, object] = {
                "weights": target.file,
                "projector": "",
                "socket_path": f"{target.scratch}/model.sock",
                "memory_bytes": 1 << 30,
            }
            configuration = cast("server_process.Configuration", paths)
            sandbox.confine(server_process.policy(configuration, 2))


def main() -> None:
    """Try everything."""
    target = Target(**json.loads(sys.argv[1]))
    confine(target)
    for name, attempt in attempts(target):
        if target.only and name not in target.only:
            continue
        try:
            attempt()
            result = "done"
        except ValueError:  # of resource: EPERM
            result = "EPERM"
        except OSError as error:
            result = errno.errorcode.get(error.errno or 0, str(error))
        sys.stdout.write(json.dumps([name, result]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
