"""A confined process closes the descriptors that it inherited."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os, resource
from desktop_app.sandbox.linux import close_descriptors_except
os.dup2(0, 200)
os.dup2(0, 210)
resource.setrlimit(resource.RLIMIT_NOFILE, (100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
close_descriptors_except((200,))
print([descriptor for descriptor in (200, 210) if str(descriptor) in os.listdir("/dev/fd")])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox of Linux")
def test_descriptors_above_the_limit_are_closed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[200]\n"
