"""Use cases: what happens when a person asks, summarises, spends. No Qt, no adapter."""
