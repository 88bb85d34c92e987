"""The command line of `repartee eval`."""

from __future__ import annotations

import argparse
from typing import Final

from desktop_app.cli.answers.parameter_options import add_answer_parameters
from desktop_app.cli.argument_types import (
    EFFORTS,
    number_between,
    variant_argument,
    whole_number_between,
)
from desktop_app.cli.command_help import (
    add_flag,
    add_json,
    add_progress,
    add_repeatable,
    epilog,
    json_fields,
)
from desktop_app.i18n.translation import tr

_RUN_FIELDS: Final = (
    "runs (provider, variant, effort, model, passed, cases, refused, share, low, high, cost_usd, "
    "judge_cost_usd, usage, p50_s, p95_s, p50_first_token_s, results (id, status, passed, failed, "
    "answer, cost_usd, duration_s)), notices, error (kind, message, details)"
)
_DRY_FIELDS: Final = (
    "dry_run, runs (name, calls, judge_calls, input_tokens, input_cost_usd, max_cost_usd, "
    "not_sent), input_cost_usd, max_cost_usd"
)
_CHECKS: Final = '{"contains": "…"}, {"regex": "…"}, {"schema": {…}}, {"judge": "…"}'


def add_eval(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
) -> argparse.ArgumentParser:
    """Add the command."""
    command = commands.add_parser(
        "eval",
        help=tr("compare variants and models on your own cases"),
        usage=tr("repartee eval [CASES] --variant VARIANT[/EFFORT] ... [option ...]"),
        epilog=_epilog(),
    )
    command.add_argument(
        "cases",
        nargs="?",
        metavar=tr("CASES"),
        help=tr("a JSONL or CSV file, or - for standard input; else those of the --preset"),
    )
    add_repeatable(
        command,
        "--variant",
        tr("VARIANT[/EFFORT]"),
        tr("a variant to evaluate, such as {examples} (repeatable)", examples="thinking/high"),
        type=variant_argument,
    )
    add_repeatable(command, "--model", tr("ID[/EFFORT]"), tr("a model to evaluate (repeatable)"))
    command.add_argument(
        "--effort",
        choices=EFFORTS,
        help=tr("reasoning effort of variants and models given without one"),
    )
    command.add_argument("--provider", metavar=tr("NAME"), help=tr("the provider to ask"))
    add_flag(command, "--dry-run", tr("show the cost, send nothing"))
    command.add_argument(
        "--min",
        type=number_between(0, 1),
        metavar=tr("SHARE"),
        help=tr("fail below this share of passed cases, from 0 to 1"),
    )
    command.add_argument(
        "--concurrency",
        type=whole_number_between(1, 64),
        default=4,
        metavar="N",
        help=tr("calls at the same time (default: {count})", count=4),
    )
    add_json(command)
    command.add_argument(
        "--to", metavar=tr("FOLDER"), help=tr("write results as JSON and HTML to this folder")
    )
    add_progress(command)
    add_answer_parameters(command)
    return command


def _epilog() -> str:
    return epilog(
        tr(
            "Each case is a JSON object with id, input, files, and checks. Checks: {checks}. "
            "CSV files have the same names as columns.",
            checks=_CHECKS,
        ),
        tr("A small model judges; its cost is shown separately."),
        tr(
            "Each built-in preset has cases and checks of its own: “{command}” shows if a model "
            "is good enough for it.",
            command="repartee eval --preset translator --variant instant",
        ),
        json_fields(_RUN_FIELDS),
        tr("With --dry-run, the JSON object has these fields: {fields}", fields=_DRY_FIELDS),
        codes={
            0: tr("Every case was evaluated"),
            1: tr("Failed, or a share is below --min"),
            2: tr("Invalid command line or cases. Nothing was sent."),
            130: tr("Interrupted. The results so far were reported."),
        },
    )
