"""The page of tables: their list, and one of them with its rows, questions and answers."""
