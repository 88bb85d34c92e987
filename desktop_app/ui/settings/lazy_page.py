"""Pages of the settings that are created on first use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_Page = TypeVar("_Page", bound="QWidget")


class LazyPage(Generic[_Page]):
    """A page that is created when it is first shown, with the content it was given until then.

    Args:
        create: returns the page; called once.
        owner: the parent of a page that nobody has shown yet.
    """

    def __init__(self, create: Callable[[], _Page], owner: QWidget) -> None:
        self._create = create
        self._owner = owner
        self._page: _Page | None = None
        self._connections: list[Callable[[_Page], object]] = []
        self._content: dict[object, Callable[[_Page], object]] = {}

    @property
    def page(self) -> _Page:
        """Return the page; create it if it does not exist yet."""
        if self._page is None:
            page = self._page = self._create()
            page.setParent(self._owner)
            page.hide()  # it would cover the owner, which shows it in a layout
            for connect in tuple(self._connections):
                connect(page)
            for show in tuple(self._content.values()):
                show(page)
        return self._page

    def on_created(self, connect: Callable[[_Page], object]) -> None:
        """Call `connect`, which connects signals of the page, now or once the page exists."""
        self._connections.append(connect)
        if self._page is not None:
            connect(self._page)

    def set_content(self, key: object, show: Callable[[_Page], object]) -> None:
        """Call `show`, which sets content of the page, now or once the page exists.

        Args:
            key: names the content; a later `show` with the same key replaces an earlier one.
        """
        self._content[key] = show
        if self._page is not None:
            show(self._page)
