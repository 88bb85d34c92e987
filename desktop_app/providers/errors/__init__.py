"""Error replies of servers: their shapes, their words, and the errors that they become.

May import `http`, whose transport asks for the error of a refused request.
"""
