"""The errors that nlu_lite raises.

    NluLiteError
    ├── BadReference               a reference cannot be used
    │   ├── UnknownReference       no such reference or repository
    │   ├── LicensedReference      exists, but its model is not public
    │   └── UnsupportedReference   exists, but this library cannot read that kind of model
    ├── InputError                 the input data cannot be used                (also a ValueError)
    ├── OptionError                the value of an option cannot be used        (also a ValueError)
    │   └── UnknownOption          there is no option of this name              (also a TypeError)
    ├── UnsupportedCall            a call of NLU or Spark NLP is another here   (also an AttributeError)
    ├── MissingExtra               an optional package is not installed         (also an ImportError)
    ├── SourceError                a file cannot be fetched, read or written    (also an OSError)
    │   └── OfflineError           a file is not on this machine, and the network is disabled
    ├── FormatError                the content of a file is invalid             (also a ValueError)
    │   └── IntegrityError         the bytes of a file differ from the published ones
    └── ModelError                 a model contradicts its own description, or returns values that are not numbers

Each error has the value received, the expected values, the remedy, and for a mistyped name the nearest names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

LONGEST = 3000
"""Maximum number of characters of `NluLiteError.got`."""
LONGEST_NAME = 100
"""Maximum number of characters of a name that are compared."""


def escape_surrogates(text: str) -> str:
    r"""Escape lone surrogates, as in file names that are not UTF-8 and in JSON: no encoding can write them.

    Example:
        >>> escape_surrogates("a name of \udcff")
        'a name of \\udcff'
    """
    return text.encode("utf-8", "backslashreplace").decode()


class NluLiteError(Exception):
    """The base class of all errors.

    Args:
        got: The problem, as a clause: ``"no reference is called 'xx.embed.xml'"``. Longer texts than a page, such as
            bytes quoted by another library, are truncated.
        expected: The expected values, as a noun phrase; empty if `got` is clear without them.
        remedy: The next step for the reader, as a sentence without its period.
        nearest: The nearest existing names, best first.

    Example:
        >>> raise NluLiteError("device 'gpu' is unknown", "cpu, cuda or mps", "Pass device='cuda'")
        Traceback (most recent call last):
        nlu_lite.errors.NluLiteError: device 'gpu' is unknown; expected cpu, cuda or mps. Pass device='cuda'.
    """

    def __init__(self, got: str, expected: str = "", remedy: str = "", nearest: Sequence[str] = ()) -> None:
        self.got = escape_surrogates(got if len(got) <= LONGEST else f"{got[:LONGEST]}...")
        self.expected = escape_surrogates(expected)
        self.remedy = escape_surrogates(remedy)
        self.nearest = tuple(map(escape_surrogates, nearest))
        super().__init__(self._message())

    def __reduce__(self) -> tuple[type[NluLiteError], tuple[str, str, str, tuple[str, ...]]]:
        return type(self), (self.got, self.expected, self.remedy, self.nearest)

    def _message(self) -> str:
        first = f"{self.got}; expected {self.expected}" if self.expected else self.got
        near = f"Nearest: {', '.join(self.nearest)}" if self.nearest else ""
        return " ".join(f"{part}." for part in (first, near, self.remedy) if part)


def find_nearest_names(name: object, names: Iterable[object], most: int = 3) -> list[str]:
    """List the names that are nearest to a mistyped name, best first.

    Case is ignored, and ``-``, ``_`` and spaces count as the same character. Names that begin with the mistyped name
    come first, then similar names. If there are none, names that begin with the same three letters are listed.

    Example:
        >>> find_nearest_names("maen", ["first", "mean", "max"]), find_nearest_names("DOC", ["token", "document"])
        (['mean'], ['document'])
    """
    folded = {_fold(other): str(other) for other in names}
    wanted = _fold(name)
    begun = [key for key in folded if wanted and key.startswith(wanted)]
    found = [*begun, *get_close_matches(wanted, folded, n=most)]
    found = found or [key for key in folded if len(wanted) > 2 and key.startswith(wanted[:3])]
    return [folded[key] for key in dict.fromkeys(found)][:most]


def _fold(name: object) -> str:
    return str(name)[:LONGEST_NAME].strip().casefold().replace("-", "_").replace(" ", "_")


class BadReference(NluLiteError):
    """A reference cannot be used."""


class UnknownReference(BadReference, LookupError):
    """The reference or repository does not exist."""


class LicensedReference(BadReference):
    """The reference exists, but its model is not public."""


class UnsupportedReference(BadReference):
    """The reference exists, but this library cannot read that kind of model."""


class InputError(NluLiteError, ValueError):
    """The input data cannot be used."""


class OptionError(NluLiteError, ValueError):
    """The value of an option cannot be used."""


class UnknownOption(OptionError, TypeError):
    """There is no option of this name."""


class UnsupportedCall(NluLiteError, AttributeError):
    """An attribute or method exists in NLU, and not here; the remedy is the call to use instead."""


class MissingExtra(NluLiteError, ImportError):
    """An optional package is not installed."""


class SourceError(NluLiteError, OSError):
    """A file cannot be fetched, read or written."""


class OfflineError(SourceError):
    """A file is not on this machine, and the network is disabled."""


class FormatError(NluLiteError, ValueError):
    """The content of a file is invalid."""


class IntegrityError(FormatError):
    """The bytes of a file differ from the published ones."""


class ModelError(NluLiteError):
    """A model contradicts its own description, or returns values that are not numbers."""
