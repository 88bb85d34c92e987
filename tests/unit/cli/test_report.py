"""The report of a problem: what it has, and what it leaves out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_app.backend.log_file import LOG_NAME
from desktop_app.cli.doctor import Finding
from desktop_app.cli.report import log_lines, report_text, without_paths
from tests.helpers.started_backend import started_backend
from tests.unit.providers.samples import COMPATIBLE

pytestmark = pytest.mark.attack("secrets")

SECRET = "Zürich plan"
LOG = f"""\
2026-11-30 11:57:21,045 INFO desktop_app.domain: answer of gpt from host: done after 5 s
2026-11-30 11:57:22,045 ERROR desktop_app.app: “{SECRET}” isn’t in /srv/me/{SECRET}/x.txt: no
 {SECRET} on a line of its own
{SECRET}: and another
2026-11-30 11:57:23,045 ERROR asyncio: a defect
Traceback (most recent call last):
  File "/srv/me/{SECRET}/lib/python3.11/site-packages/desktop_app/app/session.py", line 3, in run
    raise ValueError(text)
           ^^^^^^^^^^^^^^^
ValueError: {SECRET}
{SECRET}
2026-11-30 11:57:24,045 WARNING x: asked https://me:pw123456@proxy.lan:3128/{SECRET.split()[0]}?a=b
"""


def test_the_log_has_no_words_and_no_paths_but_its_own() -> None:
    lines = "\n".join(log_lines(LOG.splitlines()))
    assert "answer of gpt from host: done after 5 s" in lines
    assert "“…” isn’t in [path]: no" in lines
    assert '  File "desktop_app/app/session.py", line 3, in run' in lines
    assert "    raise ValueError(text)\n" in lines
    assert "\nValueError\n" in lines
    assert lines.endswith("asked https://[key]@proxy.lan:3128")
    for word in ("Zürich", "plan", "pw123456", "/srv"):
        assert word not in lines, word


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("Library: /srv/me/a b/x.sqlite3, 3 conversations", "Library: [path], 3 conversations"),
        (r"Library: C:\Users\me\x.sqlite3, 3", "Library: [path], 3"),
        ("in ~/notes: no", "in [path]: no"),
        ("Landlock (ABI 7), TCP/IP and/or 1/2", "Landlock (ABI 7), TCP/IP and/or 1/2"),
        ("Proxy http://proxy.lan:3128 (settings)", "Proxy http://proxy.lan:3128 (settings)"),
        ('  File "/srv/me/own.py", line 1 in main', '  File "own.py", line 1 in main'),
    ],
)
def test_paths_are_left_out(line: str, left: str) -> None:
    assert without_paths(line) == left


async def test_a_report_has_settings_and_providers_without_words() -> None:
    address = "https://me:pw123456@api.example:8000/v1/secretpath"
    profile = replace(COMPATIBLE, id="p", name=SECRET, base_url=address, ca_file=f"/x/{SECRET}")
    found = [
        Finding("version", None, "Repartee 1", "Version"),
        Finding("logs", None, "/srv/me/logs", "Logs"),
        Finding("store", True, f"/srv/me/{SECRET}, 2 conversations", "Library"),
    ]
    async with started_backend() as backend:
        await backend.settings.save_profile(profile)
        await backend.settings.set("default.effort", "high")
        await backend.settings.set("look.text_size", 100)
        await backend.settings.set("answer.system_prompt", f"/srv/me/{SECRET}")
        logs = backend.folders.logs
        logs.mkdir(parents=True, exist_ok=True)
        earlier = [f"2026-11-30 11:57:21,045 INFO x: number {n}" for n in range(600)]
        (logs / LOG_NAME).write_text("\n".join([*earlier, LOG]), "utf-8")
        report = await report_text(backend, found)
    for expected in (
        "Version: Repartee 1",
        "Library: [path], 2 conversations",
        "default.effort = high",
        "answer.system_prompt: changed",
        "https://api.example, certificates",
        "number 599",
        "\nValueError\n",
    ):
        assert expected in report, expected
    assert len([line for line in report.splitlines() if "number " in line]) < 500
    for word in ("Zürich", "plan", "pw123456", "secretpath", "/srv", "text_size", "Logs"):
        assert word not in report, word
