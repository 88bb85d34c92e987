"""The viewport: surface, scroll anchor, virtualizer, and when streamed text and formulas appear."""
