"""Servers of tools as the user configures them, and the messages that start them.

Values of variables and headers, the query of an address, and arguments such as `--token=…` may be
secret. They are in the keyring, for exactly this command or address. A value that only names an
environment variable, such as `${env:TOKEN}`, is not secret and is filled in when the server starts.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from itertools import chain, pairwise
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from desktop_app.domain import hints
from desktop_app.domain.errors import ServerDefinitionError, ToolServerError
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.network.network_address import is_private
from desktop_app.domain.network.origin import origin
from desktop_app.domain.value import PrivateValue, Value
from desktop_app.i18n.translation import N_, tr

MAX_SERVER_NAME_CHARS: Final = 40
EXAMPLE_REFERENCE: Final = "${env:NAME}"
"""A reference to an environment variable, for messages."""
REDIRECT_ADDRESS: Final = "http://127.0.0.1/callback"
"""The address, without a port, to which a sign-in leads back the browser.

The port changes with each sign-in; services must accept any (RFC 8252, section 7.3).
"""
_NAME: Final = lazy_pattern(r"[a-z0-9][a-z0-9-]*")
# A default ends before the next reference, so that many unclosed references take linear time.
_VARIABLE: Final = lazy_pattern(
    r"\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-((?:[^}$]|\$(?!\{))*))?\}"
)
_MERE_REFERENCE: Final = lazy_pattern(
    r"(?:(?:Bearer|Basic|Token) )?\$\{(?:env:)?[A-Za-z_][A-Za-z0-9_]*\}", re.I
)
_URL_PASSWORD: Final = lazy_pattern(r"(?<=[A-Za-z0-9+.-])://[^/@\s:]*:[^/@\s]+@")
_KEYRING_ARGUMENT: Final = lazy_pattern(r"\$\{keyring:(\d+)\}")
"""The placeholder in a command for an argument that is in the keyring."""
_SECRET_NAME: Final = (
    r"[\w.-]*(?:token|secret|password|passwd|passphrase|credentials?|authorization|cookie"
    r"|(?<![a-z])pat|(?:api|access|secret|private|auth|account|service|app)[-_]?key)"
)
_SECRET_FLAG: Final = lazy_pattern(rf"--?{_SECRET_NAME}", re.I)
_SECRET_ASSIGNMENT: Final = lazy_pattern(
    rf"((?:--?header=)?-{{0,2}}{_SECRET_NAME}\s*[=:]\s*)(.+)", re.I | re.S
)
_SECRET_QUERY: Final = lazy_pattern(rf"([?&]{_SECRET_NAME}=)([^&#\s]+)", re.I)
# Keys of well-known services, by their prefixes.
_KEY: Final = lazy_pattern(
    r"(?:sk-|gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|sbp_|hf_|AIza|AKIA|eyJ)[\w.-]{12,}"
)
_LIKELY_SECRET_NAME: Final = lazy_pattern(
    "key|pass|pwd|auth|token|secret|cred|cookie|session|login|dsn|(?<![a-z])pat(?![a-z])", re.I
)
_ALPHANUMERIC_RUN: Final = lazy_pattern("[0-9A-Za-z]{16,}")
"""Letters and digits as in a key; other values are mostly words, paths, addresses and dates."""
_PLAIN_NAME: Final = lazy_pattern(
    "date|day|dir|endpoint|env|file|folder|home|host|lang|level|locale|mode|model|org|path|port"
    "|project|region|root|team|time|tz|uri|url|user|version|zone",
    re.I,
)
_PATH_OR_ADDRESS: Final = lazy_pattern(r"(?:~|\.{1,2}|[A-Za-z]:)?[/\\].*|https?://[^?]*", re.S)
_AUTHORIZATION_SCHEME: Final = lazy_pattern("(?:Bearer|Basic|Token) ", re.I)
_HEADER_NAME: Final = lazy_pattern(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VARIABLE_NAME: Final = lazy_pattern(r"[^=\0]+")


class ServerFault(StrEnum):
    """A fault: a text that follows a colon in a sentence."""

    ENDED = N_("it has ended")
    NO_ANSWER_IN_TIME = N_("no answer came in time")
    TOO_LONG = N_("it is too long")
    TOO_DEEP = N_("it is nested too deeply")
    OLD_TRANSPORT = N_("it speaks the older transport HTTP+SSE, which Repartee doesn’t know")
    EMPTY = N_("it is empty")
    UNREACHABLE = N_("nothing answers at its address")
    UNKNOWN_HOST = N_("its host wasn’t found")
    CONNECTION_LOST = N_("the connection was lost")
    NO_REGISTRATION = N_("it doesn’t let programs register themselves")


class ServerFailure(Exception):  # noqa: N818 — a failure to report, not to handle
    """A failure of a server or its process.

    Attributes:
        reason: a `ServerFault`, or words of the server or a library.
        has_ended: the process has ended.
        has_closed: the server closed the connection without a reply, so `reason` explains nothing;
            it may have acted on the request.
        needs_sign_in: the user has to sign in.
        may_repeat: the server refused the request without acting on it, so it may be sent again.
    """

    def __init__(
        self,
        reason: str = ServerFault.ENDED,
        *,
        has_ended: bool = False,
        has_closed: bool = False,
        needs_sign_in: bool = False,
        may_repeat: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.has_ended = has_ended
        self.has_closed = has_closed
        self.needs_sign_in = needs_sign_in
        self.may_repeat = may_repeat

    def __str__(self) -> str:
        """Return the reason in English, for models and logs."""
        return str(self.reason)


class ServerSecrets(PrivateValue, frozen=True):
    """The secret values of a server.

    Attributes:
        environment, headers: by name.
        arguments: the values for `${keyring:1}` and so on in the command.
        client_secret: of the client id.
    """

    environment: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    query: str = ""
    arguments: tuple[str, ...] = ()
    client_secret: str = ""

    def __bool__(self) -> bool:
        return any((self.environment, self.headers, self.query, self.arguments, self.client_secret))

    @property
    def values(self) -> tuple[str, ...]:
        named_values = (*self.environment.values(), *self.headers.values())
        return (*named_values, self.query, *self.arguments)

    def to_text(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> ServerSecrets:
        """Parse the output of `to_text`.

        Raises:
            msgspec.DecodeError: the text is something else.
            RecursionError: it is nested too deeply.
        """
        import msgspec

        return msgspec.json.decode(text, type=cls)


class ToolServer(Value, frozen=True):
    """A server: a command to start, or an address.

    Attributes:
        name: before the / in the names of its tools.
        command: the program and its arguments, with `${keyring:1}` for the first argument in the
            keyring; () if there is an address.
        folder: the working folder of the command; "" for the home folder.
        url: the address, without a query.
        environment: variables, each with a reference or a value that is no secret, or with "" if
            its value is in the keyring.
        headers: as `environment`, without values.
        has_query: the query of the address is in the keyring.
        client_id: the id under which the user has registered this program at the service, for
            servers that register nobody themselves; "" for none.
        has_client_secret: the secret of the client id is in the keyring.
        timeout_s: the seconds that a call may take without a sign of progress; 0 for the usual.
    """

    name: str
    command: tuple[str, ...] = ()
    folder: str = ""
    url: str = ""
    environment: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    has_query: bool = False
    client_id: str = ""
    has_client_secret: bool = False
    timeout_s: float = 0

    @property
    def has_secrets(self) -> bool:
        """Return True if values of the server are in the keyring."""
        values = (*self.environment.values(), *self.headers.values())
        has_secret_value = not all(values)  # its public value is ""
        has_value = self.has_query or self.has_client_secret or has_secret_value
        return has_value or has_keyring_arguments(self.command)

    @property
    def secret_name(self) -> str:
        """Return the name of the server's values in the keyring."""
        return f"tool-server:{self.name}"

    @property
    def sign_in_name(self) -> str:
        """Return the name of a sign-in's tokens in the keyring."""
        return f"{self.secret_name}:sign-in"

    @property
    def can_sign_in(self) -> bool:
        """Return True for an address without an Authorization header."""
        return bool(self.url) and "authorization" not in map(str.lower, self.headers)

    @property
    def secret_origin(self) -> str:
        """Return the secrets' origin: that of the address, or a hash of command and folder."""
        if self.url:
            return origin(self.url)
        text = json.dumps([self.command, self.folder])
        return f"command:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"

    @property
    def program(self) -> str:
        """Return the first word of the command, or the host of the address."""
        if self.url:
            return urlsplit(self.url).hostname or ""
        return self.command[0]


def server_of(
    name: str,
    *,
    command: tuple[str, ...] = (),
    folder: str = "",
    url: str = "",
    environment: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
    client_id: str = "",
    client_secret: str = "",
    timeout_s: float = 0,
    plain_names: Container[str] = (),
) -> tuple[ToolServer, ServerSecrets]:
    """Return a server and its secret values.

    Args:
        arguments: the values for `${keyring:1}` and so on in the command.
        plain_names: variables whose values are no secrets. Others are judged by name and value.

    Raises:
        ToolServerError: the configuration is not valid.
    """

    def refusal(
        message: str, hint: str = hints.CHECK_CONFIGURATION, **values: str
    ) -> ServerDefinitionError:
        return ServerDefinitionError(message, hint, params=values, server=name)

    if not _NAME.fullmatch(name) or len(name) > MAX_SERVER_NAME_CHARS:
        raise refusal(
            N_("“{server}” can’t be the name of a tool server."),
            N_("Use up to 40 lowercase letters, digits, and hyphens."),
        )
    if bool(command) == bool(url):
        raise refusal(N_("The tool server “{server}” needs either a command or an address."))
    environment = environment or {}
    headers = headers or {}
    if any(_URL_PASSWORD.search(word) for word in (*command, url)):
        raise refusal(
            N_("The configuration of “{server}” contains a password."),
            N_("Use an environment variable, as {example}."),
            example=EXAMPLE_REFERENCE,
        )
    whole_command = filled_command(command, arguments)
    for word in (*whole_command, folder):
        # No process can get a NUL. A placeholder without a value would become that of another
        # secret argument.
        if found := _KEYRING_ARGUMENT.search(word) or re.search("\0", word):
            text = found[0].replace("\0", r"\0")
            message = N_("The command of the tool server “{server}” can’t contain “{text}”.")
            raise refusal(message, text=text)
    for variable, value in environment.items():
        if not _VARIABLE_NAME.fullmatch(variable) or "\0" in value:
            message = N_("“{variable}” can’t be a variable of the tool server “{server}”.")
            raise refusal(message, variable=variable.replace("\0", r"\0"))
    for header, value in headers.items():
        if not _HEADER_NAME.fullmatch(header) or re.search(r"[\r\n\0]", value):
            message = N_("“{header}” can’t be a header of the tool server “{server}”.")
            raise refusal(message, header=header)
    if client_id and not url:
        raise refusal(N_("The client ID of the tool server “{server}” needs an address."))
    if client_secret and not client_id:
        raise refusal(N_("The client secret of the tool server “{server}” needs a client ID."))
    address, _, query = url.partition("#")[0].partition("?")
    if url and (not origin(address) or not address.startswith(("http://", "https://"))):
        raise refusal(
            N_("The address of the tool server “{server}” isn’t a web address."),
            N_("It must start with https:// or http://."),
        )
    if address.startswith("http://") and not is_private(urlsplit(address).hostname or ""):
        raise refusal(
            N_("The connection to the tool server “{server}” isn’t encrypted."),
            N_("Use https:// for servers outside your own network."),
        )
    public_command, secret_arguments = _split_command(whole_command)
    # Without a keyring, as on a server, a path or a level can be stored nevertheless.
    secret_environment = {
        variable: value
        for variable, value in environment.items()
        if not _is_reference(value) and _needs_keyring(variable, value, plain_names)
    }
    server = ToolServer(
        name,
        command=public_command,
        folder=folder,
        url=address,
        environment={k: "" if k in secret_environment else v for k, v in environment.items()},
        headers={k: v if _is_reference(v) else "" for k, v in headers.items()},
        has_query=bool(query),
        client_id=client_id,
        has_client_secret=bool(client_secret),
        timeout_s=timeout_s,
    )
    secrets = ServerSecrets(
        environment=secret_environment,
        headers={k: v for k, v in headers.items() if not _is_reference(v)},
        query=query,
        arguments=secret_arguments,
        client_secret=client_secret,
    )
    return server, secrets


def has_keyring_arguments(command: Sequence[str]) -> bool:
    return any(_KEYRING_ARGUMENT.search(word) for word in command)


def _split_command(words: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return a command with placeholders for the secrets in its arguments, and the secrets."""
    secret_arguments: list[str] = []

    def replace_secret(value: str) -> str:
        if _is_reference(value):
            return value
        secret_arguments.append(value)
        return f"${{keyring:{len(secret_arguments)}}}"

    public_command = list(words[:1])  # the program itself is no secret
    for preceding, word in pairwise(words):
        assigned = _SECRET_ASSIGNMENT.fullmatch(word)
        if assigned is not None:
            public_command.append(assigned[1] + replace_secret(assigned[2]))
        elif _KEY.fullmatch(word) or (
            _SECRET_FLAG.fullmatch(preceding) and not word.startswith("-")
        ):
            public_command.append(replace_secret(word))
        else:
            public_command.append(
                _SECRET_QUERY.sub(lambda match: match[1] + replace_secret(match[2]), word)
            )
    return tuple(public_command), tuple(secret_arguments)


def filled_command(command: Sequence[str], arguments: Sequence[str]) -> list[str]:
    """Return a command with the values of its placeholders; one without a value stays.

    Args:
        arguments: the values for `${keyring:1}` and so on.
    """

    def value_of(placeholder: re.Match[str]) -> str:
        number = int(placeholder[1])
        return arguments[number - 1] if 0 < number <= len(arguments) else placeholder[0]

    return [_KEYRING_ARGUMENT.sub(value_of, word) for word in command]


def _is_reference(value: str) -> bool:
    """Return True if a value only names an environment variable, and so is not secret."""
    return _MERE_REFERENCE.fullmatch(value) is not None


def sign_in_secrets(stored: Mapping[str, Any]) -> tuple[str, ...]:
    tokens = stored["tokens"]
    client = stored["client"]
    values = (tokens.get("access_token"), tokens.get("refresh_token"), client.get("client_secret"))
    return tuple(filter(None, values))


def secret_values(
    server: ToolServer, secrets: ServerSecrets, variables: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the values to redact in the replies and the log of a server.

    Most values count as secret. Exceptions are paths, addresses, and values whose names say that
    they are something else, such as a folder or a region: without them, results would be unusable.
    A value always counts if it contains a key or a password, or if its name contains a word such as
    "token". The whole query and the secret arguments count, too.

    Args:
        variables: the environment variables, for references.
    """
    named_values = [
        *secrets.environment.items(),
        *secrets.headers.items(),
        *parse_qsl(secrets.query),
        *((name, variables.get(name, "")) for name in referenced_variables(server, secrets)),
    ]
    secret = [
        _AUTHORIZATION_SCHEME.sub("", value)
        for name, value in named_values
        if _may_be_secret(name, value)
    ]
    return (*secret, secrets.query, *secrets.arguments, secrets.client_secret)


def referenced_variables(server: ToolServer, secrets: ServerSecrets) -> list[str]:
    """Return the names of the environment variables that a server refers to, sorted."""
    public_texts = (*server.command, *server.environment.values(), *server.headers.values())
    references = chain.from_iterable(map(_VARIABLE.finditer, (*public_texts, *secrets.values)))
    return sorted({reference[1] for reference in references})


def _needs_keyring(name: str, value: str, plain_names: Container[str]) -> bool:
    """Return True for the value of a variable that only the keyring may store.

    An empty value would count as one in the keyring, and a placeholder as a reference.
    """
    if not value or "${" in value:
        return True
    return name not in plain_names and _may_be_secret(name, value)


def _may_be_secret(name: str, value: str) -> bool:
    """Return True for a value to redact, by the rules of `secret_values`."""
    runs = _ALPHANUMERIC_RUN.findall(value)
    has_key = any(re.search("[0-9]", run) for run in runs)
    if is_secret_name(name) or has_key or _URL_PASSWORD.search(value):
        return True
    return not (_PLAIN_NAME.search(name) or _PATH_OR_ADDRESS.fullmatch(value))


def is_secret_name(name: str) -> bool:
    """Return True if the name of a variable says that its value is secret."""
    return bool(_LIKELY_SECRET_NAME.search(name))


def launch_message(
    server: ToolServer, secrets: ServerSecrets, variables: Mapping[str, str], home: str
) -> dict[str, Any]:
    """Return the first message to a server's process: the command or the address.

    Args:
        variables: the environment variables, for references and proxies.

    Raises:
        ToolServerError: a variable that the server refers to is not set.
    """

    def fill_variables(text: str) -> str:
        return _VARIABLE.sub(lambda match: _value_of(server, match, variables), text)

    def fill_values(public: Mapping[str, str], secret: Mapping[str, str]) -> dict[str, str]:
        return {
            name: fill_variables(value or secret.get(name, "")) for name, value in public.items()
        }

    if server.url:
        query = f"?{fill_variables(secrets.query)}" if secrets.query else ""
        message = {
            "url": server.url + query,
            "headers": fill_values(server.headers, secrets.headers),
            "proxies": _proxy_variables(variables),
        }
        if server.client_id:
            message["client"] = {"id": server.client_id, "secret": secrets.client_secret}
        return message
    # A program that the user installed gets a proxy's password only if its own variables name it.
    proxies = _proxy_variables(variables, with_passwords=False)
    environment = fill_values(server.environment, secrets.environment)
    secret_arguments = [fill_variables(value) for value in secrets.arguments]
    return {
        "command": filled_command(
            [fill_variables(word) for word in server.command], secret_arguments
        ),
        "folder": server.folder or home,
        "environment": {**proxies, **environment},
    }


def _value_of(server: ToolServer, reference: re.Match[str], variables: Mapping[str, str]) -> str:
    """Return the value of a variable, else the default in the reference to it."""
    value = variables.get(reference[1], reference[2])
    if value is None:
        raise ToolServerError(
            N_("The tool server “{server}” needs the environment variable {variable}."),
            hint=N_("Set it and restart Repartee."),
            server=server.name,
            variable=reference[1],
        )
    return value


def _proxy_variables(
    variables: Mapping[str, str], *, with_passwords: bool = True
) -> dict[str, str]:
    """Return the proxies of the environment, in either case of their names."""
    upper_names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
    return {
        name: variables[name]
        for upper_name in upper_names
        for name in (upper_name, upper_name.lower())
        # An address with a user and a password has an "@".
        if name in variables and (with_passwords or "@" not in variables[name])
    }


_KEY_LIKE: Final = lazy_pattern(r"\w[\w.-]*")
"""Matches secrets that are left out. Any other may be a path or a shell command, and is shown."""
_ENCODED_KEY: Final = lazy_pattern(r"[\w+][\w.+/=-]*")
"""Matches secrets that are left out if the name of their variable says that they are secret."""
_SHOWN_PASSWORD: Final = lazy_pattern(r"(?<=://)[\w.%-]*:[\w.%-]+(?=@)")


def launch_summary(server: ToolServer, secrets: ServerSecrets) -> list[str]:
    """Return what a server of a foreign file would run or contact, for the user's consent.

    A line with the name and the command or address is followed by indented lines with facts.
    Everything but keys is shown: a variable such as BASH_ENV or HTTPS_PROXY can run a program or
    lead to a server, even if its value looks like a key. The command is complete, except for secret
    arguments that look like keys. Of headers, only the names are shown. The caller has to replace
    line breaks within the lines.
    """
    if server.url:
        start = server.url + ("?…" if server.has_query else "")
    else:
        start = shlex.join(_shown_command(server.command, secrets.arguments))
    facts = []
    if server.folder:
        facts.append(tr("Folder: {folder}", folder=server.folder))
    if variables := {**server.environment, **secrets.environment}:
        settings = (f"{name}={_shown_value(name, value)}" for name, value in variables.items())
        facts.append(tr("Sets variables: {names}", names=_join_names(settings)))
    if server.headers:
        facts.append(tr("Sends headers: {names}", names=_join_names(server.headers)))
    if read_variables := referenced_variables(server, secrets):
        facts.append(tr("Gets your variables: {names}", names=_join_names(read_variables)))
    return [f"{server.name}: {start}", *(f"    {fact}" for fact in facts)]


def _shown_command(command: Sequence[str], arguments: Sequence[str]) -> list[str]:
    """Return a command without the arguments after options that look like keys.

    Any other word may be a program or package, even if it looks like a key: `npx sk-…` runs one.
    """
    masked_arguments = [
        "…" if _KEY_LIKE.fullmatch(argument) else argument for argument in arguments
    ]
    whole_command = filled_command(command, arguments)
    masked_command = filled_command(command, masked_arguments)
    return [
        word if visible == "…" and not preceding.startswith("--") else visible
        for preceding, word, visible in zip(
            ("", *command), whole_command, masked_command, strict=False
        )
    ]


def _shown_value(name: str, value: str) -> str:
    is_key = is_secret_name(name) and "askpass" not in name.lower()  # SSH_ASKPASS is a program
    return "…" if is_key and _ENCODED_KEY.fullmatch(value) else _SHOWN_PASSWORD.sub("…", value)


def _join_names(names: Iterable[str]) -> str:
    return ", ".join(map(shlex.quote, names))
