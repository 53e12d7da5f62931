"""What somebody meant by a string that is no reference: a folder, an archive, a repository of the hub, an address."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from nlu_lite.registry.catalogue import REPOSITORY

SCHEMES = {"hf": "hf:organisation/name", "path": "path:DIR", "sparknlp": "sparknlp:DIR_OR_ZIP"}
"""What direct references begin with, and the forms that they have."""

SEARCH = "Check the name, or look for it: nlu-lite search WORDS"
HUB = ("huggingface.co", "www.huggingface.co", "hf.co")
PATH = re.compile(r"(?:\.{1,2}|~[^/\\]*|[a-zA-Z]:)?[/\\]|\.{1,2}$|~$")
"""How a path begins that no reference and no repository can be: with ``/``, ``./``, ``~/``, ``C:\\``."""

ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")
AT = re.compile(r"(?P<repository>[^@\s]+/[^@\s]+)@(?P<revision>[^@\s]+)")
LONGEST = 4096


def is_path(text: str) -> bool:
    """Say whether a string can only be a path.

    Example:
        >>> [is_path(text) for text in ("./model", "~/model", "C:/model", "org/model", "en.embed.bert")]
        [True, True, True, False, False]
    """
    return PATH.match(text) is not None


def remedy_for(written: str) -> str:
    """Return the remedy for a string that is no reference.

    Example:
        >>> remedy_for("intfloat/multilingual-e5-small"), remedy_for("./model")
        ('Load hf:intfloat/multilingual-e5-small', 'Load path:./model')
    """
    meant = list(dict.fromkeys(_meant(written))) if len(written) <= LONGEST else []
    return f"Load {' or '.join(meant)}" if meant else SEARCH


def remedy_for_object(request: object) -> str:
    """Return the remedy for an object that is no string."""
    if isinstance(request, os.PathLike):
        path = os.fsdecode(request)
        return f"Load {_local(path)}"
    if request is None:
        return "Leave it out for the packaged model"
    if isinstance(request, Iterable) and not isinstance(request, bytes | bytearray):
        return "Pass each reference as an argument of its own: load(*references)"
    return "Pass the reference's name"


def _meant(written: str) -> Iterable[str]:
    """Name the references that a string may stand for, the likeliest first."""
    scheme, colon, rest = written.partition(":")
    if colon and scheme.lower() in SCHEMES:
        yield from _meant_after(scheme.lower(), rest.strip())
    elif ADDRESS.match(written):
        yield from _at_address(written)
    elif is_path(written):
        yield _local(written)
    else:
        is_local = _exists(written) or written.lower().endswith(".zip") or written.count("/") > 1
        yield from [_local(written)] if is_local else []
        yield from _repository(written)


def _meant_after(scheme: str, rest: str) -> Iterable[str]:
    """Name what a scheme with something unfit behind it may stand for."""
    if not rest:
        return
    if scheme != "hf":
        yield f"{scheme}:{rest}"
    elif ADDRESS.match(rest):
        yield from _at_address(rest)
    elif is_path(rest):
        yield _local(rest)
    else:
        yield from _repository("/".join(rest.split("/")[:2]))


def _at_address(address: str) -> Iterable[str]:
    try:
        parts = urlsplit(address)
    except ValueError:
        return
    names = parts.path.strip("/").split("/")
    if parts.scheme == "file" and parts.path:
        yield _local(unquote(parts.path))
    elif parts.hostname in HUB:
        repository = "/".join(names[:2])
        yield from [f"hf:{repository}"] if REPOSITORY.fullmatch(repository) else []


def _repository(written: str) -> Iterable[str]:
    at = AT.fullmatch(written)
    name = at["repository"] if at else written
    if name.count("/") == 1 and REPOSITORY.fullmatch(name):
        yield f"hf:{name}" + (f" with revision={at['revision']!r}" if at else "")


def _local(path: str) -> str:
    return f"{'sparknlp' if path.lower().endswith('.zip') else 'path'}:{path}"


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # overlong, or with a NUL
        return False
