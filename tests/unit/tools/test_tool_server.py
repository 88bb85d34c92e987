"""The values of a tool server belong to it, so that no other server gets them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from desktop_app.domain.errors import ToolServerError
from desktop_app.tools.servers.tool_server import (
    ServerSecrets,
    ToolServer,
    launch_message,
    referenced_variables,
    secret_values,
    server_of,
)

NUL = "\0"
STARTED = ToolServer("notes", command=("/bin/notes-server", "--all"), folder="/home/ann")
AT_AN_ADDRESS = ToolServer("notes", url="https://tools.example/mcp")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"command": ("server", f"a{NUL}b")}, "The command of the tool server"),
        ({"command": ("server",), "folder": f"/a{NUL}b"}, "The command of the tool server"),
        (
            {"command": ("server",), "environment": {"A": f"a{NUL}b"}},
            "be a variable of the tool server",
        ),
        (
            {"command": ("server",), "environment": {f"A{NUL}": "b"}},
            "be a variable of the tool server",
        ),
        ({}, "either a command or an address"),
        ({"command": ("server",), "url": "https://a.example"}, "either a command or an address"),
        ({"url": "https://a.example", "headers": {"X Y": "b"}}, "be a header of the tool server"),
        ({"url": "https://a.example", "headers": {"X": "a\nb"}}, "be a header of the tool server"),
        ({"url": "ftp://a.example"}, "isn’t a web address"),
        ({"url": "https://"}, "isn’t a web address"),
        ({"url": "http://a.example"}, "isn’t encrypted"),
        ({"url": "https://u:p@a.example"}, "contains a password"),
    ],
)
def test_a_refusal_names_what_no_process_can_get(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(ToolServerError) as error:
        server_of("notes", **given)
    assert reason in error.value.message
    assert NUL not in error.value.sentences


@pytest.mark.parametrize(
    "url", ["http://localhost:8000/mcp", "http://192.168.0.9/mcp", "https://a.example/mcp"]
)
def test_an_encrypted_or_private_address_is_accepted(url: str) -> None:
    server, _ = server_of("n" * 40, url=url, headers={"X-Team": "a b"})
    assert server.url == url
    with pytest.raises(ToolServerError):
        server_of("n" * 41, url=url)


def test_values_for_an_address_belong_to_its_origin() -> None:
    assert AT_AN_ADDRESS.secret_origin == "https://tools.example:443"
    assert replace(AT_AN_ADDRESS, url="https://tools.example/other").secret_origin == (
        AT_AN_ADDRESS.secret_origin
    )


@pytest.mark.attack("key-origin")
@pytest.mark.parametrize(
    "other",
    [
        replace(STARTED, command=("/bin/notes-server",)),
        replace(STARTED, command=("/bin/notes-server --all",)),
        replace(STARTED, command=("/opt/notes-server", "--all")),
        replace(STARTED, folder=""),
        AT_AN_ADDRESS,
        replace(AT_AN_ADDRESS, url="https://tools.example:8443/mcp"),
        replace(AT_AN_ADDRESS, url="http://tools.example/mcp"),
    ],
)
def test_another_command_folder_or_address_has_another_origin(other: ToolServer) -> None:
    assert other.secret_origin
    for one in (STARTED, AT_AN_ADDRESS):
        assert (other.secret_origin == one.secret_origin) == (other == one)


def test_the_name_and_the_values_do_not_change_the_origin() -> None:
    same = replace(STARTED, name="other", environment={"TOKEN": ""})
    assert same.secret_origin == STARTED.secret_origin


def test_a_server_is_named_by_its_program_or_host() -> None:
    assert (STARTED.program, AT_AN_ADDRESS.program) == ("/bin/notes-server", "tools.example")


@pytest.mark.parametrize(
    ("server", "can_sign_in"),
    [
        (STARTED, False),
        (AT_AN_ADDRESS, True),
        (replace(AT_AN_ADDRESS, headers={"X-Team": "a"}), True),
        (replace(AT_AN_ADDRESS, headers={"AUTHORIZATION": ""}), False),
    ],
)
def test_a_server_with_a_token_needs_no_sign_in(server: ToolServer, can_sign_in: bool) -> None:
    assert server.can_sign_in is can_sign_in


@pytest.mark.parametrize(
    ("server", "has_secrets"),
    [
        (AT_AN_ADDRESS, False),
        (replace(AT_AN_ADDRESS, has_query=True), True),
        (replace(AT_AN_ADDRESS, headers={"X-Key": ""}), True),
        (replace(AT_AN_ADDRESS, headers={"X-Key": "${env:KEY}"}), False),
        (replace(STARTED, environment={"TOKEN": ""}), True),
    ],
)
def test_values_without_a_reference_are_in_the_keyring(
    server: ToolServer, has_secrets: bool
) -> None:
    assert server.has_secrets is has_secrets


@pytest.mark.parametrize(
    ("variable", "value", "is_secret"),
    [
        ("MEMORY_FILE_PATH", "/srv/memory.json", False),
        ("LOG_LEVEL", "debug", False),
        ("BASE_URL", "https://example.org/api", False),
        ("TOKEN_PATH", "/run/token", True),
        ("API_KEY", "short", True),
        ("WORD", "hunter2", True),
        ("HOST", "https://ann:pw@example.org", True),
        ("MODE", "a1b2c3d4e5f6a7b8c9", True),
        ("LOG_LEVEL", "", True),
        ("LOG_LEVEL", "x${TOKEN}", True),
    ],
)
def test_only_values_that_are_no_secrets_are_in_the_configuration(
    variable: str, value: str, is_secret: bool
) -> None:
    server, secrets = server_of("demo", command=("serve",), environment={variable: value})
    assert (server.environment[variable] == "") is is_secret
    assert (variable in secrets.environment) is is_secret
    message = launch_message(server, secrets, {"TOKEN": "t"}, "/home/ann")
    assert message["environment"][variable] == value.replace("${TOKEN}", "t")


def test_a_client_secret_is_in_the_keyring_alone() -> None:
    url = "https://a.example/mcp"
    server, secrets = server_of("demo", url=url, client_id="Iv1", client_secret="s3cret")
    assert server.has_secrets
    assert "s3cret" not in f"{server} {secrets}"
    assert ServerSecrets.from_text(secrets.to_text()) == secrets
    assert launch_message(server, secrets, {}, "/")["client"] == {"id": "Iv1", "secret": "s3cret"}
    assert "s3cret" in secret_values(server, secrets, {})
    public, _ = server_of("demo", url=url, client_id="Iv1")
    assert not public.has_secrets
    for wrong in ({"command": ("serve",), "client_id": "a"}, {"url": url, "client_secret": "a"}):
        with pytest.raises(ToolServerError, match="The client"):
            server_of("demo", **wrong)


SECRET = "tok-0123456789-abcdefgh"


@pytest.mark.attack("key-origin")
@pytest.mark.parametrize(
    "words",
    [
        *((f"--token={SECRET}",), ("--api-key", SECRET), ("-e", f"GITHUB_TOKEN={SECRET}")),
        *(("--header", f"Authorization: Bearer {SECRET}"), (f"--header=X-Api-Key:{SECRET}",)),
        *(("--pat", SECRET), (f"https://a.example/mcp?x=1&access_token={SECRET}&y=2",)),
        *((f"sk-{SECRET}",), ("--password", SECRET, "--secret", f"a{SECRET}")),
    ],
)
def test_secrets_in_arguments_are_separated(words: tuple[str, ...]) -> None:
    command = ("npx", "-y", *words, "end")
    server, secrets = server_of("demo", command=command)
    assert SECRET not in str(server)
    assert SECRET not in str(secrets)
    assert server.has_secrets
    assert server.command[0] == "npx"
    assert server.command[-1] == "end"
    stored = ServerSecrets.from_text(secrets.to_text())
    assert stored == secrets
    assert launch_message(server, stored, {}, "/home/ann")["command"] == list(command)
    again = server_of("demo", command=server.command, arguments=stored.arguments)
    assert again == (server, secrets)


@pytest.mark.parametrize(
    "words",
    [
        *(("--token", "${env:TOKEN}"), ("--header", "Authorization: Bearer ${TOKEN}"), ()),
        *(("--all", "/home/ann"), ("--compat", "old"), ("--sort-key", "name"), ("--token", "-v")),
        ("https://a.example/mcp?x=1",),
    ],
)
def test_other_arguments_are_not_secret(words: tuple[str, ...]) -> None:
    server, secrets = server_of("demo", command=("npx", *words))
    assert server.command == ("npx", *words)
    assert not secrets
    assert not server.has_secrets


@pytest.mark.parametrize(
    "secrets",
    [ServerSecrets({"K": "v"}), ServerSecrets({}, {"H": "v"}), ServerSecrets(query="q"),
     ServerSecrets(arguments=("a",))],
)  # fmt: skip
def test_any_secret_is_stored(secrets: ServerSecrets) -> None:
    assert secrets
    assert not ServerSecrets()


def test_a_missing_variable_is_named_unless_it_has_a_default() -> None:
    server, secrets = server_of("demo", command=("run", "${env:A}", "${B:-b}"))
    message = launch_message(server, secrets, {"A": "a"}, "/home/ann")
    assert message["command"] == ["run", "a", "b"]
    assert message["folder"] == "/home/ann"
    assert launch_message(server, secrets, {"A": "", "B": "c"}, "/")["command"] == [
        *("run", "", "c")
    ]
    with pytest.raises(ToolServerError) as error:
        launch_message(server, secrets, {}, "/home/ann")
    assert error.value.params["variable"] == "A"
    assert server.secret_name != replace(server, name="other").secret_name


@pytest.mark.parametrize(
    ("url", "is_passed"), [("http://proxy:1", True), ("http://u:p@proxy:1", False)]
)
def test_a_program_gets_no_password_of_a_proxy(url: str, is_passed: bool) -> None:
    variables = {"HTTPS_PROXY": url, "no_proxy": "a"}
    started = launch_message(STARTED, ServerSecrets(), variables, "/")
    assert started["environment"] == (variables if is_passed else {"no_proxy": "a"})
    assert launch_message(AT_AN_ADDRESS, ServerSecrets(), variables, "/")["proxies"] == variables


def test_secrets_survive_their_text_form() -> None:
    secrets = ServerSecrets({"K": "v"}, {"X-Key": "w"}, "q")
    assert ServerSecrets.from_text(secrets.to_text()) == secrets


VARIABLES = {"TOKEN": "hunter22", "FOLDER": "/srv/notes2024"}


@pytest.mark.attack("key-origin")
@pytest.mark.parametrize(
    ("where", "secret"),
    [
        ({"environment": {"TOKEN": "hunter22"}}, "hunter22"),
        ({"environment": {"DB_PASS": "hunter22"}}, "hunter22"),
        ({"environment": {"PHRASE": "hunter22"}}, "hunter22"),
        ({"headers": {"X-Code": "7f3-9a1-c44"}}, "7f3-9a1-c44"),
        ({"environment": {"SITE": "postgres://ann:hunter22@host/db"}}, "hunter22"),
        ({"environment": {"HOOK": f"https://hook.example/T1/{'b' * 20}7"}}, "b" * 20),
        ({"environment": {"LOGIN": "${env:TOKEN}"}}, "hunter22"),
        ({"headers": {"X-Team": "${env:TOKEN}"}}, "hunter22"),
        ({"headers": {"Authorization": f"Bearer {SECRET}"}}, SECRET),
        ({"headers": {"X-Id": "0123456789abcdef"}}, "0123456789abcdef"),
        ({"url": f"{AT_AN_ADDRESS.url}?api_key={SECRET}"}, SECRET),
        ({"command": ("run", "--token", SECRET)}, SECRET),
        ({"command": ("run", "--token=${env:TOKEN}")}, "hunter22"),
    ],
)
def test_keys_are_redacted_in_what_a_server_sends(where: dict[str, Any], secret: str) -> None:
    assert any(secret in value for value in redacted(where))
    assert not any(value.startswith("Bearer ") for value in redacted(where))


@pytest.mark.parametrize(
    "environment",
    [
        {"DB_PATH": "/srv/data/2024/shop.db"},
        {"API_URL": "https://gitlab.example.com/api/v4"},
        {"AWS_REGION": "eu-central-1", "PROJECT_ID": "my-project-123456"},
        {"DAY": "2024-11-25", "MODEL": "gpt-4o-mini", "NOTES": "${env:FOLDER}"},
        {"NOTES": "~/notes-2024", "SITE": "https://gitlab.example.com/api/v4"},
    ],
)
def test_other_values_stay_in_what_a_server_sends(environment: dict[str, str]) -> None:
    assert not any(redacted({"environment": environment}))


def redacted(where: dict[str, Any]) -> tuple[str, ...]:
    command = () if "headers" in where or "url" in where else ("run",)
    url = "" if command else AT_AN_ADDRESS.url
    server, secrets = server_of("demo", **{"command": command, "url": url, **where})
    return secret_values(server, secrets, VARIABLES)


def test_references_without_an_end_are_text() -> None:
    words = "${a:-$x" * 20_000 + "${b:-$5}"
    assert referenced_variables(replace(STARTED, command=(words,)), ServerSecrets()) == ["b"]
