"""The check for updates compares with the project's newest release, and names the way to it."""

from __future__ import annotations

import asyncio
import sys
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from desktop_app.settings.ui import updates
from desktop_app.settings.ui.updates import PROJECT_PAGE, update_report, update_way

ROOT = Path(__file__).parents[3]


@pytest.fixture
def feed() -> Iterator[HTTPServer]:
    """Serve the attribute `reply`, a status and a body, as the newest release."""

    class Feed(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = self.server.reply if self.path == "/releases/latest" else (404, "")
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    with HTTPServer(("127.0.0.1", 0), Feed) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def report(feed: HTTPServer, status: int, body: str) -> str:
    feed.reply = status, body
    address = f"http://127.0.0.1:{feed.server_port}/releases"
    return asyncio.run(update_report(releases=address)).text


@pytest.mark.parametrize(
    ("tag", "is_new"),
    [("0.9.9", False), ("1.2", False), ("v1.2.0", False), ("v1.2.1", True), ("1.10.0", True)],
)
def test_a_newer_release_is_reported_with_the_way_to_it(
    feed: HTTPServer, monkeypatch: pytest.MonkeyPatch, tag: str, is_new: bool
) -> None:
    monkeypatch.setattr(updates, "__version__", "1.2.0")
    text = report(feed, 200, f'{{"tag_name": "{tag}", "body": "Changes"}}')
    if is_new:
        news = f"Version {tag.removeprefix('v')} is available; this is 1.2.0."
        assert text == f"{news} {update_way()}"
    else:
        assert text == "This is the newest version: 1.2.0."


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *((404, '{"message": "Not Found"}'), (500, ""), (200, "<html>"), (200, "[]")),
        (200, f'{{"tag_name": "v{"9" * 5000}"}}'),
        *((200, "{}"), (200, '{"tag_name": 5}'), (200, '{"tag_name": "nightly; rm -rf"}')),
    ],
)
def test_a_feed_that_cannot_be_read_is_a_sentence(feed: HTTPServer, status: int, body: str) -> None:
    text = report(feed, status, body)
    assert text.startswith("Couldn’t check for updates. ")
    assert text.endswith(f" {PROJECT_PAGE}/releases")


def test_a_server_that_cannot_be_reached_is_a_sentence() -> None:
    text = asyncio.run(update_report(releases="http://127.0.0.1:1/releases")).text
    assert text.startswith("Couldn’t check for updates. ")
    assert "127.0.0.1" in text


@pytest.mark.parametrize(
    ("package", "words"),
    [
        *(("deb", "apt install"), ("rpm", "dnf install"), ("flatpak", "flatpak update")),
        *(("windows", "setup"), ("appimage", "replace /opt/Repartee.AppImage with it")),
    ],
)
def test_each_package_says_how_it_is_updated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, words: str
) -> None:
    monkeypatch.setattr(updates, "resource_path", lambda name: tmp_path / name)
    monkeypatch.setenv("APPIMAGE", "/opt/Repartee.AppImage")
    (tmp_path / "package").write_text(f"{package}\n")  # as packaging/build.sh writes it
    assert words in update_way()


@pytest.mark.parametrize(
    ("note", "folder", "command"),
    [
        ("pipx_metadata.json", "desktop_app", "pipx upgrade repartee"),
        ("uv-receipt.toml", "desktop_app", "uv tool upgrade repartee"),
        ("pyvenv.cfg", "desktop_app", "pip install --upgrade repartee"),
        ("pyvenv.cfg", "checkout", "git pull"),
    ],
)
def test_an_installation_without_a_package_names_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, note: str, folder: str, command: str
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(
        updates, "resource_path", lambda name: tmp_path / folder / "resources" / name
    )
    (tmp_path / note).touch()
    assert update_way() == f"To update, run “{command}”."


def test_the_project_has_one_address() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    metainfo = ROOT / "packaging/linux/io.github.repartee.Repartee.metainfo.xml"
    assert project["urls"]["Homepage"] == PROJECT_PAGE
    assert f'<url type="homepage">{PROJECT_PAGE}</url>' in metainfo.read_text("utf-8")
    assert updates.RELEASES.endswith(PROJECT_PAGE.removeprefix("https://github.com") + "/releases")
