"""The findings of `repartee doctor`, without its processes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.backend.environment_profiles import COMETAPI, OPENAI
from desktop_app.cli.doctor.doctor import (
    Finding,
    _check_routes,
    _read_findings,
    findings_json,
    findings_text,
    qt_failure_text,
)
from desktop_app.cli.doctor.provider_routes import describe_route, has_route
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from tests.helpers.certificates import Authority
from tests.helpers.started_backend import started_backend
from tests.unit.providers.samples import COMPATIBLE

NO_PLUGIN = "no Qt platform plugin could be initialized"


def test_findings_are_a_line_each() -> None:
    found = [
        Finding("store", True, "here\nwindow: forged"),
        Finding("window", False, "no screen"),
        Finding("way to A", None, "No proxy", "Connection to A"),
        Finding("python", None, "3.11"),
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
        names = {finding.name for finding in await _check_routes(backend, None)}
    assert {"way to Home (a)", "way to Home (b)"} <= names


@pytest.mark.parametrize("line", [b"{not JSON}", b"{\xff}", b'{"a":' * 9000, b"{" * 200_000])
async def test_the_output_of_a_library_is_no_finding(line: bytes) -> None:
    stream = asyncio.StreamReader()
    stream.feed_data(b'{"qt": "6"}\n' + line + b'\n{"window": true}\n')
    stream.feed_eof()
    found: dict[str, object] = {}
    await _read_findings(stream, found)
    assert found == {"qt": "6", "window": True}


def test_findings_have_their_facts_in_json() -> None:
    found = [
        Finding("hotkey", None, "Off", more_fields={"shortcut": "F1"}),
        Finding("store", True, "x"),
    ]
    assert findings_json(found) == {
        "hotkey": {"works": None, "text": "Off", "shortcut": "F1"},
        "store": {"works": True, "text": "x"},
    }


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (f"x\nqt: could not connect to display :7\n{NO_PLUGIN}", "The X11 display :7 refuses"),
        (f"Failed to create wl_display (x)\n{NO_PLUGIN}\n", "The Wayland compositor refuses"),
        (
            f"or libxcb-cursor0 is needed to\n{NO_PLUGIN}",
            "Install the system library libxcb-cursor0",
        ),
        (f"error\n{NO_PLUGIN}.\nAvailable: xcb", "The Qt platform “odd” doesn’t work here."),
        ("Traceback\n\n  ImportError: libEGL\n \n", "ImportError: libEGL"),
        (" \n", "Qt didn’t start and gave no reason."),
    ],
)
def test_errors_of_qt_become_plain_sentences(
    monkeypatch: pytest.MonkeyPatch, output: str, reason: str
) -> None:
    monkeypatch.setenv("DISPLAY", ":7")
    monkeypatch.setenv("QT_QPA_PLATFORM", "odd")
    assert qt_failure_text(output).startswith(reason)


NEAR = replace(COMPATIBLE, base_url="http://nas.lan/v1")


@pytest.mark.parametrize(
    ("profile", "route"),
    [
        (OPENAI, (None, "No proxy, system certificates")),
        (replace(OPENAI, base_url="x"), (False, "The address is invalid")),
        (NEAR, (False, "nas.lan isn’t encrypted and isn’t allowed in Settings › Provider")),
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


def test_a_proxy_of_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.lan:1")
    assert describe_route(OPENAI) == (
        None,
        "Proxy http://proxy.lan:1 (environment), system certificates",
    )


def test_certificates_of_a_file_are_named(tmp_path: Path) -> None:
    pem = Authority(tmp_path).pem
    works, text = describe_route(replace(OPENAI, ca_file=str(pem)))
    assert works is None
    assert text.startswith(f"No proxy, system certificates and {pem} (Example Company Root")
    assert ", valid until " in text
    gone = replace(OPENAI, ca_file=f"{pem}.gone")
    works, text = describe_route(gone)
    assert works is False
    assert "Couldn’t read" in text


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        (OPENAI, True),
        (COMETAPI, True),
        (replace(COMPATIBLE, base_url=""), False),
        (replace(COMPATIBLE, base_url="", from_environment=True), True),
        (replace(OPENAI, kind=ProviderKind.ON_DEVICE), False),
    ],
)
def test_a_server_has_an_address_and_is_no_on_device_model(
    profile: ProviderProfile, *, expected: bool
) -> None:
    assert has_route(profile) is expected
