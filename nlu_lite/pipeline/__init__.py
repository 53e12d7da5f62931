"""`load` and `Pipeline`: the only room that knows the whole path from a reference to a frame."""

from __future__ import annotations

from nlu_lite.pipeline.browse import info, references, search
from nlu_lite.pipeline.documents import choose_model
from nlu_lite.pipeline.loading import load
from nlu_lite.pipeline.mapper import BatchMapper
from nlu_lite.pipeline.opened import clear_models, load_once
from nlu_lite.pipeline.pipeline import Pipeline

__all__ = [
    "BatchMapper",
    "Pipeline",
    "choose_model",
    "clear_models",
    "info",
    "load",
    "load_once",
    "references",
    "search",
]
