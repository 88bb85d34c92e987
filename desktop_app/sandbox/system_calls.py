"""The system calls that confined processes may make, as a seccomp filter.

The filter lists what is allowed. Every other call fails with ENOSYS, which C libraries expect of an
older kernel: they then try an older call, to which the list applies again. A listed call with other
arguments than the allowed ones fails with EACCES. A call of another architecture ends the process.

The numbers are those of Linux's `asm/unistd_64.h` (x86_64) and `asm-generic/unistd.h` (aarch64).
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# linux/audit.h, by os.uname().machine
ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# System calls of the x32 ABI carry this bit and would pass a comparison of numbers alone.
_X32_BIT: Final = 0x40000000

# linux/bpf_common.h and linux/seccomp.h
_LOAD_WORD = 0x20
_JUMP_IF_EQUAL = 0x15
_JUMP_IF_AT_LEAST = 0x35
_AND = 0x54
_RETURN = 0x06
_ALLOW = 0x7FFF0000
_KILL_PROCESS = 0x80000000
_FAIL_WITH_ERRNO = 0x00050000
_NUMBER_OFFSET = 0
_ARCHITECTURE_OFFSET = 4
_ARGUMENTS_OFFSET = 16
_INSTRUCTION: Final = struct.Struct("=HBBI")

_NO_NUMBER: Final = -1
# name: (x86_64, aarch64)
NUMBERS: Final[Mapping[str, tuple[int, int]]] = {
    # memory, threads, time
    "futex": (202, 98),
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    "membarrier": (324, 283),
    "clone": (56, 220),
    "set_tid_address": (218, 96),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "arch_prctl": (158, _NO_NUMBER),
    "prctl": (157, 167),
    "gettid": (186, 178),
    "getpid": (39, 172),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "getcpu": (309, 168),
    "uname": (63, 160),
    "sysinfo": (99, 179),
    "getrusage": (98, 165),
    "times": (100, 153),
    "getrandom": (318, 278),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "time": (201, _NO_NUMBER),
    "setitimer": (38, 103),
    "getitimer": (36, 102),
    "prlimit64": (302, 261),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "restart_syscall": (219, 128),
    "wait4": (61, 260),
    # signals to itself
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "tgkill": (234, 131),
    # descriptors that are open
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "lseek": (8, 62),
    "close": (3, 57),
    "close_range": (436, 436),
    "fstat": (5, 80),
    "fadvise64": (221, 223),
    "dup": (32, 23),
    "dup2": (33, _NO_NUMBER),
    "dup3": (292, 24),
    "fcntl": (72, 25),
    "ioctl": (16, 29),
    "poll": (7, _NO_NUMBER),
    "ppoll": (271, 73),
    "select": (23, _NO_NUMBER),
    "pselect6": (270, 72),
    "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21),
    "epoll_wait": (232, _NO_NUMBER),
    "epoll_pwait": (281, 22),
    "eventfd2": (290, 19),
    "pipe2": (293, 59),
    "socketpair": (53, 199),
    "recvmsg": (47, 212),
    # files; Landlock decides which
    "openat": (257, 56),
    "open": (2, _NO_NUMBER),
    "newfstatat": (262, 79),
    "stat": (4, _NO_NUMBER),
    "lstat": (6, _NO_NUMBER),
    "statx": (332, 291),
    "statfs": (137, 43),
    "fstatfs": (138, 44),
    "access": (21, _NO_NUMBER),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "readlink": (89, _NO_NUMBER),
    "readlinkat": (267, 78),
    "getdents64": (217, 61),
    "getcwd": (79, 17),
    # a server: `Policy.socket_folder`
    "unlink": (87, _NO_NUMBER),
    "unlinkat": (263, 35),
    "socket": (41, 198),
    "sendto": (44, 206),
    "recvfrom": (45, 207),
    "shutdown": (48, 210),
    "getsockname": (51, 204),
    "getpeername": (52, 205),
    "setsockopt": (54, 208),
    "getsockopt": (55, 209),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept4": (288, 242),
    # to confine the process; the filter never allows these
    "seccomp": (317, 277),
    "landlock_create_ruleset": (444, 444),
    "landlock_add_rule": (445, 445),
    "landlock_restrict_self": (446, 446),
}
_SERVER_CALLS: Final = (
    *("socket", "bind", "listen", "accept4", "sendto", "recvfrom", "shutdown", "getsockname"),
    *("getpeername", "setsockopt", "getsockopt", "unlink", "unlinkat"),
)
_INSTALL_CALLS: Final = (
    *("seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"),
)


class _Check(NamedTuple):
    """A condition on an argument: its bits in `mask` are one of `values`.

    Attributes:
        argument: the index of the argument.
        word: 0 for the lower half of the 64 bits, 1 for the upper.
    """

    argument: int
    values: tuple[int, ...]
    mask: int = 0xFFFFFFFF
    word: int = 0


# linux/sched.h. Bits of namespaces, of tracing and of vfork must be absent from a new thread.
_CLONE_THREAD: Final = 0x00010000
_CLONE_FORBIDDEN_BITS: Final = 0x7E02_6080
# fcntl.h: bits that must be absent from a call that only reads. O_TMPFILE consists of O_DIRECTORY,
# which reading may use, and this bit.
_O_TMPFILE_BIT: Final = 0o20000000
_WRITE_FLAGS: Final = os.O_ACCMODE | os.O_CREAT | os.O_TRUNC | _O_TMPFILE_BIT
# asm-generic/mman.h: RLIMIT_DATA counts neither shared memory without a file nor growing mappings.
_MAP_TYPE = 0x0F
_MAP_GROWSDOWN = 0x0100
_MAP_MASK: Final = _MAP_TYPE | mmap.MAP_ANONYMOUS | _MAP_GROWSDOWN
_ALLOWED_MAPPINGS: Final = (
    mmap.MAP_PRIVATE,
    mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS,
    mmap.MAP_SHARED,
)
# asm-generic/ioctls.h: TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX.
_IOCTL_COMMANDS: Final = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# F_SETOWN and F_SETSIG would have the kernel send signals to other processes.
_FCNTL_COMMANDS: Final = (
    *(fcntl.F_DUPFD, fcntl.F_DUPFD_CLOEXEC, fcntl.F_GETFD, fcntl.F_SETFD),
    *(fcntl.F_GETFL, fcntl.F_SETFL),
)
_PR_SET_NAME = 15
_PR_GET_NAME = 16
_PR_SET_VMA = 0x53564D41
# bits/socket.h
_AF_UNIX = 1
_SOCK_STREAM = 1
_SOCK_TYPE = 0xF


def filter_program(machine: str, *, can_listen: bool) -> bytes:
    """Return the program of the seccomp filter, as an array of `struct sock_filter`.

    Args:
        machine: a key of `ARCHITECTURES`.
        can_listen: the process may listen on Unix sockets; Landlock decides where.
    """
    column = list(ARCHITECTURES).index(machine)
    checks = _checks_by_call()
    excluded_calls = {*_INSTALL_CALLS, *(() if can_listen else _SERVER_CALLS)}
    program = [
        _instruction(_LOAD_WORD, _ARCHITECTURE_OFFSET),
        _instruction(_JUMP_IF_EQUAL, ARCHITECTURES[machine], if_true=1),
        _instruction(_RETURN, _KILL_PROCESS),
        _instruction(_LOAD_WORD, _NUMBER_OFFSET),
        _instruction(_JUMP_IF_AT_LEAST, _X32_BIT, if_false=1),
        _instruction(_RETURN, _KILL_PROCESS),
    ]
    for name, numbers in NUMBERS.items():
        if numbers[column] != _NO_NUMBER and name not in excluded_calls:
            rule = list(_argument_checks(checks.get(name, ())))
            program += [_instruction(_JUMP_IF_EQUAL, numbers[column], if_false=len(rule)), *rule]
    program.append(_instruction(_RETURN, _FAIL_WITH_ERRNO | errno.ENOSYS))
    return b"".join(program)


def _checks_by_call() -> dict[str, tuple[_Check, ...]]:
    """Return the conditions on arguments, by system call. All must hold."""
    return {
        "mmap": (_Check(3, _ALLOWED_MAPPINGS, _MAP_MASK),),
        "clone": (_Check(0, (_CLONE_THREAD,), _CLONE_THREAD | _CLONE_FORBIDDEN_BITS),),
        "tgkill": (_Check(0, (os.getpid(),)),),
        # Root may raise its hard limits, so limits may only be read.
        "prlimit64": (_Check(0, (0, os.getpid())), _Check(2, (0,)), _Check(2, (0,), word=1)),
        "prctl": (_Check(0, (_PR_SET_NAME, _PR_GET_NAME, _PR_SET_VMA)),),
        "fcntl": (_Check(1, _FCNTL_COMMANDS),),
        # TIOCSTI would type into the terminal that the program was started from.
        "ioctl": (_Check(1, _IOCTL_COMMANDS),),
        # A pair connects only to itself; asyncio creates one.
        "socketpair": (_Check(0, (_AF_UNIX,)),),
        # A server needs no datagrams, which reach other sockets without `connect`.
        "socket": (_Check(0, (_AF_UNIX,)), _Check(1, (_SOCK_STREAM,), _SOCK_TYPE)),
        "openat": (_read_only_check(2),),
        "open": (_read_only_check(1),),
    }


def _read_only_check(argument: int) -> _Check:
    return _Check(argument, (os.O_RDONLY,), _WRITE_FLAGS)


def _argument_checks(checks: tuple[_Check, ...]) -> Iterator[bytes]:
    """Yield the instructions that check the arguments of a system call, and allow it."""
    for check in checks:
        # An argument has 8 bytes; the filter loads 4 of them, of which the lower half comes first.
        yield _instruction(_LOAD_WORD, _ARGUMENTS_OFFSET + 8 * check.argument + 4 * check.word)
        yield _instruction(_AND, check.mask)
        for index, value in enumerate(check.values):
            # A match skips the other values and the refusal.
            yield _instruction(_JUMP_IF_EQUAL, value, if_true=len(check.values) - index)
        yield _instruction(_RETURN, _FAIL_WITH_ERRNO | errno.EACCES)
    yield _instruction(_RETURN, _ALLOW)


def _instruction(code: int, operand: int, *, if_true: int = 0, if_false: int = 0) -> bytes:
    """Return an instruction; `if_true` and `if_false` are how many others a jump skips."""
    return _INSTRUCTION.pack(code, if_true, if_false, operand)
