"""The real program in a real window, operated and read through AT-SPI."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

T = TypeVar("T")

HERE = Path(__file__).parent
SYSTEM_PYTHON = "/usr/bin/python3"
LONGEST_S = 90.0
PAUSE_S = 0.05


class AssistiveClient:
    """The AT-SPI client process, which handles a request at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, str(HERE / "assistive_client.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **request: Any) -> Any:
        """Send a request and return its reply. Raise LookupError if it fails."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("no pipes")
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        reply = json.loads(self._process.stdout.readline())
        if "error" in reply:
            raise LookupError(reply["error"])
        return reply["ok"]

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


class Program:
    """One run of Repartee; a context manager that ends it."""

    def __init__(self, home: Path, client: AssistiveClient, *arguments: str, **extra: str) -> None:
        environment = {
            **os.environ,
            "REPARTEE_HOME": str(home),
            "QT_QPA_PLATFORM": "xcb",
            "QT_ACCESSIBILITY": "1",
            "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
            "PYTHONFAULTHANDLER": "1",
            **extra,
        }
        self._client = client
        self._log_path = home.parent / "program.log"
        self._log = self._log_path.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "desktop_app", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            cwd=HERE.parents[1],
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._log.close()

    def kill(self) -> None:
        """Kill the program (SIGKILL), as a crash ends it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def quit(self) -> int:
        """End the program as a session manager does (SIGTERM); return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.end()

    def end(self) -> int:
        """Wait until the program has ended by itself; return the exit code."""
        return self.process.wait(LONGEST_S)

    def do(self, what: str, identifier: str, **more: Any) -> Any:
        """Have the AT-SPI client do something to a widget, as soon as the widget exists."""
        return self._wait_for_reply(f"{what} {identifier}", do=what, id=identifier, **more)

    def do_named(self, what: str, name: str, role: str, **more: Any) -> Any:
        """Do something to the first visible widget of a role whose name begins with `name`."""
        return self._wait_for_reply(f"{what} {name}", do=what, name=name, role=role, **more)

    def _wait_for_reply(self, what: str, **request: Any) -> Any:
        """Ask until there is a reply. Raise TimeoutError, or RuntimeError if the program ended."""

        def ask() -> list[Any]:
            ended = self.process.poll()
            try:
                return [self._client.ask(pid=self.process.pid, **request)]
            except LookupError as error:
                if ended is not None:
                    message = f"{what}: {error}. It ended with {ended} and printed:"
                    raise RuntimeError(f"{message}\n{self._printed()}") from None
                raise

        try:
            return wait_for(ask, what)[0]
        except TimeoutError as error:
            self.process.send_signal(signal.SIGABRT)  # faulthandler prints the stacks
            self.end()
            raise TimeoutError(f"{error} It runs, and has printed:\n{self._printed()}") from None

    def _printed(self) -> str:
        return self._log_path.read_text("utf-8", "replace")[-5_000:]

    def names(self) -> list[list[str]]:
        """Return the id, name and role of all widgets that the program shows."""
        return list(self._client.ask(do="names", pid=self.process.pid))

    def has(self, identifier: str, state: str) -> bool:
        """Return True if a widget is in a state, such as "showing" or "enabled"."""
        return state in self.do("states", identifier)

    def states(self, identifier: str) -> list[str]:
        """Return the states of a widget. Raise LookupError if there is none yet."""
        return list(self._client.ask(do="states", id=identifier, pid=self.process.pid))

    def wait_for_text(self, identifier: str, condition: Callable[[str], bool]) -> str:
        """Return the widget's text once `condition` holds for it."""

        def look() -> str | None:
            text: str = self.do("text", identifier)
            return text if condition(text) else None

        return wait_for(look, f"the text of {identifier}")

    def wait_to_hear(self, words: str) -> list[str]:
        """Wait until a screen reader speaks these words; return all that it spoke meanwhile.

        Words that end in "…" are only the beginning of the spoken words.
        """
        spoken: list[str] = []
        beginning = words.removesuffix("…") if words.endswith("…") else ""

        def look() -> bool:
            spoken.extend(self._client.ask(do="heard", pid=self.process.pid))
            return words in spoken or any(
                beginning and line.startswith(beginning) for line in spoken
            )

        try:
            wait_for(look, f"the words {words!r}")
        except TimeoutError as error:
            raise TimeoutError(f"{error} Heard: {spoken}") from None
        return spoken

    def ask(self, question: str) -> None:
        """Type a question and press Send."""
        self.do("set_text", "prompt", text=question)
        wait_for(lambda: self.has("send", "enabled"), "Send to be enabled")
        self.do("press", "send")


def wait_for(look: Callable[[], T | None], what: str) -> T:
    """Return the first truthy result of `look`. A LookupError means "not yet"."""
    deadline = time.monotonic() + LONGEST_S
    last = ""
    while time.monotonic() < deadline:
        try:
            found = look()
        except LookupError as error:
            last, found = str(error), None
        if found:
            return found
        time.sleep(PAUSE_S)
    raise TimeoutError(f"waited {LONGEST_S:.0f} s for {what}. {last}")
