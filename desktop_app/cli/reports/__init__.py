"""The commands that report figures: `repartee spending` and `repartee models`.

May import what `cli` may.
"""
