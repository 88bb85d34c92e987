"""The lists and tables of rows: their model, views and delegates."""
