"""How many examples a property test takes, relative to the profile of hypothesis."""

from __future__ import annotations

from hypothesis import settings


def examples(percent: int) -> int:
    """Return `percent` of the examples of the profile, so that a campaign multiplies them, too."""
    profile = settings.get_profile(settings.get_current_profile_name())
    return max(5, profile.max_examples * percent // 100)
