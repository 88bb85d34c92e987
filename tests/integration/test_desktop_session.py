"""The session that tests run in keeps the person's registries, but not their folders."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_tools_are_installed_from_the_persons_registries(tmp_path: Path) -> None:
    npmrc, pip = tmp_path / ".npmrc", tmp_path / ".config" / "pip" / "pip.conf"
    pip.parent.mkdir(parents=True)
    npmrc.write_text("cafile=/etc/own.pem\n")
    pip.write_text("[global]\n")
    names = ("PIP_CONFIG_FILE", "NPM_CONFIG_USERCONFIG", "XDG_CONFIG_HOME")
    environment = {k: v for k, v in os.environ.items() if k not in names}
    told = "$HOME:$NPM_CONFIG_USERCONFIG:$PIP_CONFIG_FILE:$NODE_EXTRA_CA_CERTS"
    done = subprocess.run(
        ["packaging/desktop-session.sh", "bash", "-c", f'printf "%s" "{told}"'],
        cwd=ROOT,
        env={**environment, "HOME": str(tmp_path), "NODE_EXTRA_CA_CERTS": "/etc/more.pem"},
        capture_output=True,
        text=True,
        check=True,
    )
    home, *found = done.stdout.split(":")
    assert home != str(tmp_path)
    assert found == [str(npmrc), str(pip), "/etc/more.pem"]
