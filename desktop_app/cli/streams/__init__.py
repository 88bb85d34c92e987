"""Standard input and output, the terminal, and questions on it.

Imports domain, i18n.
"""
