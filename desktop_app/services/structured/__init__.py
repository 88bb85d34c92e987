"""Structured answers: checks JSON Schemas, grammars, and the answers that follow them.

May import domain and the other services; jsonschema and lark are imported late.
"""
