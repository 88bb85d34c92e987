"""The dry run of an evaluation: its calls, tokens and cost."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from desktop_app.cli.evaluation.evaluation_runner import MAX_JUDGE_TOKENS
from desktop_app.cli.evaluation.evaluation_setup import Contestant
from desktop_app.cli.streams.console import clean_line, write_json, write_line
from desktop_app.domain.errors import DocumentDoesNotFitError
from desktop_app.domain.evaluation.evaluation_case import CheckKind, EvaluationCase
from desktop_app.domain.spending.cost import Usage
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.services.chat.send_context import SendContext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.cli.evaluation.evaluation_runner import EvaluationRunner

_COUNTS: Final = ("calls", "judge_calls", "input_tokens", "judge_input_tokens")
_LOWEST_COSTS: Final = ("input_cost_usd", "judge_input_cost_usd")
_HIGHEST_COSTS: Final = ("max_cost_usd", "judge_max_cost_usd")


async def show_plan(runner: EvaluationRunner, *, as_json: bool) -> None:
    """Show calls, tokens and cost, without sending anything."""
    plans = [await _plan_contestant(runner, contestant) for contestant in runner.setup.contestants]
    counts = {name: sum(plan[name] for plan in plans) for name in _COUNTS}
    lowest_cost = _total(plans, _LOWEST_COSTS)
    highest_cost = _total(plans, _HIGHEST_COSTS)
    if as_json:
        totals = {**counts, "input_cost_usd": lowest_cost, "max_cost_usd": highest_cost}
        write_json({"dry_run": True, "runs": plans, **totals})
        return
    for plan in plans:
        for sentence in plan["not_sent"]:
            write_line(clean_line(sentence))
        write_line(_plan_line(plan))
        if plan["judge_calls"]:
            write_line("  " + _judge_line(plan))
    lowest = _cost(lowest_cost)
    highest = _cost(highest_cost)
    if lowest == highest:
        write_line(tr("Total: {cost}", cost=lowest))
    else:
        write_line(tr("Total: {input} for input, {most} at most", input=lowest, most=highest))


def _plan_line(plan: dict[str, Any]) -> str:
    name = "/".join(filter(None, (plan["variant"] or plan["model"], plan["effort"])))
    return tr_plural(
        "{name}: {count} call, {tokens} input tokens, {costs}",
        "{name}: {count} calls, {tokens} input tokens, {costs}",
        plan["calls"],
        name=clean_line(name),
        tokens=formatting.number(plan["input_tokens"]),
        costs=_cost_range(plan["input_cost_usd"], plan["max_cost_usd"]),
    )


def _judge_line(plan: dict[str, Any]) -> str:
    return tr_plural(
        "Judging {count} rubric by {model}: {tokens} input tokens and the response, {costs}",
        "Judging {count} rubrics by {model}: {tokens} input tokens and the responses, {costs}",
        plan["judge_calls"],
        model=clean_line(plan["judge_model"]),
        tokens=formatting.number(plan["judge_input_tokens"]),
        costs=_cost_range(plan["judge_input_cost_usd"], plan["judge_max_cost_usd"]),
    )


async def _plan_contestant(runner: EvaluationRunner, contestant: Contestant) -> dict[str, Any]:
    resolved = contestant.resolved
    setup = runner.setup
    max_output_tokens = setup.settings.parameters.max_output_tokens
    sent_cases: list[EvaluationCase] = []
    unsent_sentences: list[str] = []
    tokens = 0
    input_cost = highest_cost = Decimal(0)
    is_priced = resolved.price is not None
    is_free = resolved.price is not None and resolved.price.is_free
    is_bounded = is_priced
    for case in setup.cases:
        settings = setup.settings_for(case)
        draft = setup.draft_of(case)
        context = SendContext([], resolved, instructions=settings.counted_instructions)
        estimate = await runner.service.estimator.estimate(
            await runner.service.with_tools_and_form(context, settings),
            draft,
            max_output_tokens=max_output_tokens,
        )
        try:
            runner.service.estimator.require_fit(draft, estimate, resolved)
        except DocumentDoesNotFitError as error:
            unsent_sentences.append(f"{case.id}: {error.what_happened}")
            continue
        sent_cases.append(case)
        tokens += estimate.input_tokens
        input_cost += estimate.input_cost or 0
        highest_cost += (estimate.input_cost or 0) + (estimate.longest_answer_cost or 0)
        is_bounded = is_bounded and (is_free or estimate.longest_answer_cost is not None)
    limits = (max_output_tokens, resolved.model.max_output)
    longest = min((limit for limit in limits if limit), default=None)
    provider, model, effort = contestant.identity
    return {
        "provider": provider,
        "variant": resolved.variant.value if resolved.variant else None,
        "effort": effort or None,
        "model": model,
        "calls": len(sent_cases),
        "not_sent": unsent_sentences,
        "input_tokens": tokens,
        "max_output_tokens": longest,
        "input_cost_usd": f"{input_cost:f}" if is_priced else None,
        "max_cost_usd": f"{highest_cost:f}" if is_bounded else None,
        **await _plan_judgments(runner, contestant, sent_cases, longest),
    }


async def _plan_judgments(
    runner: EvaluationRunner,
    contestant: Contestant,
    cases: Sequence[EvaluationCase],
    longest: int | None,
) -> dict[str, Any]:
    """Return the plan of the judgments on answers.

    Args:
        longest: the largest number of tokens in an answer; None if it has no known limit.
    """
    count = sum(check.kind is CheckKind.RUBRIC for case in cases for check in case.checks)
    judge = runner.judge_of(contestant)
    tokens = await runner.judge_input(contestant, cases) if count else 0
    lowest_cost = highest_cost = None
    if not count:
        lowest_cost = highest_cost = Decimal(0)
    elif judge.price is not None:
        lowest_cost = judge.price.cost(Usage(input_tokens=tokens))
        if longest is not None or judge.price.is_free:
            most_input = tokens + count * (longest or 0)  # the judge reads each answer
            usage = Usage(input_tokens=most_input, output_tokens=count * MAX_JUDGE_TOKENS)
            highest_cost = judge.price.cost(usage)
    return {
        "judge_model": judge.model.id if count else None,
        "judge_calls": count,
        "judge_input_tokens": tokens,
        "judge_input_cost_usd": None if lowest_cost is None else f"{lowest_cost:f}",
        "judge_max_cost_usd": None if highest_cost is None else f"{highest_cost:f}",
    }


def _total(plans: Sequence[dict[str, Any]], names: Sequence[str]) -> str | None:
    amounts = [plan[name] for plan in plans for name in names]
    return None if None in amounts else str(sum(map(Decimal, amounts), Decimal(0)))


def _cost_range(lowest_amount: str | None, highest_amount: str | None) -> str:
    lowest = _cost(lowest_amount)
    highest = _cost(highest_amount)
    return lowest if lowest == highest else f"{lowest} – {highest}"


def _cost(amount: str | None) -> str:
    return tr("unknown cost") if amount is None else formatting.money(Decimal(amount))
