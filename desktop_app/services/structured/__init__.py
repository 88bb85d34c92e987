"""Structured answers: checks JSON Schemas and the answers that follow them.

May import domain and the other services; jsonschema_rs is imported late.
"""
