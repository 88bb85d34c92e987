"""Cost and duration of the message with each variant and effort, as texts for the menus."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.spending.cost import Usage
from desktop_app.i18n.formatting import duration, money
from desktop_app.i18n.translation import tr
from desktop_app.ui.composer.choice.choice_view import ChoiceFigures

if TYPE_CHECKING:
    from desktop_app.domain.conversations.conversation import ModelChoice
    from desktop_app.services.models.choice_resolution import ResolvedChoice
    from desktop_app.services.spending.cost_estimate import Estimate

MeasuredSeconds = Mapping[tuple[str, str], float]
"""Seconds that the user's answers usually took, by model and effort, "" for none."""


def choice_figures(
    choice: ModelChoice,
    resolve: Callable[[ModelChoice], ResolvedChoice],
    estimate: Estimate | None,
    max_output_tokens: int | None,
    measured: MeasuredSeconds,
) -> ChoiceFigures:
    """Return the figures of accepted efforts, and of variants if the provider serves them.

    Args:
        estimate: of the message being typed; None shows durations only.
    """

    def figures_text(alternative: ModelChoice) -> str:
        resolved = resolve(alternative)
        cost = _highest_cost_text(resolved, estimate, max_output_tokens)
        return " · ".join(filter(None, (cost, _duration_text(resolved, measured))))

    has_variants = resolve(choice).profile.serves_gpt_family
    variants = {
        variant: figures_text(replace(choice, variant=variant, model=""))
        for variant in (Variant if has_variants else ())
    }
    accepted_efforts = resolve(choice).model.efforts or ()
    efforts = {effort: figures_text(replace(choice, effort=effort)) for effort in accepted_efforts}
    return ChoiceFigures(variants, efforts)


def _highest_cost_text(
    resolved: ResolvedChoice, estimate: Estimate | None, max_output_tokens: int | None
) -> str:
    """Return the highest cost of the message with its answers, "" if it is unknown."""
    price = resolved.counted_price
    limits = [limit for limit in (max_output_tokens, resolved.model.max_output) if limit]
    if estimate is None or price is None or not limits:
        return ""
    usage = Usage(
        input_tokens=estimate.input_tokens * estimate.answers,
        output_tokens=min(limits) * estimate.answers,
    )
    return tr("up to {cost}", cost=money(price.cost(usage)))


def _duration_text(resolved: ResolvedChoice, measured: MeasuredSeconds) -> str:
    effort: Effort | None = resolved.effort
    own_seconds = measured.get((resolved.model.id, effort.value if effort else ""))
    if own_seconds is not None:
        return tr("usually {duration}", duration=duration(own_seconds))
    usual_seconds = resolved.model.usual_duration(effort)
    if usual_seconds is None:
        return ""
    return tr("about {duration}", duration=duration(usual_seconds, digits=0))
