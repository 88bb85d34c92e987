"""The providers: their clients and profiles, and what is learned from their replies.

May import what `backend` may.
"""
