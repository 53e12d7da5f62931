"""Remedies for strings that are not references but resemble one: paths, archives, hub repositories, URLs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from nlu_lite.registry.catalogue import REPOSITORY

SCHEMES = {"hf": "hf:organisation/name", "path": "path:DIR", "sparknlp": "sparknlp:DIR_OR_ZIP"}
"""Schemes of direct references, each with its form."""

SEARCH = "Check the name, or search for it: nlu-lite search WORDS"
HUB = ("huggingface.co", "www.huggingface.co", "hf.co")
PATH = re.compile(r"(?:\.{1,2}|~[^/\\]*|[a-zA-Z]:)?[/\\]|\.{1,2}$|~$")
"""The beginning of a path that cannot be a reference or a repository: ``/``, ``./``, ``~/``, ``C:\\``."""

URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")
REPOSITORY_AT = re.compile(r"(?P<repository>[^@\s]+/[^@\s]+)@(?P<revision>[^@\s]+)")
MAXIMUM_LENGTH = 4096
"""Maximum length of a string that is examined, in characters."""


def is_path(text: str) -> bool:
    """Return whether a string can only be a path.

    Example:
        >>> [is_path(text) for text in ("./model", "~/model", "C:/model", "org/model", "en.embed.bert")]
        [True, True, True, False, False]
    """
    return PATH.match(text) is not None


def find_remedy(written: str) -> str:
    """Return the remedy for a string that is not a reference.

    Example:
        >>> find_remedy("intfloat/multilingual-e5-small"), find_remedy("./model")
        ('Load hf:intfloat/multilingual-e5-small', 'Load path:./model')
    """
    guesses = list(dict.fromkeys(_guess(written))) if len(written) <= MAXIMUM_LENGTH else []
    return f"Load {' or '.join(guesses)}" if guesses else SEARCH


def find_remedy_for_object(request: object) -> str:
    """Return the remedy for an object that is not a string."""
    if isinstance(request, os.PathLike):
        path = os.fsdecode(request)
        return f"Load {_build_local(path)}"
    if request is None:
        return "Leave it out for the packaged model"
    if isinstance(request, Iterable) and not isinstance(request, bytes | bytearray):
        return "Pass each reference as an argument of its own: load(*references)"
    return "Pass the reference's name"


def _guess(written: str) -> Iterable[str]:
    """Yield the references that a string may mean, the most likely first."""
    scheme, colon, rest = written.partition(":")
    if colon and scheme.lower() in SCHEMES:
        yield from _guess_after_scheme(scheme.lower(), rest.strip())
    elif URL.match(written):
        yield from _guess_from_url(written)
    elif is_path(written):
        yield _build_local(written)
    else:
        is_local = _exists(written) or written.lower().endswith(".zip") or written.count("/") > 1
        yield from [_build_local(written)] if is_local else []
        yield from _guess_repository(written)


def _guess_after_scheme(scheme: str, rest: str) -> Iterable[str]:
    """Yield the references that a scheme followed by an unsuitable string may mean."""
    if not rest:
        return
    if scheme != "hf":
        yield f"{scheme}:{rest}"
    elif URL.match(rest):
        yield from _guess_from_url(rest)
    elif is_path(rest):
        yield _build_local(rest)
    else:
        yield from _guess_repository("/".join(rest.split("/")[:2]))


def _guess_from_url(url: str) -> Iterable[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    names = parts.path.strip("/").split("/")
    if parts.scheme == "file" and parts.path:
        yield _build_local(unquote(parts.path))
    elif parts.hostname in HUB:
        repository = "/".join(names[:2])
        yield from [f"hf:{repository}"] if REPOSITORY.fullmatch(repository) else []


def _guess_repository(written: str) -> Iterable[str]:
    at = REPOSITORY_AT.fullmatch(written)
    name = at["repository"] if at else written
    if name.count("/") == 1 and REPOSITORY.fullmatch(name):
        yield f"hf:{name}" + (f" with revision={at['revision']!r}" if at else "")


def _build_local(path: str) -> str:
    return f"{'sparknlp' if path.lower().endswith('.zip') else 'path'}:{path}"


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # the path is too long or has a NUL
        return False
