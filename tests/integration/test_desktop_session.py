"""The tests' desktop session keeps the user's npm and pip settings, but not the user's home."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_session_keeps_the_users_npm_and_pip_settings(tmp_path: Path) -> None:
    npmrc, pip = tmp_path / ".npmrc", tmp_path / ".config" / "pip" / "pip.conf"
    pip.parent.mkdir(parents=True)
    npmrc.write_text("cafile=/etc/own.pem\n")
    pip.write_text("[global]\n")
    names = ("PIP_CONFIG_FILE", "NPM_CONFIG_USERCONFIG", "XDG_CONFIG_HOME")
    environment = {k: v for k, v in os.environ.items() if k not in names}
    settings = "$NPM_CONFIG_USERCONFIG:$PIP_CONFIG_FILE:$NODE_EXTRA_CA_CERTS"
    variables = f"$HOME:$XDG_DATA_HOME:$XDG_CONFIG_HOME:$XDG_CACHE_HOME:{settings}"
    done = subprocess.run(
        ["packaging/desktop-session.sh", "bash", "-c", f'printf "%s" "{variables}"'],
        cwd=ROOT,
        env={**environment, "HOME": str(tmp_path), "NODE_EXTRA_CA_CERTS": "/etc/more.pem"},
        capture_output=True,
        text=True,
        check=True,
    )
    home, data, config, cache, *found = done.stdout.split(":")
    assert home != str(tmp_path)
    assert [data, config, cache] == [f"{home}/data", f"{home}/config", f"{home}/cache"]
    assert found == [str(npmrc), str(pip), "/etc/more.pem"]
