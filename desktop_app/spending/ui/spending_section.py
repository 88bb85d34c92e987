"""The monthly spending cap of a provider, and the amount spent so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from PySide6.QtCore import Qt

from desktop_app.domain.answering.chat_request import NO_PROVIDER, ProviderKind, ProviderProfile
from desktop_app.domain.bounds import checked_money
from desktop_app.domain.spending_report import MonthSpending
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import paragraph, tr
from desktop_app.spending.report_texts import month_text, uncertain_sentences
from desktop_app.widgets.forms.form_widgets import LineSection
from desktop_app.widgets.text.foreign_text import PlainButton


class SpendingSection(LineSection):
    """The monthly cap of a provider and its spending.

    Args:
        save: called with the new cap; None removes it.
        show_report: shows the spending report; None on its page.
    """

    def __init__(
        self, save: Callable[[Decimal | None], None], show_report: Callable[[], None] | None
    ) -> None:
        super().__init__(tr("Monthly limit (US dollars)"), "monthly-cap")
        self._save = save
        self._profile = NO_PROVIDER
        self._months: dict[str, MonthSpending] = {}
        self.field.setPlaceholderText(tr("No limit"))
        if show_report is not None:
            report_button = PlainButton(tr("Show spending"), name="show-spending", role="link")
            self._column.addWidget(report_button, 0, Qt.AlignmentFlag.AlignLeft)
            report_button.clicked.connect(lambda: show_report())
        self.finished.connect(self._save_entered)

    def show_profile(self, profile: ProviderProfile) -> None:
        """Show the cap and the month's spending of a profile."""
        self._profile = profile
        self.setVisible(profile.kind is not ProviderKind.ON_DEVICE)
        self.show_value(_amount(profile.monthly_cap), read_only=profile.from_environment)
        self._show_month()

    def set_month(self, profile_id: str, month: MonthSpending) -> None:
        self._months[profile_id] = month
        self._show_month()

    def _save_entered(self, text: str) -> None:
        try:
            cap = formatting.parse_amount(text)
            if cap is not None:
                checked_money(str(cap))
        except ValueError:
            self.note.set_text(
                tr("Enter an amount such as 20, or leave empty for no limit."), "error"
            )
            return
        self.show_value(_amount(cap))
        if cap != self._profile.monthly_cap:
            self._profile = replace(self._profile, monthly_cap=cap)
            self._save(cap)
        self._show_month()

    def _show_month(self) -> None:
        month = self._months.get(self._profile.id)
        sentences = [] if month is None else sentences_of(month, self._profile.monthly_cap)
        if self._profile.from_environment:
            sentences.append(tr("Shares the limit of the provider with the same URL."))
        # The cap of the profile may be newer than that of the month.
        is_near = month is not None and month._replace(cap=self._profile.monthly_cap).is_near_cap
        self.note.set_text(paragraph(*sentences), "warning" if is_near else "note")


def sentences_of(month: MonthSpending, cap: Decimal | None) -> list[str]:
    """Return a month's spending as sentences."""
    spent = month_text(month)
    if cap is None:
        sentences = [tr("{spent} spent this month.", spent=spent)]
    else:
        sentences = [
            tr("{spent} of {limit} spent this month.", spent=spent, limit=formatting.money(cap)),
            tr("A message that exceeds the limit isn’t sent."),
        ]
    return [*sentences, *uncertain_sentences(month)]


def _amount(cap: Decimal | None) -> str:
    return "" if cap is None else formatting.editable_amount(cap)
