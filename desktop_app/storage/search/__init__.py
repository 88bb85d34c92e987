"""Full-text search over titles, messages and attachments.

May import `storage.database`, and the row conversions and SQL of `storage.conversations`.
"""
