"""What the program itself asks a small model: titles and short texts.

Imports domain, Protocols of services.
"""
