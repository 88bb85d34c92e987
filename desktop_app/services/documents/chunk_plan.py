"""The cost of reading documents in chunks, shown before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from desktop_app.domain.models.token_counts import CountMethod
from desktop_app.i18n.formatting import money
from desktop_app.i18n.translation import tr


@dataclass(frozen=True)
class ChunkPlan:
    """The calls and cost of reading in chunks.

    Attributes:
        calls: the number of calls without the final answer.
        cached_calls: the calls among them whose notes are stored.
        cost: US dollars, approximate; None if the price is unknown.
        method: how the tokens were counted.
        leaves_out_reasoning: the model reasons before each note, at an unknown cost that is not
            included.
        note_taker, answerer: the names of the models that take the notes, and answer from them.
        cost_if_answerer_reads: US dollars if the answering model took the notes; None if no other
            model takes them, or if its price is unknown.
    """

    calls: int
    cached_calls: int
    input_tokens: int
    cost: Decimal | None
    leaves_out_reasoning: bool = False
    method: CountMethod = CountMethod.TOKENIZER
    note_taker: str = ""
    answerer: str = ""
    cost_if_answerer_reads: Decimal | None = None

    @property
    def comparison(self) -> str:
        """Return a sentence on `cost_if_answerer_reads`; "" if that is None."""
        if self.cost_if_answerer_reads is None:
            return ""
        return tr(
            "{taker} reads the parts. Reading with {answerer} would cost about {cost}.",
            taker=self.note_taker,
            answerer=self.answerer,
            cost=money(self.cost_if_answerer_reads),
        )

    @property
    def cost_text(self) -> str:
        """Return the cost as text; "" if it is unknown or zero."""
        if not self.cost:
            return ""
        cost = money(self.cost)
        if self.leaves_out_reasoning:
            return tr("about {cost}, plus reasoning", cost=cost)
        return tr("about {cost}", cost=cost)
