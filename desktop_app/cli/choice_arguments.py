"""Variants on the command line, as VARIANT[/EFFORT], with errors that say what is accepted."""

from __future__ import annotations

import argparse

from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr


def variant_argument(text: str) -> str:
    """Check VARIANT[/EFFORT] and return it unchanged. Raises ArgumentTypeError."""
    name = text.partition("/")[0]
    names = [variant.value for variant in Variant]
    if name not in names:
        words = tr("“{text}” isn’t one of {names}", text=name, names=formatting.joined(names))
        raise argparse.ArgumentTypeError(words)
    return variant_or_model_argument(text)


def variant_or_model_argument(text: str) -> str:
    """Check VARIANT, VARIANT/EFFORT or the name of a model, and return it unchanged.

    Raises:
        argparse.ArgumentTypeError: the text after a variant's slash is not an effort.
    """
    name, slash, effort = text.partition("/")
    names = [each.value for each in Effort]
    if slash and name in {variant.value for variant in Variant} and effort not in names:
        words = tr("“{text}” isn’t one of {names}", text=effort, names=formatting.joined(names))
        raise argparse.ArgumentTypeError(words)
    return text
