"""The pinned conversations of the list, in the order that the user gave them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from desktop_app.app.session import Controller, Session
from desktop_app.i18n.translation import tr
from desktop_app.library.ui.conversation_list import ConversationList
from desktop_app.library.ui.list_presenter import ListPresenter

ORDER_KEY: Final = "list.pinned_order"


class PinnedOrder(Controller):
    """Pins of the list's conversations, in the user's order."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._presenter = session.of(ListPresenter)
        self._list = session.of(ConversationList)
        self._flag_store = session.backend.flags
        self._settings_store = session.backend.settings

    async def load(self) -> None:
        """Load the order, before the list is filled."""
        stored_order = (await self._settings_store.all()).get(ORDER_KEY)
        if isinstance(stored_order, list):
            self._list.model.set_pin_order([str(id_) for id_ in stored_order])

    def pin(self, conversation_ids: Sequence[str], pinned: bool) -> None:
        """Pin or unpin conversations."""
        self._notifications.announce(tr("Pinned") if pinned else tr("Unpinned"))
        self._presenter.change(conversation_ids, pinned=pinned)
        self._presenter.writes.start(self._flag_store.set_pinned(conversation_ids, pinned))

    def pin_chosen(self) -> None:
        """Pin the marked conversations or the open one, or unpin them if all are pinned."""
        if chosen_conversations := self._presenter.chosen_conversations:
            should_pin = not all(conversation.pinned for conversation in chosen_conversations)
            self.pin([conversation.id for conversation in chosen_conversations], should_pin)

    def move(self, step: int) -> None:
        """Move the chosen pinned conversation up (-1) or down (+1), and announce its position."""
        order = self._list.model.pinned_ids
        chosen_conversations = [c for c in self._presenter.chosen_conversations if c.id in order]
        if len(chosen_conversations) != 1:
            self._notifications.notify(tr("Choose one pinned conversation to move it."))
            return
        conversation = chosen_conversations[0]
        index = order.index(conversation.id)
        new_index = min(max(index + step, 0), len(order) - 1)
        order.insert(new_index, order.pop(index))
        if new_index != index:
            self.arrange(order)
        self._notifications.announce(
            tr(
                "{title}: {position} of {count} pinned conversations",
                title=conversation.title,
                position=new_index + 1,
                count=len(order),
            )
        )

    def arrange(self, order: Sequence[str]) -> None:
        """Show and store this order of pinned conversations; pin those that are not yet pinned."""
        former_order = self._list.model.pinned_ids
        newly_pinned = [id_ for id_ in order if id_ not in former_order]
        self._apply_order(order, newly_pinned, pinned=True)
        self._notifications.notify_undo(
            tr("Pinned conversations rearranged"),
            lambda: self._apply_order(former_order, newly_pinned, pinned=False),
        )

    def _apply_order(self, order: Sequence[str], changed_ids: list[str], *, pinned: bool) -> None:
        if changed_ids:
            self._presenter.change(changed_ids, pinned=pinned)
            self._presenter.writes.start(self._flag_store.set_pinned(changed_ids, pinned))
        # In a folder, the list shows only some pinned conversations.
        order = [*order, *(id_ for id_ in self._list.model.order.pin_order if id_ not in order)]
        self._list.model.set_pin_order(order)
        self._presenter.writes.start(self._settings_store.set(ORDER_KEY, order))
