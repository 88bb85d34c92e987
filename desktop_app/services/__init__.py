"""Use cases over Protocols.

May import domain; adapters satisfy the Protocols of `ports`.
"""
