"""What reading documents in parts would take, as said before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from desktop_app.domain.spending.cost import format_money


@dataclass(frozen=True)
class ChunkPlan:
    """What reading in parts takes.

    Attributes:
        calls: how many, the last answer not counted; `done` of them need not be made again.
        cost: US dollars, about; None where the price is not known.
        leaves_out_reasoning: the model thinks before each note, and nobody knows how long: what that
            costs is not in it.
    """

    calls: int
    done: int
    input_tokens: int
    cost: Decimal | None
    leaves_out_reasoning: bool = False

    @property
    def cost_words(self) -> str:
        """What it costs, as said before it is paid; "" where that is not known, or nothing."""
        if not self.cost:
            return ""
        reasoning = ", what it thinks not counted" if self.leaves_out_reasoning else ""
        return f"about {format_money(self.cost)} in all{reasoning}"
