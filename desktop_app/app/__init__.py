"""Controllers between services and widgets, one package per feature.

May import everything; the only place that uses qasync. A feature may import shared objects of
another, such as `RunningAnswers`, but no controllers.
"""
