"""The ledger, its sums, and holds of calls under way.

May import `storage.database` and the row conversions of `storage.conversations`.
"""
