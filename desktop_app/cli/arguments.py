"""The command line of `repartee`: commands, options, and their help."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from desktop_app import __version__
from desktop_app.cli.answers.parameter_options import add_answer_choice
from desktop_app.cli.argument_types import variant_or_model_argument, whole_number_between
from desktop_app.cli.batch.batch_options import add_batch
from desktop_app.cli.command_help import (
    CommandParser,
    add_command,
    add_flag,
    add_json,
    add_progress,
    add_repeatable,
    epilog,
    json_fields,
    json_list_fields,
    translate_argparse,
)
from desktop_app.cli.eval_options import add_eval
from desktop_app.cli.servers.mcp_options import add_mcp
from desktop_app.domain.export_format import EXPORT_FORMATS
from desktop_app.domain.places import Place, place_name
from desktop_app.domain.spending.spending_report import Grouping
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_app.cli.command_help import AddCommand

_ANSWER_FIELDS: Final = (
    "answer, status (complete, incomplete, refused, cancelled, failed), provider, model, "
    "answered_by, variant, effort, usage, cost_usd, duration_s, notices, "
    "error (kind, message, details), conversation_id, "
    "passages (number, collection, document, page, place, sha256, text), "
    "tool_calls (name, arguments, result, status, duration_s), parsed, "
    "schema_problems (path, reason)"
)
_SEVERAL_FIELDS: Final = (
    "answers (answer, status, provider, model, answered_by, variant, effort, usage, cost_usd, "
    "duration_s, first_token_s, notices, error, "
    "tool_calls, parsed, schema_problems), status, cost_usd, conversation_id, passages, error"
)
_SPENDING_FIELDS: Final = (
    "by, rows (day, month, model, provider, purpose, effort, tier or outcome; calls, uncounted, "
    "failed, retries, input_tokens, cached_tokens, output_tokens, reasoning_tokens, "
    "p50_first_token_s, p95_first_token_s, p50_s, tokens_per_s, p50_tokens_per_s, "
    "p95_tokens_per_s, cost_usd), total_usd, months (provider, spent_usd, forecast_usd, limit_usd)"
)
_MODEL_FIELDS: Final = (
    "models (provider, model, name, variant, window, max_output, input_usd, cached_input_usd, "
    "output_usd, images, tools, reasoning, efforts, structured_output, ends, favorite, edited; "
    "null if unknown), notices"
)
_TOOL_FIELDS: Final = "name, description, kind (reads, writes, leaves), available, reason"
_IMPORT_FIELDS: Final = "files (file, kind, conversations, added, messages, empty, refused)"
_DOCTOR_FIELDS: Final = (
    "version, window, keyring, on-device model, store, way to PROVIDER, confinement, portal, "
    "hotkey (shortcut, status), start at login, system, python, packages, data, configuration, "
    "cache, logs, last of the log, last crash; each with works (true, false, null), text"
)
_HIT_FIELDS: Final = "conversation, title, message, document, snippet, date"


def create_parser(names: Sequence[str]) -> argparse.ArgumentParser:
    """Create the parser of all commands. Its usage lists their `names`.

    The parsed options include `refuse`, a function that reports a wrong command line. In commands
    that take several files, `more` is the name of the list to which files after an option belong.
    """
    translate_argparse()
    program: argparse.ArgumentParser = CommandParser(
        prog="repartee",
        description=tr(
            "Desktop assistant for GPT-5.2 and local models. Without a command, opens the window "
            "and attaches FILE."
        ),
        usage=tr(
            "repartee [FILE ...] | repartee {commands} ...", commands=f"{{{','.join(names)}}}"
        ),
        epilog=epilog(
            tr(
                "To open a file that has the name of a command, include its folder: {example}",
                example="repartee ./ask",
            )
        ),
    )
    program.add_argument(
        "--version",
        action="version",
        version=f"repartee {__version__}",
        help=tr("show program's version number and exit"),
    )
    # Set `prog` here: argparse would otherwise use all of `usage` as the prefix of the commands.
    commands = program.add_subparsers(dest="command", required=True, prog="repartee")
    # The help lists the commands in this order.
    command = partial(add_command, commands, "repartee")
    questions = (_add_quick, _add_doctor, _add_ask, _add_summarize, _add_tools)
    library = (_add_import, _add_export, _add_search, _add_backup, _add_restore, _add_repair)
    parsers = [add(command) for add in questions]
    parsers += add_batch(commands)
    parsers += add_mcp(commands)
    parsers.append(add_eval(commands))
    parsers += [add(command) for add in (_add_spending, _add_models, *library)]
    for each in parsers:
        each.set_defaults(refuse=each.error)
    return program


def _add_quick(command: AddCommand) -> argparse.ArgumentParser:
    text = tr(
        "To open the quick prompt from anywhere, bind this command to a shortcut in your desktop "
        "settings. Without a terminal, input that sends nothing within 0.3 s is ignored."
    )
    quick = command("quick", tr("open the quick prompt"), tr("[--text TEXT]"), text)
    quick.add_argument("--text", help=tr("text to ask about (default: standard input, if piped)"))
    return quick


def _add_doctor(command: AddCommand) -> argparse.ArgumentParser:
    codes = {
        0: tr("The window, the library, and the local model work"),
        1: tr("One of them doesn’t work"),
    }
    text = epilog(json_fields(_DOCTOR_FIELDS), codes=codes)
    doctor = command("doctor", tr("check the installation"), "[--json]", text)
    add_json(doctor)
    return doctor


def _answer_codes(invalid: str, further_codes: Mapping[int, str]) -> Mapping[int, str]:
    return {
        0: tr("The response is complete"),
        1: tr(
            "Failed or incomplete. Partial output is on standard output, the reason on standard "
            "error."
        ),
        2: invalid,
        3: tr("The model declined, or a content filter stopped the response"),
        **further_codes,
        130: tr("Interrupted (Ctrl+C or SIGTERM)"),
        141: tr("The output pipe was closed"),
    }


def _add_ask(command: AddCommand) -> argparse.ArgumentParser:
    ask = command(
        "ask",
        tr("ask a question and print the response"),
        tr("[QUESTION] [option ...]"),
        _ask_epilog(),
    )
    ask.add_argument(
        "prompt",
        nargs="?",
        metavar=tr("QUESTION"),
        help=tr("the question (default or “-”: standard input)"),
    )
    add_repeatable(ask, "--file", tr("PATH"), tr("attach a document or an image"))
    add_repeatable(
        ask, "--collection", tr("NAME"), tr("ask about a collection of documents, or a folder")
    )
    add_flag(
        ask,
        "--create-embeddings",
        tr("create missing embeddings of the collections first and print the cost"),
    )
    add_repeatable(
        ask,
        "--compare",
        tr("CHOICE"),
        tr(
            "compare responses of several variants or models, such as {examples} "
            "(two to four times)",
            examples="thinking/high, pro",
        ),
        type=variant_or_model_argument,
    )
    _add_answer_options(ask)
    _add_tool_options(ask)
    forms = ask.add_mutually_exclusive_group()
    forms.add_argument("--schema", metavar=tr("FILE"), help=tr("a JSON Schema of the response"))
    forms.add_argument("--grammar", metavar=tr("FILE"), help=tr("a grammar of the response"))
    ask.set_defaults(in_parts=False)
    return ask


def _ask_epilog() -> str:
    return epilog(
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
        json_fields(_ANSWER_FIELDS),
        tr(
            "With --compare or --n, the JSON object has these fields: {fields}",
            fields=_SEVERAL_FIELDS,
        ),
        codes=_answer_codes(
            tr(
                "Invalid command line, or an option that the model doesn’t support. Nothing "
                "was sent."
            ),
            {4: tr("The response doesn’t match the schema")},
        ),
    )


def _add_tool_options(ask: argparse.ArgumentParser) -> None:
    add_repeatable(ask, "--tool", tr("NAME"), tr("let the model call this tool (repeatable)"))
    add_repeatable(
        ask,
        "--mcp",
        tr("NAME"),
        tr("let the model call all tools of this tool server (repeatable)"),
    )
    add_repeatable(
        ask, "--allow-tool", tr("NAME"), tr("run calls of this tool without asking (repeatable)")
    )
    ask.add_argument(
        "--max-rounds",
        type=whole_number_between(1),
        metavar="N",
        help=tr("maximum number of rounds of tool calls"),
    )


def _add_tools(command: AddCommand) -> argparse.ArgumentParser:
    tools = command(
        "tools",
        tr("list the tools that models can call"),
        "[--json]",
        epilog(json_list_fields(_TOOL_FIELDS)),
    )
    add_json(tools)
    return tools


def _add_summarize(command: AddCommand) -> argparse.ArgumentParser:
    summarize = command(
        "summarize",
        tr("summarize documents of any length"),
        tr("FILE ... [option ...]"),
        epilog(
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
            json_fields(_ANSWER_FIELDS),
            codes=_answer_codes(
                tr(
                    "Invalid command line, missing pages, or an option that the model or the "
                    "prompt doesn’t support. Nothing was sent."
                ),
                {},
            ),
        ),
    )
    summarize.add_argument("file", nargs="+", metavar=tr("FILE"))
    _add_answer_options(summarize)
    summarize.set_defaults(
        prompt="",
        in_parts=True,
        collection=[],
        create_embeddings=False,
        compare=[],
        tool=[],
        mcp=[],
        allow_tool=[],
        max_rounds=None,
        schema=None,
        grammar=None,
        more="file",
    )
    return summarize


def _add_spending(command: AddCommand) -> argparse.ArgumentParser:
    spending = command(
        "spending",
        tr("show what the responses cost"),
        tr("[--by GROUP] [--json | --csv]"),
        epilog(
            tr("Shows cost, calls, and tokens of each group, and the forecast of this month."),
            json_fields(_SPENDING_FIELDS),
        ),
    )
    spending.add_argument(
        "--by",
        choices=tuple(grouping.value for grouping in Grouping),
        default="month",
        help=tr("default: {name}", name="month"),
    )
    formats = spending.add_mutually_exclusive_group()
    add_json(formats)
    add_flag(formats, "--csv", tr("print CSV"))
    return spending


def _add_models(command: AddCommand) -> argparse.ArgumentParser:
    models = command(
        "models",
        tr("list models with their prices and limits"),
        tr("[WORD ...] [--provider NAME] [--json]"),
        epilog(
            tr(
                "Lists the models of every provider that has a key, with facts from Repartee, the "
                "server, and your own entries. Prices are per million tokens. Enter facts in the "
                "window, in {place}.",
                place=place_name(Place.MODELS),
            ),
            json_fields(_MODEL_FIELDS),
        ),
    )
    models.add_argument(
        "words", nargs="*", metavar=tr("WORD"), help=tr("list only models that match these words")
    )
    models.add_argument(
        "--provider", metavar=tr("NAME"), help=tr("list only this provider’s models")
    )
    add_json(models)
    return models


def _add_import(command: AddCommand) -> argparse.ArgumentParser:
    importing = command(
        "import",
        tr("import conversations from files"),
        tr("FILE ... [--json]"),
        epilog(
            tr(
                "Reads JSON files of Repartee, ChatGPT and Claude (conversations.json or the ZIP "
                "archive), Open WebUI, and LibreChat. Importing a file again adds only what is "
                "new. An open window shows imported conversations immediately. “-” reads standard "
                "input."
            ),
            json_fields(_IMPORT_FIELDS),
            codes={0: tr("Everything was imported"), 1: tr("Something wasn’t imported")},
        ),
    )
    importing.add_argument("files", nargs="+", metavar=tr("FILE"))
    importing.set_defaults(more="files")
    add_json(importing)
    add_progress(importing)
    return importing


def _add_export(command: AddCommand) -> argparse.ArgumentParser:
    exporting = command(
        "export",
        tr("export conversations to files"),
        tr("(--all | --conversation ID ...) --format FORMAT --to PATH"),
        epilog(
            tr(
                "PATH is a file for JSON, corrections, or a single conversation, otherwise a "
                "folder, or “-” for standard output. JSON is complete and can be imported. It "
                "includes attachments, but no API keys. Markdown, HTML, and PDF contain the "
                "messages shown in the window."
            )
        ),
    )
    selection = exporting.add_mutually_exclusive_group(required=True)
    add_flag(selection, "--all", tr("export every conversation"))
    selection.add_argument(
        "--conversation",
        action="append",
        metavar="ID",
        help=tr("export this conversation (repeatable)"),
    )
    exporting.add_argument("--format", required=True, choices=[f.id for f in EXPORT_FORMATS])
    add_flag(
        exporting,
        "--last-response",
        tr("export only the last response of each conversation (JSON has everything)"),
    )
    exporting.add_argument("--to", required=True, metavar=tr("PATH"))
    add_progress(exporting)
    return exporting


def _add_search(command: AddCommand) -> argparse.ArgumentParser:
    search = command(
        "search",
        tr("search conversations"),
        tr("TEXT [--json]"),
        epilog(
            tr(
                "Finds messages with all words, newest first. The last word can be incomplete. Put "
                "a phrase in double quotes."
            ),
            json_list_fields(_HIT_FIELDS),
            codes={
                0: tr("Found"),
                1: tr("No results, or failed"),
                141: tr("The output pipe was closed"),
            },
        ),
    )
    search.add_argument("text", metavar=tr("TEXT"))
    add_json(search)
    search.add_argument(
        "--limit",
        type=whole_number_between(1),
        default=50,
        metavar="N",
        help=tr("maximum number of results (default: {count})", count=50),
    )
    return search


def _add_backup(command: AddCommand) -> argparse.ArgumentParser:
    backup = command("backup", tr("back up the library"), tr("FOLDER [--keep N]"))
    backup.add_argument("folder", metavar=tr("FOLDER"))
    backup.add_argument(
        "--keep",
        type=whole_number_between(1),
        metavar="N",
        help=tr("delete all but the newest N backups of this library in the folder"),
    )
    add_progress(backup)
    return backup


def _unchanged_codes() -> Mapping[int, str]:
    return {1: tr("Failed. The library is unchanged.")}


def _add_restore(command: AddCommand) -> argparse.ArgumentParser:
    restore = command(
        "restore",
        tr("restore a backup"),
        tr("PATH [--accept-settings]"),
        epilog(
            tr("Close Repartee first. The current library is kept in a separate file."),
            tr(
                "Settings that change where data is sent, what can be spent or which files are "
                "read are listed first: hosts, proxies, certificates, model files, permissions, "
                "instructions, monthly limits, prices, and the folders of automatic backups and "
                "collections."
            ),
            tr(
                "In a terminal, you choose whether to restore them. Otherwise the current ones are "
                "kept, unless --accept-settings is given. API keys are used only with the host "
                "they were entered for."
            ),
            codes=_unchanged_codes(),
        ),
    )
    restore.add_argument("path", metavar=tr("PATH"))
    add_flag(
        restore,
        "--accept-settings",
        tr("also restore hosts, proxies, files, and permissions without asking"),
    )
    return restore


def _add_repair(command: AddCommand) -> argparse.ArgumentParser:
    return command(
        "repair",
        tr("repair a damaged library"),
        "",
        epilog(
            tr(
                "Close Repartee first. All readable data is recovered into a new library. The "
                "damaged file is kept."
            ),
            codes=_unchanged_codes(),
        ),
    )


def _add_answer_options(ask: argparse.ArgumentParser) -> None:
    add_answer_choice(ask)
    add_repeatable(
        ask,
        "--pages",
        tr("[FILE=]PAGES"),
        tr(
            "send only these pages, such as {pages} or {example} (repeatable)",
            pages="3-10,15",
            example="report.pdf=3-10",
        ),
    )
    add_json(ask)
    add_flag(ask, "--save", tr("save the conversation in the library"))
