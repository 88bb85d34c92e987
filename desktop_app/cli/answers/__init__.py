"""The model, parameters and form of a command’s answers; several answers to one question.

May import what `cli` may.
"""
