"""Text in the user's language: gettext catalogs, and formats of numbers and dates.

Every package may import it. It imports the standard library, and Babel when something is first
formatted for a locale.
"""
