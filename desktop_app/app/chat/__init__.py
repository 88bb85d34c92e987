"""Questions and answers: edits, branches, temporary conversations, titles.

It imports shared objects of `answers` and `library`, no controllers.
"""
