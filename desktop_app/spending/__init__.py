"""What was spent: `repartee spending`, the page, and the estimate at Send."""
