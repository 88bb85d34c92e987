"""Stands for a child process in tests: passes its streams to tests/helpers/child_server.py.

Usage: python -I -S child_launcher.py ADDRESS KIND [DESCRIPTOR ARGUMENT …]. It ends with the exit
code of the fork. It imports almost nothing, so that it starts in a hundredth of a second.
"""

import _socket
import os
import sys


def main(address: str, kind: str, *arguments: str) -> None:
    """Send the open files, the arguments and the environment, and wait for the exit code."""
    server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    server.connect(address)
    descriptors = arguments[:1] if kind == "server" else ()
    streams = (0, 1, 2, *map(int, descriptors))
    packed = b"".join(stream.to_bytes(4, sys.byteorder) for stream in streams)
    variables = (f"{name}={value}" for name, value in os.environ.items())
    message = os.fsencode("\0".join((kind, *arguments[len(descriptors) :], "", *variables)))
    server.sendmsg([message], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, packed)])
    for stream in streams:
        os.close(stream)
    os._exit(int(server.recv(16) or b"1"))


if __name__ == "__main__":
    main(*sys.argv[1:])
