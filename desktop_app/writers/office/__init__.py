"""Writers of conversations for office programs: text, tables and slides. Each module imports its
library, so import them late.
"""
