"""What an evaluation would cost, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from desktop_app.chat.send_context import SendContext
from desktop_app.domain.conversations.conversation import Draft
from desktop_app.domain.cost import Usage, cost_of, sum_costs
from desktop_app.domain.errors import DocumentDoesNotFitError
from desktop_app.domain.spending_report import Purpose
from desktop_app.evaluation.report import amount_of
from desktop_app.tables.checks import JUDGE, JUDGE_INSTRUCTIONS, MAX_JUDGE_TOKENS, judge_prompt

if TYPE_CHECKING:
    from desktop_app.chat.chat_service import ChatService
    from desktop_app.chat.send_context import AskSettings
    from desktop_app.chat.utility_model import UtilityModel
    from desktop_app.domain.prompt_delimiter import PromptDelimiter
    from desktop_app.providers.models.choice_resolution import ResolvedChoice
    from desktop_app.tables.table import NewRow

INPUT: Final = "input"
"""The column of the questions, named as the field of a case is."""


async def plan_of(
    resolved: ResolvedChoice,
    cases: Sequence[NewRow],
    settings: AskSettings,
    *,
    service: ChatService,
    utility_model: UtilityModel,
    delimiter: PromptDelimiter,
) -> dict[str, Any]:
    """Return the calls, tokens and cost of a model that answers all cases."""
    estimator = service.estimator
    judge = utility_model.model_for(Purpose.JUDGMENT, resolved)
    most_tokens = settings.parameters.max_output_tokens
    longest = min(filter(None, (most_tokens, resolved.model.max_output)), default=None)
    is_free = resolved.price is not None and resolved.price.is_free
    context = await service.with_tools_and_form(SendContext([], resolved, settings=settings))
    counts = {"calls": 0, "judge_calls": 0, "input_tokens": 0}
    lowest: list[Decimal | None] = []
    highest: list[Decimal | None] = []
    unsent: list[str] = []
    for row, data in cases:
        draft = Draft(str(data[INPUT]), attachments=row.parts)
        estimate = await estimator.estimate(context, draft, max_output_tokens=most_tokens)
        try:
            estimator.require_fit(draft, estimate, resolved)
        except DocumentDoesNotFitError as error:
            unsent.append(f"{row.key}: {error.what_happened}")
            continue
        counts["calls"] += 1
        counts["input_tokens"] += estimate.input_tokens
        lowest.append(estimate.input_cost)
        highest += (estimate.input_cost, Decimal(0) if is_free else estimate.longest_answer_cost)
        for check in row.checks:
            if check.kind != JUDGE:
                continue
            prompt = judge_prompt(delimiter, check, draft.text, "")
            tokens = await estimator.text_tokens(f"{JUDGE_INSTRUCTIONS}\n\n{prompt}", judge)
            counts["judge_calls"] += 1
            counts["input_tokens"] += tokens
            lowest.append(cost_of(judge.price, Usage(input_tokens=tokens)))
            # The judge reads the answer, too.
            most = Usage(input_tokens=tokens + (longest or 0), output_tokens=MAX_JUDGE_TOKENS)
            is_bounded = longest is not None or is_free
            highest.append(cost_of(judge.price, most) if is_bounded else None)
    return {
        "name": resolved.label,
        **counts,
        "input_cost_usd": amount_of(sum_costs(lowest)),
        "max_cost_usd": amount_of(sum_costs(highest)),
        "not_sent": unsent,
    }


def total_of(plans: Sequence[Mapping[str, Any]]) -> dict[str, str | None]:
    """Return the total costs of plans; None if one is unknown."""
    costs = {name: [plan[name] for plan in plans] for name in ("input_cost_usd", "max_cost_usd")}
    return {
        name: None if None in amounts else amount_of(sum(map(Decimal, amounts), Decimal(0)))
        for name, amounts in costs.items()
    }
