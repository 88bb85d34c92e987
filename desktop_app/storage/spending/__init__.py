"""The ledger, its sums, and the holds of running calls.

May import `storage.database` and the row conversions of `storage.conversations`.
"""
