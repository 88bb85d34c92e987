"""The number of examples of a property test, relative to hypothesis's profile."""

from __future__ import annotations

from hypothesis import settings


def examples(percent: int) -> int:
    """Return `percent` of the profile's examples, so that a campaign multiplies them too."""
    profile = settings.get_profile(settings.get_current_profile_name())
    return max(5, profile.max_examples * percent // 100)
