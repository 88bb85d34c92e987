"""The findings of `repartee doctor`, without its processes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_app.cli.doctor import (
    Finding,
    _check_routes,
    describe_route,
    findings_json,
    findings_text,
    qt_failure_text,
)
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.providers.gateway.environment_profiles import OPENAI
from tests.helpers.started_backend import started_backend
from tests.unit.providers.samples import COMPATIBLE


def test_findings_are_a_line_each() -> None:
    found = [
        Finding("store", True, "here\nwindow: forged", "Library"),
        Finding("window", False, "no screen", "Window"),
        Finding("way to A", None, "No proxy", "Connection to A"),
        Finding("python", None, "3.11", "Python"),
    ]
    assert findings_text(found).split("\n") == [
        "ok  Library: here window: forged",
        "NO  Window: no screen",
        "    Connection to A: No proxy",
        "    Python: 3.11",
    ]


async def test_providers_of_the_same_name_are_told_apart() -> None:
    async with started_backend() as backend:
        for profile_id in ("a", "b"):
            profile = replace(COMPATIBLE, id=profile_id, name="Home")
            await backend.settings.save_profile(profile)
        profiles = await backend.providers.profiles()
    names = {finding.name for finding in _check_routes(profiles)}
    assert {"way to Home (a)", "way to Home (b)"} <= names


def test_findings_have_their_facts_in_json() -> None:
    found = [
        Finding("hotkey", None, "Off", "Global shortcut", (("shortcut", "F1"),)),
        Finding("store", True, "x", "Library"),
    ]
    assert findings_json(found) == {
        "hotkey": {"works": None, "text": "Off", "shortcut": "F1"},
        "store": {"works": True, "text": "x"},
    }


NEAR = replace(COMPATIBLE, base_url="http://nas.lan/v1")


@pytest.mark.parametrize(
    ("profile", "route"),
    [
        (OPENAI, (None, "No proxy, system certificates")),
        (replace(OPENAI, base_url="x"), (False, "The address is invalid")),
        (NEAR, (False, "nas.lan isn’t encrypted and isn’t allowed in Settings › Accounts")),
        (replace(NEAR, plain_http_hosts=("nas.lan",)), (None, "No proxy, not encrypted")),
        (
            replace(OPENAI, proxy="http://me@proxy.lan:3128"),
            (None, "Proxy http://proxy.lan:3128 (settings), system certificates"),
        ),
    ],
)
def test_the_route_to_a_provider_is_described(
    profile: ProviderProfile, route: tuple[bool | None, str]
) -> None:
    assert describe_route(profile) == route


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("qt.qpa.xcb: could not connect to display :9\nAvailable", "qt.qpa.xcb: could not"),
        ("Traceback\nImportError: x\n\n", "ImportError: x"),
        ("", "Qt didn’t start and gave no reason."),
    ],
)
def test_a_failure_of_qt_is_in_its_own_words(output: str, said: str) -> None:
    assert qt_failure_text(output).startswith(said)
