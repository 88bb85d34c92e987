"""Stands for a document worker in tests: hands its streams to tests/helpers/reader_server.py.

Usage: python -I -S reader_launcher.py ADDRESS DESCRIPTOR MEMORY. It ends with the exit code of the
fork. It imports next to nothing, so that it starts in a hundredth of a second.
"""

import _socket
import os
import sys


def main(address: str, descriptor: str, memory: str) -> None:
    """Send the standard streams and the socket for open files, and wait for the exit code."""
    server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    server.connect(address)
    streams = (0, 1, 2, int(descriptor))
    packed = b"".join(stream.to_bytes(4, sys.byteorder) for stream in streams)
    server.sendmsg([memory.encode()], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, packed)])
    for stream in streams:
        os.close(stream)
    os._exit(int(server.recv(16) or b"1"))


if __name__ == "__main__":
    main(*sys.argv[1:])
