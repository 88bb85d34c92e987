"""Tasks that the program itself gives to a small model: titles and short texts.

May import domain, `ports` and the other services.
"""
