"""A growing source: stable prefix, open tail, patches of blocks.

May import `markdown` and `provisional`.
"""
