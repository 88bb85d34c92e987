"""The model choice as the widgets show it: plain values, built by the controllers."""

from __future__ import annotations

from collections.abc import Mapping

from desktop_app.domain.models.variants import FAMILY_EFFORTS, Effort, Variant
from desktop_app.domain.value import Value
from desktop_app.i18n.translation import tr


class ModelEntry(Value, frozen=True):
    """An entry of the model menu.

    `variant` is set for the three variants of GPT-5.2. `note` is shown after the name ("ends
    23 July 2026") and the tokens of the context `window`.
    """

    provider_id: str
    provider_name: str
    model: str
    name: str
    variant: Variant | None
    note: str = ""
    window: int | None = None


class ChoiceView(Value, frozen=True):
    """The model that answers, and the alternatives.

    Attributes:
        variant: None if another model than the three variants is chosen.
        effort: the effort in use; None if the model takes none.
        offers_variants: whether a variant is chosen and the provider offers all three.
        offers_effort: whether the model is known to take an effort.
        effort_refusals: a sentence for each effort that cannot be chosen now.
        models: the models of all providers, in order.
        notice: a sentence if the chosen model is shut down or answers in place of another
            model; otherwise "".
        background: whether the next answers run in the background; None if that is not offered.
        provider_name: the name of the provider.
        provider_id, model: the entry to check in the menu; "" for none.
    """

    variant: Variant | None
    model_name: str
    effort: Effort | None
    offers_variants: bool
    effort_refusals: Mapping[Effort, str] = {}
    offers_effort: bool = False
    models: tuple[ModelEntry, ...] = ()
    notice: str = ""
    background: bool | None = None
    provider_name: str = ""
    provider_id: str = ""
    model: str = ""

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
        """Return the five efforts of GPT-5.2, and `minimal` for another model that accepts it."""
        takes_minimal = self.variant is None and Effort.MINIMAL not in self.effort_refusals
        return tuple(e for e in Effort if e in FAMILY_EFFORTS or takes_minimal)

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
    """Cost and duration of the typed message with each variant and effort, as words."""

    variants: Mapping[Variant, str] = {}
    efforts: Mapping[Effort, str] = {}


def no_choice() -> ChoiceView:
    """Return the view of a choice before any model is known."""
    return ChoiceView(None, tr("Loading…"), None, offers_variants=False)
