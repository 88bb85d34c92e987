"""The sections of a message that the user unfolded."""

from __future__ import annotations

import pytest

from desktop_app.transcript.message_items import TOGGLE_DETAILS, TOGGLE_PASSAGES, TOGGLE_TOOL
from desktop_app.transcript.unfolded_sections import UnfoldedSections


@pytest.mark.parametrize(
    ("action", "unfolded"),
    [
        (TOGGLE_DETAILS, UnfoldedSections(details=True)),
        (f"{TOGGLE_TOOL}12", UnfoldedSections(tools={12})),
        (f"{TOGGLE_PASSAGES}0", UnfoldedSections(sources={0})),
    ],
)
def test_an_action_unfolds_its_section_and_folds_it_again(
    action: str, unfolded: UnfoldedSections
) -> None:
    sections = UnfoldedSections()
    sections.toggle(action)
    assert sections == unfolded
    sections.toggle(action)
    assert sections == UnfoldedSections()


def test_each_block_of_code_unfolds_by_itself() -> None:
    sections = UnfoldedSections()
    sections.set_code_folded(3, folded=True)
    sections.set_code_folded(1, folded=False)
    assert sections.code == {1}
    sections.set_code_folded(1, folded=True)
    assert sections == UnfoldedSections()
