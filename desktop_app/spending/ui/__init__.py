"""Spending in the window: the table, the chart, the limit, the estimate below the prompt."""
