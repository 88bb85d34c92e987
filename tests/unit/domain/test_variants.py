"""The variants and efforts, as the menus show them."""

from __future__ import annotations

import pytest

from desktop_app.domain.models.variants import Effort, Variant


@pytest.mark.parametrize("choice", [*Variant, *Effort])
def test_each_has_a_label_and_advice_of_its_own(choice: Variant | Effort) -> None:
    alike = [other for other in type(choice) if other.advice == choice.advice]
    assert alike == [choice]
    assert choice.advice.strip()
    assert choice.label.lower().replace(" ", "") in (choice.value, "extrahigh")
