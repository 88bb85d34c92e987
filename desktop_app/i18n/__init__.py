"""Text in the user's language: gettext catalogs, and formats of numbers and dates.

Every package may import it. It imports the standard library, and Babel when a command first formats
a number for a locale (the window sets Qt's formats instead).
"""
