"""Text in the user's language: gettext catalogs, and formats of numbers and dates.

Every package may import it.
"""

__all__ = ["formatting", "translation", "written_language"]
