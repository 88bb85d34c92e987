"""The options of `repartee eval`."""

from __future__ import annotations

from typing import Final

from desktop_app.cli import command_line as cli
from desktop_app.cli.answer_options import INSTRUCTIONS, answer_parameters
from desktop_app.i18n.translation import tr

CHECKS_OF_CASES: Final = '{"contains": "…"}, {"regex": "…"}, {"schema": {…}}, {"judge": "…"}'


def eval_arguments() -> cli.Command:
    return cli.Command(
        tr("compare variants and models on your own cases"),
        [
            cli.argument(
                "cases",
                "CASES",
                required=False,
                help=tr("a JSONL or CSV file, or - for standard input; else those of the --preset"),
            ),
            cli.repeatable(
                "--variant VARIANT[/EFFORT]",
                tr(
                    "a variant to evaluate, such as {examples} (repeatable)",
                    examples="thinking/high",
                ),
                cli.variant_argument,
            ),
            cli.repeatable("-m --model ID[/EFFORT]", tr("a model to evaluate (repeatable)")),
            cli.option(
                "--effort",
                tr("reasoning effort of variants and models given without one"),
                cli.EFFORTS,
            ),
            cli.option("--provider NAME", tr("the provider to ask")),
            cli.flag("--dry-run", tr("show the cost, send nothing")),
            cli.option(
                "--min SHARE",
                tr("fail below this share of passed cases, from 0 to 1"),
                cli.number(0, 1),
            ),
            cli.option(
                "--concurrency N",
                tr("calls at the same time (default: {count})", count=4),
                cli.whole_number(1, 64),
                default="4",
            ),
            cli.json_flag(),
            cli.option(
                "-o --to FOLDER", tr("write results as JSON and HTML to this folder"), cli.file_name
            ),
            *cli.progress_flags(),
            *answer_parameters(),
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
        exclusive=[INSTRUCTIONS],
        defaults={"has_preset_effort": False},
    )
