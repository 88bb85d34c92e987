"""Answers that follow a JSON Schema or a grammar."""
