"""The run of an answer: streamed, measured, limited, stored and recorded in the ledger."""
