"""The timer of systemd: its files are valid, and it is told of them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from desktop_app.desktop_session.user_timer import UserTimer
from desktop_app.domain.errors import StorageError


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file with what systemctl was told; a script stands for it."""
    tools = tmp_path / "tools"
    tools.mkdir()
    file = tmp_path / "told"
    script = tools / "systemctl"
    script.write_text(f'#!/bin/sh\necho "$@" >> "{file}"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    return file


def test_a_timer_is_turned_on_changed_and_off(tmp_path: Path, told: Path) -> None:
    home = str(tmp_path / 'a "home" $x %h')
    timer = UserTimer("s", {"XDG_CONFIG_HOME": str(tmp_path), "REPARTEE_HOME": home})
    assert timer.is_possible
    assert not timer.is_wanted
    timer.turn_on(["*-*-* 08:00:00", "Mon..Fri *-*-* 09:00:00", "*-*-* 08:00:00"])
    assert timer.is_wanted
    assert timer.problem() == ""
    assert timer.path.read_text().count("OnCalendar=") == 2
    assert "enable --now" in told.read_text()
    if shutil.which("systemd-analyze"):
        verify = ["systemd-analyze", "--user", "verify", str(timer.path)]
        environment = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(tmp_path)}
        done = subprocess.run(verify, env=environment, capture_output=True, text=True, check=False)
        # Units of the system may have faults of their own.
        faults = [line for line in done.stderr.splitlines() if str(timer.path.parent) in line]
        assert (done.returncode, faults) == (0, [])
    (tmp_path / "tools" / "systemctl").write_text(
        '#!/bin/sh\ncase "$2" in is-active) echo inactive; exit 3;; esac\n'
    )
    assert "inactive" in timer.problem()
    (tmp_path / "tools" / "systemctl").write_text(f'#!/bin/sh\necho "$@" >> "{told}"\n')
    timer.turn_on([])
    assert timer.is_wanted
    assert "prompt" in timer.problem()
    timer.turn_off()
    assert not timer.is_wanted
    assert "disable --now" in told.read_text()


def test_what_systemd_refuses_is_an_error(tmp_path: Path, told: Path) -> None:
    (tmp_path / "tools" / "systemctl").write_text("#!/bin/sh\necho No bus. >&2\nexit 1\n")
    timer = UserTimer("s", {"XDG_CONFIG_HOME": str(tmp_path)})
    with pytest.raises(StorageError) as caught:
        timer.turn_on(["*-*-* 08:00:00"])
    assert "No bus." in caught.value.details
    assert not timer.is_wanted
    timer.path.write_text("OnCalendar=*-*-* 08:00:00")  # turned on when there was a bus
    assert "No bus." in timer.problem()
    with pytest.raises(StorageError):
        timer.turn_on(["*-*-* 08:00:00"])
    assert timer.is_wanted
