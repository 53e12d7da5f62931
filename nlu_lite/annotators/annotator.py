"""The names of `nlu_lite.annotators`, for imports from Spark NLP's module of this name."""

from nlu_lite.annotators import *  # noqa: F403
from nlu_lite.annotators import __all__ as __all__
