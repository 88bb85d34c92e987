"""Standard input and output, the terminal, and questions on it.

May import what `cli` may.
"""
