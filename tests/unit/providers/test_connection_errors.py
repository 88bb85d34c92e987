"""Errors for connections that fail, by what the libraries say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.models.server_kind import ServerKind
from desktop_app.domain.network.network_address import parse_proxy
from desktop_app.domain.remedy import Remedy
from desktop_app.providers.http.connection_errors import (
    ConnectionAttempt,
    unencrypted_address_error,
)
from desktop_app.providers.http.retries import AttemptError

FAR = ConnectionAttempt("P", "far.example", port=443)
HERE = ConnectionAttempt("P", "127.0.0.1", port=9999)
PROXY = parse_proxy("http://proxy:3128")
THROUGH = replace(FAR, proxy=PROXY)
OWN = replace(THROUGH, is_own_proxy=True)


def facts_of(attempt: AttemptError) -> tuple[object, object, object]:
    """Return why an attempt failed, what to do, and whether it is repeated."""
    assert attempt.error.details.startswith("d")
    assert attempt.error.params["provider"] == "P"
    return attempt.error.reason, attempt.error.remedy, attempt.may_repeat


@pytest.mark.parametrize(
    ("attempt", "reason", "remedy", "host"),
    [
        (FAR, Reason.NOT_REACHED, "", "far.example"),
        (replace(FAR, host="192.168.1.5"), Reason.NOT_REACHED, "", "192.168.1.5:443"),
        (replace(FAR, host="fd00::1"), Reason.NOT_REACHED, "", "[fd00::1]:443"),
        (replace(FAR, host="192.168.1.5", port=None), Reason.NOT_REACHED, "", "192.168.1.5"),
        (THROUGH, Reason.PROXY_NOT_REACHED, Remedy.CHECK_ENVIRONMENT_PROXY, "far.example"),
        (OWN, Reason.PROXY_NOT_REACHED, Remedy.CHECK_PROXY, "far.example"),
        (replace(OWN, host="::1"), Reason.PROXY_NOT_REACHED, Remedy.CHECK_PROXY, "::1"),
        (HERE, Reason.NOTHING_LISTENS, Remedy.START_SERVER, "127.0.0.1:9999"),
        (replace(HERE, host="::1"), Reason.NOTHING_LISTENS, Remedy.START_SERVER, "[::1]:9999"),
    ],
)
def test_a_failed_connection_may_be_repeated(
    attempt: ConnectionAttempt, reason: Reason, remedy: Remedy, host: str
) -> None:
    failed = attempt.connect_error("refused", "details")
    assert facts_of(failed) == (reason, remedy, True)
    assert failed.error.params["host"] == host
    assert failed.error.params["proxy"] == ("" if attempt.proxy is None else "http://proxy:3128")


@pytest.mark.parametrize(
    ("name", "port", "server", "remedy"),
    [
        ("P", 11434, None, Remedy.START_OLLAMA),
        ("P", 1234, None, Remedy.START_LM_STUDIO),
        ("P", 8080, None, Remedy.START_LLAMA_CPP),
        ("P", 8000, None, Remedy.START_VLLM),
        ("P", 4000, None, Remedy.START_LITELLM),
        ("My LM Studio", 11434, None, Remedy.START_LM_STUDIO),
        ("My LiteLLM", 11434, None, Remedy.START_LITELLM),
        ("llama.cpp in the cellar", 11434, None, Remedy.START_LLAMA_CPP),
        ("P", 1234, ServerKind.OLLAMA, Remedy.START_OLLAMA),
        ("P", 1234, ServerKind.LLAMA_CPP_PYTHON, Remedy.START_LLAMA_CPP_PYTHON),
        ("P", 1234, ServerKind.SGLANG, Remedy.START_LM_STUDIO),  # no remedy names SGLang
        ("My LM Studio", 11434, ServerKind.LLAMA_CPP, Remedy.START_LLAMA_CPP),
        ("llama-cpp-python", 1, None, Remedy.START_LLAMA_CPP_PYTHON),
    ],
)
def test_how_to_start_a_local_server_follows_from_its_kind_its_name_or_its_port(
    name: str, port: int, server: ServerKind | None, remedy: Remedy
) -> None:
    attempt = ConnectionAttempt(name, "localhost", port=port, server_kind=server)
    assert attempt.connect_error("refused", "d").error.remedy is remedy


@pytest.mark.parametrize("has_ca_file", [False, True])
@pytest.mark.parametrize(
    ("words", "reason", "remedies"),
    [
        ("certificate has expired", Reason.CERTIFICATE_EXPIRED, ("", "")),
        ("certificate is not yet valid", Reason.CERTIFICATE_NOT_YET_VALID, ("", "")),
        ("Hostname mismatch", Reason.CERTIFICATE_OF_OTHER, ("", "")),
        (
            "self-signed certificate",
            Reason.CERTIFICATE_NOT_TRUSTED,
            (Remedy.CHOOSE_CERTIFICATES, Remedy.CHECK_CERTIFICATES),
        ),
    ],
)
def test_a_refused_certificate_has_a_reason(
    words: str, reason: Reason, remedies: tuple[Remedy, Remedy], has_ca_file: bool
) -> None:
    attempt = replace(HERE, has_ca_file=has_ca_file)
    for said in (
        f"[SSL: CERTIFICATE_VERIFY_FAILED] {words}",
        f"certificate verify failed: {words}",
    ):
        expected = (reason, remedies[has_ca_file], False)
        assert facts_of(attempt.connect_error(said, "details")) == expected


def test_a_server_without_encryption_has_its_own_reason() -> None:
    failed = HERE.connect_error("[SSL: WRONG_VERSION_NUMBER] wrong version", "details")
    assert facts_of(failed) == (Reason.NOT_ENCRYPTED, "", False)


@pytest.mark.parametrize(
    ("words", "is_own", "user", "reason", "remedy"),
    [
        ("407", True, "me", Reason.PROXY_PASSWORD_WRONG, Remedy.ENTER_PROXY_PASSWORD),
        ("407", True, "", Reason.PROXY_WANTS_PASSWORD, Remedy.ENTER_PROXY_PASSWORD),
        ("407 x", False, "me", Reason.PROXY_PASSWORD_WRONG, Remedy.CHECK_ENVIRONMENT_PROXY),
        (
            "Requested Username/Password",
            *(False, "", Reason.PROXY_WANTS_PASSWORD, Remedy.CHECK_ENVIRONMENT_PROXY),
        ),
        ("502 Bad Gateway", True, "", Reason.PROXY_BLOCKS, Remedy.CHECK_PROXY),
        ("403 No", False, "", Reason.PROXY_BLOCKS, Remedy.CHECK_ENVIRONMENT_PROXY),
        ("5020", True, "", Reason.PROXY_CANNOT_REACH, ""),
        ("Host unreachable", True, "me", Reason.PROXY_CANNOT_REACH, ""),
    ],
)
def test_a_refusing_proxy_has_a_reason(
    words: str, is_own: bool, user: str, reason: Reason, remedy: Remedy
) -> None:
    assert PROXY is not None
    attempt = replace(OWN, is_own_proxy=is_own, proxy=replace(PROXY, user=user))
    failed = attempt.proxy_refusal_error(words, "details")
    assert facts_of(failed) == (reason, remedy, False)
    assert failed.error.params["words"] == (words if reason is Reason.PROXY_BLOCKS else "")


@pytest.mark.parametrize("is_own", [False, True])
def test_a_server_that_is_no_proxy_has_its_own_reason(is_own: bool) -> None:
    attempt = replace(OWN, is_own_proxy=is_own)
    kind = Remedy.CHECK_PROXY_KIND if is_own else Remedy.CHECK_ENVIRONMENT_PROXY_KIND
    assert facts_of(attempt.proxy_kind_error("details")) == (
        Reason.PROXY_OF_OTHER_KIND,
        kind,
        False,
    )
    late = attempt.proxy_timeout_error().error
    check = Remedy.CHECK_PROXY if is_own else Remedy.CHECK_ENVIRONMENT_PROXY
    assert (late.reason, late.remedy, late.details) == (Reason.PROXY_TIMEOUT, check, "")


@pytest.mark.parametrize(("host", "remedy"), [("server.lan", Remedy.ALLOW_HOST), ("", "")])
def test_an_unencrypted_address_has_its_own_reason(host: str, remedy: Remedy | str) -> None:
    error = unencrypted_address_error("P", host)
    assert error.params == {"provider": "P", "host": host}
    assert (error.reason, error.remedy) == (Reason.ADDRESS_NOT_ENCRYPTED, remedy)
