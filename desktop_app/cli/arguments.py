"""The command line of `repartee`: commands, options, and their help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from desktop_app import __version__
from desktop_app.cli.command_line import (
    EFFORTS,
    VARIANTS,
    Command,
    Commands,
    argument,
    file_name,
    files,
    flag,
    json_flag,
    number,
    option,
    progress_flags,
    quiet_flag,
    repeatable,
    required_text,
    variant_argument,
    variant_or_model_argument,
    whole_number,
)
from desktop_app.cli.console import write_line
from desktop_app.domain.answering.generation import MAX_CANDIDATES, MAX_STOP_SEQUENCES
from desktop_app.domain.export_format import EXPORT_FORMATS
from desktop_app.domain.places import Place, place_name
from desktop_app.domain.spending_report import Grouping
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CHECKS_OF_CASES: Final = '{"contains": "…"}, {"regex": "…"}, {"schema": {…}}, {"judge": "…"}'


def program() -> click.Command:
    """Return the program with all its commands."""
    return Commands(
        tr(
            "Desktop assistant for GPT-5.2 and local models. Without a command, opens the window "
            "and attaches FILE."
        ),
        COMMANDS,
        tr(
            "To open a file that has the name of a command, include its folder: {example}",
            example="repartee ./ask",
        ),
        params=[
            click.Option(
                ("-V", "--version"),
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_show_version,
                help=tr("show program's version number and exit"),
            )
        ],
    )


def _show_version(context: click.Context, _parameter: click.Parameter, is_given: bool) -> None:
    if is_given and not context.resilient_parsing:
        write_line(f"repartee {__version__}")
        context.exit()


def _quick() -> Command:
    return Command(
        tr("open the quick prompt"),
        [option("--text", tr("text to ask about (default: standard input, if piped)"))],
        tr(
            "To open the quick prompt from anywhere, bind this command to a shortcut in your "
            "desktop settings. Without a terminal, input that sends nothing within 0.3 s is "
            "ignored."
        ),
    )


def _doctor() -> Command:
    codes = {
        0: tr("The window, the library, and the local model work"),
        1: tr("One of them doesn’t work"),
    }
    return Command(tr("check the installation"), [json_flag()], codes=codes)


# ---------------------------------------------------------------- answers


def _answer_choice() -> list[click.Parameter]:
    """Return the options that choose a model and a prompt, and those that shape an answer."""
    return [
        option("--variant", tr("model variant"), VARIANTS),
        option("--effort", tr("reasoning effort"), EFFORTS),
        option(
            "--provider NAME", tr("{examples}, or your own", examples="on-device, openai, cometapi")
        ),
        option("-m --model ID", tr("any model of the provider"), required_text),
        option("-t --template NAME", tr("a prompt of the library, by title or ID"), required_text),
        repeatable("--set NAME=VALUE", tr("fill in a field of the prompt (repeatable)")),
        *_answer_parameters(),
    ]


def _answer_parameters() -> list[click.Parameter]:
    """Return the options that shape the answers of a command."""
    most = {"count": MAX_STOP_SEQUENCES}
    return [
        option("--instructions TEXT", tr("custom instructions")),
        option("-s --system FILE", tr("a file with custom instructions")),
        option("--preset NAME", tr("a preset, by name or ID")),
        option("--temperature N", tr("0 to 2"), number(0, 2)),
        option("--top-p N", tr("0 to 1"), number(0, 1)),
        option(
            "--max-tokens N",
            tr("maximum output tokens, including reasoning"),
            whole_number(1, 10_000_000),
        ),
        repeatable(
            "--stop TEXT",
            tr("end the response before this text (repeatable, up to {count})", **most),
            required_text,
        ),
        option("--verbosity", tr("length of the response"), ("low", "medium", "high")),
        option("--n N", tr("number of responses, each billed"), whole_number(1, MAX_CANDIDATES)),
        flag("--allow-unpriced", tr("use a model of unknown price despite a monthly limit")),
        option("--seed N", tr("for repeatable sampling"), whole_number(0, 2**53)),
    ]


_INSTRUCTIONS: Final = ("instructions", "system")


def _pages_json_and_save() -> list[click.Parameter]:
    return [
        repeatable(
            "--pages [FILE=]PAGES",
            tr(
                "send only these pages, such as {pages} or {example} (repeatable)",
                pages="3-10,15",
                example="report.pdf=3-10",
            ),
        ),
        json_flag(),
        flag("--save", tr("save the conversation in the library")),
        quiet_flag(),
    ]


def _answer_codes(invalid: str) -> Mapping[int, str]:
    return {
        0: tr("The response is complete"),
        1: tr(
            "Failed or incomplete. Partial output is on standard output, the reason on standard "
            "error."
        ),
        2: invalid,
        3: tr("The model declined, or a content filter stopped the response"),
        130: tr("Interrupted (Ctrl+C or SIGTERM)"),
        141: tr("The output pipe was closed"),
    }


def _ask() -> Command:
    unsupported = tr(
        "Invalid command line, or an option that the model doesn’t support. Nothing was sent."
    )
    return Command(
        tr("ask a question and print the response"),
        [
            argument(
                "prompt",
                "QUESTION",
                required=False,
                help=tr("the question (default or “-”: standard input)"),
            ),
            repeatable("-f --file PATH", tr("attach a document or an image"), file_name),
            repeatable("--collection NAME", tr("ask about a collection of documents, or a folder")),
            flag(
                "--create-embeddings",
                tr("create missing embeddings of the collections first and print the cost"),
            ),
            repeatable(
                "--compare CHOICE",
                tr(
                    "compare responses of several variants or models, such as {examples} "
                    "(two to four times)",
                    examples="thinking/high, pro",
                ),
                variant_or_model_argument,
            ),
            *_answer_choice(),
            *_pages_json_and_save(),
            flag("-c --continue continued", tr("continue the newest conversation, and save")),
            option("--conversation ID", tr("continue this conversation, and save")),
            repeatable("--tool NAME", tr("let the model call this tool (repeatable)")),
            repeatable(
                "--mcp NAME", tr("let the model call all tools of this tool server (repeatable)")
            ),
            repeatable(
                "--allow-tool NAME", tr("run calls of this tool without asking (repeatable)")
            ),
            option("--max-rounds N", tr("maximum number of rounds of tool calls"), whole_number(1)),
            option("--schema FILE", tr("a JSON Schema of the response"), file_name),
            option("--grammar FILE", tr("a grammar of the response"), file_name),
        ],
        tr(
            "The response goes to standard output, everything else to standard error. Without "
            "a question, documents are summarized and images described. Text piped in beside "
            "a question is attached."
        ),
        tr(
            "The default provider is that of the environment (OPENAI_API_KEY and "
            "OPENAI_BASE_URL, AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_API_KEY, or "
            "COMETAPI_KEY), else the one chosen in the window, else the local model. Costs "
            "are always recorded. The conversation is saved only with --save."
        ),
        tr(
            "OPENAI_CUSTOM_HEADERS adds headers (“Name: value”, one per line) and "
            "OPENAI_CUSTOM_QUERY query parameters (“name=value&name=value”). Both also take a "
            "JSON object. OPENAI_ORG_ID and OPENAI_PROJECT_ID name an organization and a "
            "project. OPENAI_API_VERSION with a date uses Azure’s deployment URLs. "
            "If --model is missing, AZURE_OPENAI_DEPLOYMENT names the model for Azure, and "
            "OPENAI_MODEL for an address in OPENAI_BASE_URL."
        ),
        tr(
            "--collection takes the name of a collection or a folder. A folder becomes a "
            "collection and is updated each time. The response cites passages as [n], and "
            "standard error lists their sources."
        ),
        tr(
            "--tool lets the model call a tool of {command}. A call runs only if --allow-tool "
            "names the tool, or its source as {example}. Otherwise the model is told that it "
            "was not allowed.",
            command="repartee tools",
            example="notes/*",
        ),
        tr(
            "To allow {tool}, --allow-tool names its host, as in {example}.",
            tool="fetch_page",
            example="fetch_page:example.org",
        ),
        tr(
            "--mcp lets the model call all tools of a server of {command}. A tool is named "
            "{example}, for instance.",
            command="repartee mcp",
            example="notes/search",
        ),
        tr(
            "--schema asks for JSON that matches a JSON Schema (draft 2020-12), and checks the "
            "response. --grammar takes a file whose name ends in .lark or .regex, for OpenAI’s "
            "models, or in .gbnf, for llama.cpp and the local model."
        ),
        codes={**_answer_codes(unsupported), 4: tr("The response doesn’t match the schema")},
        exclusive=[_INSTRUCTIONS, ("schema", "grammar")],
        defaults={"in_parts": False, "has_preset_effort": False},
    )


def _summarize() -> Command:
    invalid = tr(
        "Invalid command line, missing pages, or an option that the model or the prompt doesn’t "
        "support. Nothing was sent."
    )
    return Command(
        tr("summarize documents of any length"),
        [files("file"), *_answer_choice(), *_pages_json_and_save()],
        tr(
            "Documents that fit the model’s context window are read completely. Larger ones "
            "are read in parts, and the notes are saved. After an interruption, the same "
            "command continues without paying twice. The cost is shown before anything is sent."
        ),
        tr(
            "Several documents get a summary each and an overview. “-” reads standard input. "
            "Options and files can be in any order."
        ),
        tr(
            "--template selects another prompt of the library: {prompts}, or one of your own.",
            prompts="paragraph, chapters, differences, facts",
        ),
        tr(
            "--pages {pages} sends only these pages (slides, chapters, or sheets by number or "
            "name). With several files: {example}",
            pages="3-10,15",
            example="--pages lease.pdf=3-10,15",
        ),
        codes=_answer_codes(invalid),
        exclusive=[_INSTRUCTIONS],
        defaults={
            "prompt": "",
            "in_parts": True,
            "has_preset_effort": False,
            "create_embeddings": False,
            **{name: [] for name in ("collection", "compare", "tool", "mcp", "allow_tool")},
            **dict.fromkeys(("conversation", "continued", "max_rounds", "schema", "grammar")),
        },
    )


def _tools() -> Command:
    return Command(tr("list the tools that models can call"), [json_flag()])


# ---------------------------------------------------------------- batch


def _batch() -> Commands:
    return Commands(
        tr("send a message with each of many files, at half price"),
        {
            "start": _batch_start,
            "status": _batch_status,
            "report": _batch_report,
            "cancel": lambda: Command(
                tr("cancel a job and keep its responses"), [_id(), json_flag()]
            ),
            "resume": lambda: Command(
                tr("resume an unsent job"), [_id(), *_sending_options()], codes=_sending_codes()
            ),
            "again": lambda: Command(
                tr("retry failed files in a new job"),
                [_id(), *_sending_options()],
                codes=_sending_codes(),
            ),
            "remove": lambda: Command(tr("delete a job and its results"), [_id()]),
        },
        tr(
            "A batch job sends the same message with each of many files, at half price. Responses "
            "arrive within 24 hours. The window or “{command}” gets them.",
            command="repartee batch status",
        ),
        tr(
            "The cost is shown before anything is sent. Asks for confirmation unless --yes is "
            "given or there is no terminal. The provider’s monthly limit applies."
        ),
        codes={
            2: tr(
                "Invalid command line, or an option that the provider or the model doesn’t "
                "support. Nothing was sent."
            ),
            130: tr("Interrupted. Standard error names the command that continues."),
        },
    )


def _id() -> click.Argument:
    return argument("id", "ID")


def _sending_options() -> list[click.Parameter]:
    return [
        flag("--yes", tr("start without confirmation")),
        flag("--wait", tr("wait for all responses")),
        *progress_flags(),
        json_flag(),
    ]


def _sending_codes() -> Mapping[int, str]:
    return {
        0: tr("The job was sent. With --wait: every file that was sent has a response."),
        1: tr("The job wasn’t sent. With --wait: some files have no response."),
        3: tr("With --wait: the model declined some files, or a content filter stopped them."),
        4: tr("With --wait: some responses don’t match the schema."),
    }


def _batch_start() -> Command:
    return Command(
        tr("start a job"),
        [
            files("files"),
            *_answer_choice(),
            # An empty task, as of an unset variable, would start a paid job with the usual one.
            option("--task TEXT", tr("your own message for each file"), required_text),
            option("--schema FILE", tr("JSON Schema (draft 2020-12) of each response"), file_name),
            *_sending_options(),
        ],
        tr(
            "A folder adds all files in it. Files that can’t be read are listed and skipped. "
            "If a file doesn’t exist, nothing is sent. Without --template or --task, the files "
            "are summarized. Prints the job’s ID."
        ),
        codes=_sending_codes(),
        exclusive=[_INSTRUCTIONS],
        defaults={"has_preset_effort": False},
    )


def _batch_status() -> Command:
    return Command(
        tr("show job status"),
        [argument("id", "ID", required=False), json_flag()],
        tr(
            "Asks the providers about running jobs and gets the responses of finished ones. ID can "
            "be the beginning of an ID."
        ),
    )


def _batch_report() -> Command:
    return Command(
        tr("export results"),
        [
            _id(),
            option("--format", tr("default: from PATH’s extension"), ("markdown", "csv")),
            option("-o --to PATH", tr("default: standard output"), file_name, default="-"),
        ],
        tr(
            "Exports name, status, response, error, tokens, and cost of each file. In CSV, "
            "responses with a schema have a column for each field, and no cell is a formula."
        ),
    )


# ---------------------------------------------------------------- tool servers


def _mcp() -> Commands:
    return Commands(
        tr("manage tool servers (Model Context Protocol)"),
        {
            "add": _mcp_add,
            "list": lambda: Command(tr("list tool servers"), [json_flag()]),
            "remove": lambda: Command(
                tr("remove a tool server and its stored values"), [_server_name()]
            ),
            "test": lambda: Command(
                tr("start a tool server and list its tools"), [_server_name(), json_flag()]
            ),
            "login": lambda: Command(
                tr("sign in to a tool server in the browser"),
                [_server_name()],
                tr("The address to sign in at is printed, too. The keyring stores the sign-in."),
            ),
            "logout": lambda: Command(tr("sign out of a tool server"), [_server_name()]),
            "import": _mcp_import,
        },
        tr(
            "A tool server offers tools to models. {command} lists them. A server runs with "
            "your rights: add only servers that you trust.",
            command="repartee tools",
        ),
    )


def _server_name() -> click.Argument:
    return argument("name", "NAME")


def _mcp_add() -> Command:
    return Command(
        tr("add a tool server"),
        [
            _server_name(),
            option("--url", tr("the address of a server on the network"), default=""),
            repeatable(
                "--header NAME:VALUE", tr("a header that is sent to the address (repeatable)")
            ),
            repeatable(
                "--env NAME=VALUE", tr("an environment variable of the command (repeatable)")
            ),
            argument("program", "-- COMMAND [ARG ...]", nargs=-1, required=False),
        ],
        tr(
            "Values of --env and --header are stored in the keyring. A value such as "
            "{example} takes an environment variable instead. The command runs in the "
            "current folder.",
            example="${env:TOKEN}",
        ),
    )


def _mcp_import() -> Command:
    return Command(
        tr("add the tool servers of another program’s configuration"),
        [argument("file", "FILE", type=file_name), flag("--yes", tr("add without confirmation"))],
        tr("Reads the JSON files of Claude Desktop, Cursor, and VS Code."),
        tr(
            "Shows what the servers run and asks for confirmation. Without a terminal, --yes "
            "is required."
        ),
        codes={
            1: tr("Something wasn’t imported"),
            2: tr("Invalid command line, or the file can’t be read"),
        },
    )


# ---------------------------------------------------------------- eval


def _eval() -> Command:
    return Command(
        tr("compare variants and models on your own cases"),
        [
            argument(
                "cases",
                "CASES",
                required=False,
                help=tr("a JSONL or CSV file, or - for standard input; else those of the --preset"),
            ),
            repeatable(
                "--variant VARIANT[/EFFORT]",
                tr(
                    "a variant to evaluate, such as {examples} (repeatable)",
                    examples="thinking/high",
                ),
                variant_argument,
            ),
            repeatable("-m --model ID[/EFFORT]", tr("a model to evaluate (repeatable)")),
            option(
                "--effort", tr("reasoning effort of variants and models given without one"), EFFORTS
            ),
            option("--provider NAME", tr("the provider to ask")),
            flag("--dry-run", tr("show the cost, send nothing")),
            option(
                "--min SHARE",
                tr("fail below this share of passed cases, from 0 to 1"),
                number(0, 1),
            ),
            option(
                "--concurrency N",
                tr("calls at the same time (default: {count})", count=4),
                whole_number(1, 64),
                default="4",
            ),
            json_flag(),
            option(
                "-o --to FOLDER", tr("write results as JSON and HTML to this folder"), file_name
            ),
            *progress_flags(),
            *_answer_parameters(),
        ],
        tr(
            "Each case is a JSON object with id, input, files, and checks. Checks: {checks}. "
            "CSV files have the same names as columns.",
            checks=CHECKS_OF_CASES,
        ),
        tr("A small model judges; its cost is shown separately."),
        tr(
            "Each built-in preset has cases and checks of its own: “{command}” shows if a model "
            "is good enough for it.",
            command="repartee eval --preset translator --variant instant",
        ),
        codes={
            0: tr("Every case was evaluated"),
            1: tr("Failed, or a share is below --min"),
            2: tr("Invalid command line or cases. Nothing was sent."),
            130: tr("Interrupted. The results so far were reported."),
        },
        exclusive=[_INSTRUCTIONS],
        defaults={"has_preset_effort": False},
    )


# ---------------------------------------------------------------- reports


def _spending() -> Command:
    return Command(
        tr("show what the responses cost"),
        [
            option(
                "--by",
                tr("default: {name}", name="month"),
                [grouping.value for grouping in Grouping],
                default="month",
            ),
            json_flag(),
            flag("--csv", tr("print CSV")),
        ],
        tr("Shows cost, calls, and tokens of each group, and the forecast of this month."),
        exclusive=[("json", "csv")],
    )


def _models() -> Command:
    return Command(
        tr("list models with their prices and limits"),
        [
            argument("words", "WORD", nargs=-1, help=tr("list only models that match these words")),
            option("--provider NAME", tr("list only this provider’s models")),
            json_flag(),
        ],
        tr(
            "Lists the models of every provider that has a key, with facts from Repartee, the "
            "server, and your own entries. Prices are per million tokens. Enter facts in the "
            "window, in {place}.",
            place=place_name(Place.MODELS),
        ),
    )


def _search() -> Command:
    return Command(
        tr("search conversations"),
        [
            argument("text", "TEXT"),
            json_flag(),
            option(
                "--limit N",
                tr("maximum number of results (default: {count})", count=50),
                whole_number(1),
                default="50",
            ),
        ],
        tr(
            "Finds messages with all words, newest first. The last word can be incomplete. Put "
            "a phrase in double quotes."
        ),
        codes={
            0: tr("Found"),
            1: tr("No results, or failed"),
            141: tr("The output pipe was closed"),
        },
    )


# ---------------------------------------------------------------- library


def _import() -> Command:
    return Command(
        tr("import conversations from files"),
        [files("files"), json_flag(), *progress_flags()],
        tr(
            "Reads JSON files of Repartee, ChatGPT and Claude (conversations.json or the ZIP "
            "archive), Open WebUI, and LibreChat. Importing a file again adds only what is "
            "new. An open window shows imported conversations immediately. “-” reads standard "
            "input."
        ),
        codes={0: tr("Everything was imported"), 1: tr("Something wasn’t imported")},
    )


def _export() -> Command:
    return Command(
        tr("export conversations to files"),
        [
            flag("--all", tr("export every conversation")),
            repeatable("--conversation ID", tr("export this conversation (repeatable)")),
            option(
                "--format",
                tr("the format of the files"),
                [f.id for f in EXPORT_FORMATS],
                required=True,
            ),
            flag(
                "--last-response",
                tr("export only the last response of each conversation (JSON has everything)"),
            ),
            option(
                "-o --to PATH",
                tr("a file or folder, or “-” for standard output"),
                file_name,
                required=True,
            ),
            *progress_flags(),
        ],
        tr(
            "PATH is a file for JSON or a single conversation, otherwise a folder, or “-” for "
            "standard output. JSON is complete and can be imported. It includes attachments, "
            "but no API keys. Markdown, HTML, and PDF contain the messages shown in the window."
        ),
        required=("all", "conversation"),
    )


def _backup() -> Command:
    return Command(
        tr("back up the library"),
        [
            argument("folder", "FOLDER", type=file_name),
            option(
                "--keep N",
                tr("delete all but the newest N backups of this library in the folder"),
                whole_number(1),
            ),
            *progress_flags(),
        ],
    )


def _unchanged_codes() -> Mapping[int, str]:
    return {1: tr("Failed. The library is unchanged.")}


def _restore() -> Command:
    return Command(
        tr("restore a backup"),
        [
            argument("path", "PATH", type=file_name),
            flag(
                "--accept-settings",
                tr("restore hosts, proxies, files, and permissions without asking"),
            ),
        ],
        tr("Close Repartee first. The current library is kept in a separate file."),
        tr(
            "Settings that change where data is sent, what can be spent or which files are "
            "read are listed first: hosts, proxies, certificates, model files, permissions, "
            "instructions, monthly limits, prices, and the folders of automatic backups and "
            "collections."
        ),
        tr(
            "In a terminal, you are asked first. Otherwise nothing is restored unless "
            "--accept-settings is given. API keys are used only with the host they were "
            "entered for."
        ),
        codes=_unchanged_codes(),
    )


def _repair() -> Command:
    return Command(
        tr("repair a damaged library"),
        [
            option(
                "-o --to FILE",
                tr("write the new library to this file, and leave the damaged one as it is"),
                file_name,
            )
        ],
        tr(
            "Close Repartee first. All readable data is recovered into a new library. The "
            "damaged file is kept."
        ),
        codes=_unchanged_codes(),
    )


# The help lists the commands in this order.
COMMANDS: Final[Mapping[str, Callable[[], click.Command]]] = {
    "quick": _quick,
    "doctor": _doctor,
    "ask": _ask,
    "summarize": _summarize,
    "tools": _tools,
    "batch": _batch,
    "mcp": _mcp,
    "eval": _eval,
    "spending": _spending,
    "models": _models,
    "import": _import,
    "export": _export,
    "search": _search,
    "backup": _backup,
    "restore": _restore,
    "repair": _repair,
}
