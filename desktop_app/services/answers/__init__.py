"""The run of an answer: streamed, measured, limited, stored and recorded in the ledger.

May import domain, `ports`, models, spending, structured and tools.
"""
