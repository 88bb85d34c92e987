"""What shapes the answers of a command, and several answers to one question.

May import what `cli` may.
"""
