"""The parameters of a command’s answers, and several answers to one question.

May import what `cli` may.
"""
