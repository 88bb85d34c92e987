"""What a slot raises is logged and shown, once for each place; Qt itself only prints it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QPushButton
from desktop_app.app.application import Application
from desktop_app.app.window_request import OpenRequest

def ready():
    timer = QTimer(application.window, interval=0)
    timer.timeout.connect(fail)
    timer.start()
    look()

def fail():
    raise KeyError("prompt.stop")

def look():
    buttons = application.window.notifications.findChildren(QPushButton)
    if any(button.text() == "Save a report…" for button in buttons):
        print("shown")
        application.session.shutdown.begin()
    elif not application.session.shutdown.has_begun:
        QTimer.singleShot(20, look)

application = Application(OpenRequest())
application.on_ready = ready
application.show()
sys.exit(application.run())
"""


def test_what_a_slot_raises_is_logged_and_shown_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    environment = {**os.environ, "REPARTEE_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "shown\n"), done.stderr
    assert done.stderr.count("KeyError") > 1  # the slot went on raising
    logged = "".join(path.read_text("utf-8") for path in home.rglob("*.log"))
    assert logged.count("KeyError: 'prompt.stop'") == 1
    assert "in fail" in logged
