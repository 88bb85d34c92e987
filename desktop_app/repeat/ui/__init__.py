"""The row below the batch jobs, and what asks prompts while the program runs."""
