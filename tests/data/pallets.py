"""Counts pallets."""


def pallets(rooms: dict[str, int]) -> int:
    """Sum over all rooms; a room without an entry is empty."""
    return sum(rooms.values())
