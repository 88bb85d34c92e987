"""Writers of conversations for office programs: text, tables and slides.

May import domain and rendering. Each module imports its library, so import them late.
"""
