"""Questions, the choice of models, comparison, compaction, branches, temporary conversations.

It imports shared objects of `answers` and `library`, no controllers.
"""
