"""The errors that nlu_lite raises.

    NluLiteError
    ├── BadReference               a reference cannot be used
    │   ├── UnknownReference       no such reference or repository
    │   ├── LicensedReference      exists, but its model is not public
    │   └── UnsupportedReference   exists, but this library cannot read that kind of model
    ├── InputError                 the data given to predict cannot be used     (also a ValueError)
    ├── OptionError                an option has a value that cannot be used    (also a ValueError)
    ├── MissingExtra               an optional package is not installed         (also an ImportError)
    ├── SourceError                the files of a model could not be fetched    (also an OSError)
    │   └── OfflineError           they are not here, and the network is not to be used
    ├── FormatError                a file is not what it should be              (also a ValueError)
    │   └── IntegrityError         its bytes are not the published ones
    └── ModelError                 a model does not fit its own description or gives values that are not numbers

Every error says what was got, what was expected, and the remedy; where a name was mistyped, also the nearest names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

LONGEST = 3000
"""Characters of what was got that an error repeats."""
LONGEST_NAME = 100
"""Characters of a name that are compared with others."""


def printable(text: str) -> str:
    r"""Escape what no encoding can write: the bytes of file names that are not UTF-8, and lone surrogates of JSON.

    Example:
        >>> printable("a name of \udcff")
        'a name of \\udcff'
    """
    return text.encode("utf-8", "backslashreplace").decode()


class NluLiteError(Exception):
    """The root of the tree.

    Args:
        got: What was found, as a clause: ``"no reference is called 'xx.embed.xml'"``; of what is longer than
            a page, such as damaged bytes that another library quotes, the beginning is kept.
        expected: What would have been right, as a noun phrase; empty where `got` says it all.
        remedy: What the reader can do now, as a sentence without its full stop.
        nearest: The nearest names that exist, best first.

    Example:
        >>> raise NluLiteError("device 'gpu' is unknown", "cpu, cuda or mps", "Pass device='cuda'")
        Traceback (most recent call last):
        nlu_lite.errors.NluLiteError: device 'gpu' is unknown; expected cpu, cuda or mps. Pass device='cuda'.
    """

    def __init__(self, got: str, expected: str = "", remedy: str = "", nearest: Sequence[str] = ()) -> None:
        self.got = printable(got if len(got) <= LONGEST else f"{got[:LONGEST]}...")
        self.expected = printable(expected)
        self.remedy = printable(remedy)
        self.nearest = tuple(map(printable, nearest))
        super().__init__(self._message())

    def __reduce__(self) -> tuple[type[NluLiteError], tuple[str, str, str, tuple[str, ...]]]:
        return type(self), (self.got, self.expected, self.remedy, self.nearest)

    def _message(self) -> str:
        first = f"{self.got}; expected {self.expected}" if self.expected else self.got
        near = f"Nearest: {', '.join(self.nearest)}" if self.nearest else ""
        return " ".join(f"{part}." for part in (first, near, self.remedy) if part)


def nearest_names(name: object, names: Iterable[object], most: int = 3) -> list[str]:
    """List the names that a mistyped or misspelt one may stand for, best first.

    Case and the difference of ``-``, ``_`` and spaces do not count. First come the names that begin with the wanted
    one, then those much like it; where there are none, those that begin with the same three letters.

    Example:
        >>> nearest_names("maen", ["first", "mean", "max"]), nearest_names("DOC", ["token", "document"])
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
    """No such reference or repository."""


class LicensedReference(BadReference):
    """The reference exists, but its model is not public."""


class UnsupportedReference(BadReference):
    """The reference exists, but this library cannot read that kind of model."""


class InputError(NluLiteError, ValueError):
    """The data given to predict cannot be used."""


class OptionError(NluLiteError, ValueError):
    """An option has a value that cannot be used."""


class MissingExtra(NluLiteError, ImportError):
    """An optional package is not installed."""


class SourceError(NluLiteError, OSError):
    """The files of a model could not be fetched."""


class OfflineError(SourceError):
    """The files are not on this machine, and the network is not to be used."""


class FormatError(NluLiteError, ValueError):
    """A file is not what it should be."""


class IntegrityError(FormatError):
    """The bytes of a file are not the published ones."""


class ModelError(NluLiteError):
    """A model does not fit its own description, or gives values that are not numbers."""
