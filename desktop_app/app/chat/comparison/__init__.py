"""Answers of several models to one question, in columns.

It imports the models of `choice`, and shared objects of `answers` and `library`.
"""
