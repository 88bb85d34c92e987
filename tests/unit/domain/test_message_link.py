"""Links to conversations and messages."""

from __future__ import annotations

import pytest

from desktop_app.domain.conversations.message_link import MessageLink, parse_link

ONE, TWO = "0123456789abcdef" * 2, "f" * 32


@pytest.mark.parametrize(
    ("address", "link"),
    [
        (f"repartee://conversation/{ONE}", MessageLink(ONE)),
        (f"repartee://conversation/{ONE}/{TWO}", MessageLink(ONE, TWO)),
        (f" REPARTEE://Conversation/{ONE.upper()}/{TWO.upper()}/\n", MessageLink(ONE, TWO)),
        (f"repartee://conversation/{ONE}/", MessageLink(ONE)),
        (f"repartee://conversation/{ONE[1:]}", None),
        (f"repartee://conversation/{ONE}/{TWO}a", None),
        (f"https://conversation/{ONE}", None),
        ("", None),
    ],
)
def test_links_are_parsed(address: str, link: MessageLink | None) -> None:
    assert parse_link(address) == link


@pytest.mark.parametrize("link", [MessageLink(ONE), MessageLink(ONE, TWO)])
def test_a_formatted_link_is_parsed_again(link: MessageLink) -> None:
    assert parse_link(str(link)) == link
