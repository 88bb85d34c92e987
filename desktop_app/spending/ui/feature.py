"""Spending: the commands, and what the window must know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature, call
from desktop_app.i18n.translation import N_
from desktop_app.shortcuts.command import Category, Menu

if TYPE_CHECKING:
    from desktop_app.app.session import Session


def _compose(session: Session) -> None:
    from desktop_app.spending.ui.estimate_presenter import EstimatePresenter
    from desktop_app.spending.ui.spending_controller import SpendingController

    session.main.of(EstimatePresenter)
    session.events.conversation_made.connect(lambda made: made.of(EstimatePresenter))
    session.events.store_changed.connect(session.of(SpendingController).refresh)


FEATURE: Final = Feature(
    actions=(
        Action(
            "spending.show",
            N_("Show spending"),
            Category.VIEW,
            "Ctrl+G, Ctrl+S",
            run=call("spending.ui.spending_controller.SpendingController.show"),
            menu_label=N_("Spending"),
            words=N_("cost costs money usage budget"),
            menu=(Menu.PROGRAM, 4),
            page="spending",
        ),
    ),
    compose=_compose,
)
