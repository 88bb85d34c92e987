"""The real program on the library of an earlier run, walked from inside: a child of tests.

`python -m tests.gui.app.second_start WALK` prints what it finds. The program starts as it does for
users, the window before the features: what tests import must not come earlier.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QGuiApplication

from desktop_app.app.application import Application
from desktop_app.app.window_request import OpenRequest

if TYPE_CHECKING:
    import asyncio

    from desktop_app.backend.backend import Backend
    from tests.gui.app.scripted_providers import ScriptedProviders


class SecondStart(Application):
    """The program with scripted providers, which runs a walk and ends.

    Attributes:
        faults: what the walk has found.
    """

    def __init__(self, walk: dict[str, Any]) -> None:
        super().__init__(OpenRequest())
        self._walk = walk
        self.providers: ScriptedProviders
        self.faults: list[str] = []
        self.walk_task: asyncio.Task[None] | None = None

    async def _open_backend(self) -> Backend:
        from desktop_app.backend.backend import Backend
        from tests.gui.app.scripted_providers import ScriptedProviders, use_providers
        from tests.gui.app.walks import isolate

        isolate()
        backend = Backend(environment={"OPENAI_API_KEY": "not-a-key", "COMETAPI_KEY": "not-a-key"})
        self.providers = ScriptedProviders()
        use_providers(backend, self.providers)
        await backend.open()
        return backend

    def log(self, text: str) -> None:
        """Say on standard error where the walk is."""
        sys.stderr.write(f"{text}\n")

    def on_ready(self) -> None:
        from tests.gui.app.walks import run

        run(self, self._walk)


def main() -> None:
    """Start the program, walk it, and print the faults as JSON."""
    program = SecondStart(json.loads(sys.argv[1]))
    program.show()
    code = program.run()
    # Qt's offscreen clipboard would delete what Python made after Python's end.
    QGuiApplication.clipboard().clear()
    sys.stdout.write(json.dumps({"faults": program.faults, "code": code}))


if __name__ == "__main__":
    main()
