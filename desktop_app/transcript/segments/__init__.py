"""The transcript as segments: each run of some 4,000 characters has a small document of its own."""
