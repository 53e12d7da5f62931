"""Contextual vectors for the words of any language, in one line.

``nlu_lite.load("xx.embed.xlm_roberta_xtreme_base").predict("Put your text here.")``
"""

from typing import TYPE_CHECKING

from nlu_lite._version import __version__

if TYPE_CHECKING:
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
        UnknownOption,
        UnknownReference,
        UnsupportedCall,
        UnsupportedReference,
    )
    from nlu_lite.frames import matrix, mean_vectors
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
    "UnknownOption",
    "UnknownReference",
    "UnsupportedCall",
    "UnsupportedReference",
    "__version__",
    "clear_models",
    "info",
    "load",
    "matrix",
    "mean_vectors",
    "references",
    "register",
    "search",
]

_ERRORS = "nlu_lite.errors"
_HOMES = {
    "BadReference": _ERRORS,
    "BatchMapper": "nlu_lite.pipeline",
    "FormatError": _ERRORS,
    "Info": "nlu_lite.display",
    "InputError": _ERRORS,
    "IntegrityError": _ERRORS,
    "LicensedReference": _ERRORS,
    "MissingExtra": _ERRORS,
    "ModelError": _ERRORS,
    "NluLiteError": _ERRORS,
    "OfflineError": _ERRORS,
    "OptionError": _ERRORS,
    "Pipeline": "nlu_lite.pipeline",
    "SourceError": _ERRORS,
    "UnknownOption": _ERRORS,
    "UnknownReference": _ERRORS,
    "UnsupportedCall": _ERRORS,
    "UnsupportedReference": _ERRORS,
    "clear_models": "nlu_lite.pipeline",
    "info": "nlu_lite.pipeline",
    "load": "nlu_lite.pipeline",
    "matrix": "nlu_lite.frames",
    "mean_vectors": "nlu_lite.frames",
    "references": "nlu_lite.pipeline",
    "register": "nlu_lite.registry",
    "search": "nlu_lite.pipeline",
}
"""The module of each public name, imported when the name is first used: together they take longer than numpy."""
_ROOMS = frozenset(("display", "errors", "files", "frames", "options", "pipeline", "registry"))
"""The modules that are attributes of the package without an import of their own."""

if not TYPE_CHECKING:  # type checkers see the imports above, and know of every other name that it does not exist

    def __getattr__(name):
        from importlib import import_module

        if name in _ROOMS:
            return import_module(f"{__name__}.{name}")
        if name not in _HOMES:
            _refuse(name)
        value = globals()[name] = getattr(import_module(_HOMES[name]), name)
        return value

    def _refuse(name):
        import sys

        from nlu_lite._util.nlu_names import refuse_attribute

        refuse_attribute(sys.modules[__name__], f"module {__name__!r}", name)

    def __dir__():
        return sorted({*globals(), *__all__})
