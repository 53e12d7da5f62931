"""The names of `nlu_lite.annotators`, refused ones too, for imports from Spark NLP's module of this name."""

from functools import partial

from nlu_lite import annotators
from nlu_lite.annotators.refused import load_names

__all__ = [*annotators.__all__, *load_names()]
__getattr__ = partial(getattr, annotators)
