#!/usr/bin/env python3
"""Runs the commands of an installed Repartee on Windows, or under Wine, against a local server.

    python.exe packaging/windows/commands.py FOLDER

FOLDER is the checkout: documents and exports of other programs come from its test data. Prints a
line for each command, and exits with 1 if one of them failed.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ANSWER = "Grüße aus einem Faß, 42 times over."


class Model(BaseHTTPRequestHandler):
    """A server of one model that gives one answer, as a stream of Chat Completions."""

    def do_GET(self) -> None:
        """List the models."""
        self._reply("application/json", json.dumps({"data": [{"id": "gpt-5.2"}]}))

    def do_POST(self) -> None:
        """Answer, or say that there is no such endpoint."""
        self.rfile.read(int(self.headers["Content-Length"]))
        if not self.path.endswith("/chat/completions"):
            self.send_error(404)
            return
        pieces: list[dict[str, Any]] = [{"delta": {"content": word}} for word in ANSWER.split(" ")]
        for piece in pieces[1:]:
            piece["delta"]["content"] = " " + piece["delta"]["content"]
        pieces.append({"delta": {}, "finish_reason": "stop"})
        events = [json.dumps({"choices": [{"index": 0, **piece}]}) for piece in pieces]
        self._reply("text/event-stream", "".join(f"data: {e}\n\n" for e in [*events, "[DONE]"]))

    def _reply(self, media_type: str, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class Commands:
    """A user's folder, and the commands that ran in it."""

    def __init__(self, home: Path, address: str) -> None:
        self._environment = {
            **os.environ,
            "REPARTEE_HOME": str(home),
            "OPENAI_BASE_URL": address,
            "OPENAI_API_KEY": "sk-local",
        }
        # A package of pip's does not start Python in this mode.
        self._environment.pop("PYTHONUTF8", None)
        self.failed = False

    def run(
        self,
        *arguments: str,
        expects: str = "",
        piped: str | None = None,
        codes: tuple[int, ...] = (0,),
    ) -> None:
        """Run a command and print how it went."""
        result = subprocess.run(
            [sys.executable, "-m", "desktop_app", *arguments],
            env=self._environment,
            input=None if piped is None else piped.encode(),
            stdin=subprocess.DEVNULL if piped is None else None,
            capture_output=True,
            timeout=300,
            check=False,
        )
        output = result.stdout.decode("utf-8", "replace")
        has_passed = result.returncode in codes and expects in output
        print("passed" if has_passed else "FAILED", *arguments[:2], flush=True)
        if not has_passed:
            self.failed = True
            print(result.returncode, output, result.stderr.decode("utf-8", "replace"), sep="\n")


def main() -> int:
    """Run every command once."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    data = Path(sys.argv[1]) / "tests" / "data"
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        home, backups = Path(folder) / "home", Path(folder) / "backups"
        shell = Commands(home, f"http://127.0.0.1:{server.server_port}/v1")
        run = shell.run
        run("--version", expects="repartee")
        run("--help")
        run("models")
        run("ask", "Who greets?", "--save", expects=ANSWER)
        run("ask", "And this?", piped="Text of a pipe", expects=ANSWER)
        for name in ("report.pdf", "report.docx", "figures.xlsx", "red.heic", "message.eml"):
            run("ask", "What is this?", "--file", str(data / name), expects=ANSWER)
        run("summarize", str(data / "notes.md"), expects=ANSWER)
        for imported in sorted((data / "imports").glob("*.json")):
            run("import", str(imported))
        run("search", "Grüße", expects="Grüße")
        for suffix in ("markdown", "html", "json", "docx", "odt"):
            run("export", "--all", "--format", suffix, "--to", str(Path(folder) / suffix))
        run("export", "--all", "--format", "json", "--to", "-", expects="Grüße")
        run("spending")
        run("backup", str(backups))
        run("restore", str(next(backups.iterdir())))
        run("repair")
        run("search", "Grüße", expects="Grüße")
        run("doctor", expects="8,192 tokens", codes=(0, 1))  # the model on this computer answers
    return int(shell.failed)


if __name__ == "__main__":
    sys.exit(main())
