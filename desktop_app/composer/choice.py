"""A choice of a model as the prompts show it; controllers build these values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from desktop_app.domain.models.model_entry import ModelEntry
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.value import Value
from desktop_app.i18n.translation import tr

_VARIANT_EFFORTS: Final = (Effort.NONE, Effort.LOW, Effort.MEDIUM, Effort.HIGH, Effort.XHIGH)
"""The efforts of the GPT-5.2 family: a menu shows why a variant does not take some of them."""


class VariantOffer(Value, frozen=True):
    """A model that the user can choose for a variant permanently; `model` is "" for its own."""

    variant: Variant
    model: str
    name: str


class ChoiceView(Value, frozen=True):
    """The model that answers, and the alternatives.

    Attributes:
        variant: None if another model than the three variants is chosen.
        effort: the effort in use; None if the model takes none.
        offers_variants: whether a variant is chosen and the provider offers all three.
        offers_effort: whether an effort may be chosen.
        efforts: those that the model takes, least first; all known ones if that is unknown.
        effort_refusals: a sentence for each effort that cannot be chosen now.
        models: the models of all providers, in order.
        notice: a sentence if the chosen model is shut down or answers in place of another
            model; otherwise "".
        background: whether the next answers run in the background; None if that is not offered.
        provider_name: the name of the provider.
        provider_id, model: the entry to check in the menu; "" for none.
        end: that the model ends, has ended, or answers the next message only; "" for none.
        successor: the model that the provider lists in place of the chosen one.
        offers: the models that may stand for a variant from now on.
    """

    variant: Variant | None
    model_name: str
    effort: Effort | None
    offers_variants: bool
    effort_refusals: Mapping[Effort, str] = {}
    offers_effort: bool = False
    efforts: tuple[Effort, ...] = tuple(Effort)
    models: tuple[ModelEntry, ...] = ()
    notice: str = ""
    background: bool | None = None
    provider_name: str = ""
    provider_id: str = ""
    model: str = ""
    end: str = ""
    successor: ModelEntry | None = None
    offers: tuple[VariantOffer, ...] = ()

    @property
    def short_name(self) -> str:
        """Return the variant's name, otherwise the model's."""
        return self.model_name if self.variant is None else self.variant.label

    @property
    def display_effort(self) -> Effort | None:
        """Return the effort, or None if the model offers no choice of effort."""
        return self.effort if self.offers_effort else None

    @property
    def listed_efforts(self) -> tuple[Effort, ...]:
        """Return the model's efforts; with a variant, also those of the other variants."""
        if self.variant is None:
            return self.efforts
        return tuple(sorted({*self.efforts, *_VARIANT_EFFORTS}, key=lambda effort: effort.rank))

    def effort_beside(self, step: int) -> Effort | None:
        """Return the next higher (+1) or lower (-1) effort that can be chosen; None for none."""
        accepted_efforts = [
            effort for effort in self.listed_efforts if effort not in self.effort_refusals
        ]
        if not self.offers_effort or self.effort not in accepted_efforts:
            return None
        index = accepted_efforts.index(self.effort) + step
        return accepted_efforts[index] if 0 <= index < len(accepted_efforts) else None


class ChoiceFigures(Value, frozen=True):
    """Cost and duration of the typed message with each variant and effort, as words.

    `successor` has the costs with the chosen model's successor and with itself.
    """

    variants: Mapping[Variant, str] = {}
    efforts: Mapping[Effort, str] = {}
    successor: str = ""


def no_choice() -> ChoiceView:
    """Return the view of a choice before any model is known."""
    return ChoiceView(None, tr("Loading…"), None, offers_variants=False)
