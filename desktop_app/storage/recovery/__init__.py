"""Backup, restore, repair and erasure of a whole store.

May import every package of `storage`.
"""
