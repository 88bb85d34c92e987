"""The options of `repartee eval`."""

from __future__ import annotations

from typing import Final

from desktop_app.cli.answer_options import INSTRUCTIONS, answer_parameters
from desktop_app.cli.command_line import (
    EFFORTS,
    Command,
    argument,
    file_name,
    flag,
    json_flag,
    number,
    option,
    progress_flags,
    repeatable,
    variant_argument,
    whole_number,
)
from desktop_app.i18n.translation import tr

CHECKS_OF_CASES: Final = '{"contains": "…"}, {"regex": "…"}, {"schema": {…}}, {"judge": "…"}'


def eval_arguments() -> Command:
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
