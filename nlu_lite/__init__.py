"""Contextual vectors for the words of any language, in one line.

``nlu_lite.load("xx.embed.xlm_roberta_xtreme_base").predict("Put your text here.")``
"""

from nlu_lite._version import __version__
from nlu_lite.display import Info
from nlu_lite.errors import (
    BadReference,
    FormatError,
    InputError,
    IntegrityError,
    LicensedReference,
    MissingExtra,
    ModelError,
    NluLiteError,
    OfflineError,
    OptionError,
    SourceError,
    UnknownReference,
    UnsupportedReference,
)
from nlu_lite.frames import matrix
from nlu_lite.pipeline import BatchMapper, Pipeline, clear_models, info, load, references, search
from nlu_lite.registry import register

__all__ = [
    "BadReference",
    "BatchMapper",
    "FormatError",
    "Info",
    "InputError",
    "IntegrityError",
    "LicensedReference",
    "MissingExtra",
    "ModelError",
    "NluLiteError",
    "OfflineError",
    "OptionError",
    "Pipeline",
    "SourceError",
    "UnknownReference",
    "UnsupportedReference",
    "__version__",
    "clear_models",
    "info",
    "load",
    "matrix",
    "references",
    "register",
    "search",
]
