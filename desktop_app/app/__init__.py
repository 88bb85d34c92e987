"""Controllers between services and widgets, one package per feature.

May import everything; the only place that uses qasync. Of each other, the features import shared
objects such as `RunningAnswers`, never controllers.
"""
