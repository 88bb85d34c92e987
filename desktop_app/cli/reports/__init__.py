"""Commands that report figures: `repartee spending`.

May import what `cli` may.
"""
