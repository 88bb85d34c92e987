"""Readers for exports of other programs.

May import domain.
"""
