"""Tasks that the program itself gives to a small model: titles and short texts.

Imports domain, Protocols of services.
"""
