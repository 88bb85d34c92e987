"""The checks of answers that a model judges by a rubric."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from desktop_app.chat.utility_model import SmallTask
from desktop_app.domain import errors
from desktop_app.domain.conversations.conversation import new_id
from desktop_app.domain.cost import sum_costs
from desktop_app.domain.spending_report import Purpose
from desktop_app.tables.cell_request import CellRequest, is_complete, judged_checks
from desktop_app.tables.checks import (
    JUDGE_INSTRUCTIONS,
    MAX_JUDGE_TOKENS,
    failure_in_verdict,
    judge_prompt,
    labelled,
)

if TYPE_CHECKING:
    from desktop_app.budget.ledger import Ledger
    from desktop_app.chat.utility_model import UtilityModel
    from desktop_app.domain.prompt_delimiter import DelimiterFactory
    from desktop_app.providers.models.choice_resolution import ResolvedChoice
    from desktop_app.tables.stored_cells import StoredAnswer


@dataclass(frozen=True)
class Judge:
    """A small model that says if answers meet their rubrics."""

    ledger: Ledger
    utility_model: UtilityModel
    delimiters: DelimiterFactory

    async def judged(
        self, request: CellRequest, resolved: ResolvedChoice, stored: StoredAnswer
    ) -> StoredAnswer:
        """Return an answer with the verdicts on it; itself if nothing of it is to be judged.

        A check that cannot be judged says why, and leaves open if the answer passes.

        Raises:
            StorageError: the store fails.
        """
        checks = judged_checks(request)
        if not checks or not is_complete(stored.error):
            return stored
        failures, is_judged = list(stored.failures), True
        costs: list[Decimal | None] = []
        delimiter = await self.delimiters.delimiter_for(request.conversation_id)
        for check in checks:
            judgment_id = new_id()
            task = SmallTask(Purpose.JUDGMENT, resolved, request.conversation_id, judgment_id)
            text = judge_prompt(delimiter, check, request.draft.text, stored.answer)
            try:
                reply = await self.utility_model.ask(
                    task, JUDGE_INSTRUCTIONS, text, max_output_tokens=MAX_JUDGE_TOKENS
                )
                failures.append(failure_in_verdict(check, reply))
                spent = await self.ledger.answer_spending(request.conversation_id, judgment_id)
                costs.append(None if spent.uncounted else spent.cost)
            except errors.StorageError:
                raise
            except errors.UserFacingError as error:
                failures.append(labelled(check, f"not judged: {error}"))
                costs.append(None)
                is_judged = False
        failed = tuple(filter(None, failures))
        return stored._replace(
            failures=failed,
            has_passed=not failed if is_judged else None,
            judge_cost=sum_costs(costs),
        )
