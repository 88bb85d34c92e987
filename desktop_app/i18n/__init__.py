"""Text in the user's language: gettext catalogs, plurals, and the formats of numbers and dates.

Any package may import it. It imports the standard library; Babel when a command first formats a
number for a locale (the window sets Qt's formats instead).
"""
