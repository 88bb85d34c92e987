"""The options of `repartee table`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.cli import command_line as cli
from desktop_app.cli.answer_options import INSTRUCTIONS, answer_parameters
from desktop_app.i18n.translation import tr
from desktop_app.tables.live_run import AT_ONCE, MAX_AT_ONCE

if TYPE_CHECKING:
    import click

_FORMATS = ("csv", "xlsx", "jsonl", "markdown", "html")


def table_arguments() -> cli.Commands:
    return cli.Commands(
        tr("ask questions about many files or lines, with the answers in a table"),
        {
            "run": _table_run,
            "list": lambda: cli.Command(tr("list the tables"), [cli.json_flag()]),
            "status": _table_status,
            "export": _table_export,
            "resume": lambda: cli.Command(
                tr("continue a table that a restore has paused"), [_table(), cli.json_flag()]
            ),
            "stop": lambda: cli.Command(
                tr("stop asking a table; answers so far are kept"), [_table()]
            ),
            "remove": lambda: cli.Command(
                tr("move a table with its answers to the trash"),
                [_table(), cli.flag("--yes", tr("remove without confirmation"))],
            ),
        },
        tr(
            "A row is a file, a page of one, or a line of a CSV, TSV, XLSX, or JSON Lines file. A "
            "question is asked about each row, now or by tomorrow at half price."
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


def _table() -> click.Argument:
    return cli.argument("table", "TABLE")


def _table_run() -> cli.Command:
    return cli.Command(
        tr("ask about each row"),
        [
            cli.argument("source", "TABLE|FILE ...", nargs=-1, required=False, type=cli.file_name),
            cli.repeatable(
                "-a --ask TEXT",
                tr(
                    "a question about each row, with {column} for a column and {document} for the "
                    "row’s document (repeatable)",
                    column="{{column}}",
                    document="{{document}}",
                ),
                cli.required_text,
            ),
            cli.option("--column NAME", tr("the name of the question’s column"), cli.required_text),
            cli.option(
                "-t --template NAME",
                tr("a prompt of the library, by title or ID"),
                cli.required_text,
            ),
            cli.repeatable("--set NAME=VALUE", tr("fill in a field of the prompt (repeatable)")),
            cli.repeatable(
                "-f --field NAME:TYPE",
                tr(
                    "a field of the answer: {types}, or choices as {choices}; {description} tells "
                    "the model what it is (repeatable)",
                    types="text, number, integer, yes/no, date, list",
                    choices="NAME:one|two|three",
                    description="NAME:TYPE = DESCRIPTION",
                ),
                cli.required_text,
            ),
            cli.repeatable(
                "--check KIND:TEXT",
                tr(
                    "a check of the answer: {kinds}; {negation} before it negates (repeatable)",
                    kinds="equals, contains, icontains, regex, json[:SCHEMA], cost:USD, "
                    "time:SECONDS, judge",
                    negation="not-",
                ),
                cli.required_text,
            ),
            cli.option(
                "--schema FILE", tr("JSON Schema (draft 2020-12) of each response"), cli.file_name
            ),
            cli.option(
                "--min SHARE",
                tr("fail below this share of passed cases, from 0 to 1"),
                cli.number(0, 1),
            ),
            cli.flag("--dry-run", tr("show the cost, send nothing")),
            cli.flag("--now", tr("ask now (default)")),
            cli.flag("--batch", tr("ask by tomorrow, at half price")),
            cli.flag("--wait", tr("with --batch: wait for all answers")),
            cli.flag("--ask-equal", tr("also ask what equals another request of the run")),
            cli.option(
                "--sheet NAME", tr("a sheet of a workbook (default: the first)"), cli.required_text
            ),
            cli.flag("--per-page", tr("a row for each page of the files")),
            cli.option("--name NAME", tr("the name of the new table"), cli.required_text),
            cli.option("--rows N", tr("ask only the first rows"), cli.whole_number(1)),
            cli.flag("--empty", tr("ask the cells without an answer or out of date (default)")),
            cli.flag("--failed", tr("ask the cells that failed")),
            cli.flag("--all", tr("ask all cells again, except corrected ones")),
            cli.repeatable(
                "--variant VARIANT[/EFFORT]",
                tr("a model variant; several make a column each (repeatable)"),
                cli.variant_argument,
            ),
            cli.repeatable(
                "-m --model ID[/EFFORT]",
                tr("a model; several make a column each (repeatable)"),
                cli.required_text,
            ),
            cli.option("--effort", tr("reasoning effort"), cli.EFFORTS),
            cli.option("--provider NAME", tr("the provider to ask")),
            cli.option(
                "--project NAME", tr("ask in a project: with its instructions, model, and files")
            ),
            cli.option(
                "--concurrency N",
                tr("calls at the same time (default: {count})", count=AT_ONCE),
                cli.whole_number(1, MAX_AT_ONCE),
                default=str(AT_ONCE),
            ),
            cli.option("-o --to PATH", tr("export the table at the end"), cli.file_name),
            cli.flag("--yes", tr("start without confirmation")),
            *cli.progress_flags(),
            cli.json_flag(),
            *answer_parameters(),
        ],
        tr(
            "With files, a table is made; its ID is printed. With a table, --ask adds a column; "
            "without it, its questions are asked again where there is no answer. A question that "
            "names no column is asked about the row’s document, or its data. With fields, each "
            "value comes with its page."
        ),
        tr(
            "Without --ask, {input} of each line is asked, and columns such as contains, regex, "
            "schema, and judge check the answers; so do {checks} of JSON Lines. A configuration of "
            "promptfoo brings prompts, models, and tests. Without FILE, the cases of the --preset "
            "are asked.",
            input="input",
            checks="checks",
        ),
        codes={
            0: tr("Every cell has an answer, or the batch was sent."),
            1: tr("Some cells have no answer, a share is below --min, or nothing was sent."),
        },
        exclusive=[INSTRUCTIONS, ("now", "batch"), ("empty", "failed", "all"), ("field", "schema")],
        defaults={"has_preset_effort": False},
    )


def _table_status() -> cli.Command:
    return cli.Command(
        tr("show what is asked, and get the answers of batches"),
        [cli.argument("table", "TABLE", required=False), cli.json_flag()],
        tr("TABLE is an ID, the beginning of one, or a name."),
    )


def _table_export() -> cli.Command:
    return cli.Command(
        tr("export a table"),
        [
            _table(),
            cli.option("--format", tr("default: from PATH’s extension"), _FORMATS),
            cli.option("-o --to PATH", tr("default: standard output"), cli.file_name, default="-"),
        ],
        tr(
            "Each field has a column, and the pages of the answers another. In CSV and XLSX, no "
            "cell is a formula. XLSX has the types of the fields, and a sheet of totals."
        ),
    )
