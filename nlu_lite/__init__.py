"""Contextual vectors for the words of any language, in one line."""

from nlu_lite._version import __version__

__all__ = ["__version__"]
