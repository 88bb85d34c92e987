"""The variants and efforts, as the menus show them."""

from __future__ import annotations

import pytest

from desktop_app.domain.models.variants import Effort, Variant


@pytest.mark.parametrize("choice", [*Variant, *Effort])
def test_each_variant_and_effort_has_a_different_label_and_advice(choice: Variant | Effort) -> None:
    alike = [other for other in type(choice) if other.advice == choice.advice]
    assert alike == [choice]
    assert choice.advice.strip()
    assert choice.label.lower().replace(" ", "") in (choice.value, "extrahigh")
