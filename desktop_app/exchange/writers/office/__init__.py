"""Writers of conversations for office programs: text, tables and slides.

May import domain, rendering, `exchange.writers` and the root of `exchange`. Each module imports its
library, so import them late.
"""
