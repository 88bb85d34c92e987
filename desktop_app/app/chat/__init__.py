"""Questions, the choice of models, comparison, compaction, branches, temporary conversations.

Of the other features it imports `answers` and the shared objects of `library`.
"""
