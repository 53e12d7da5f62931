"""`nlu-lite lock` and `nlu-lite verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nlu_lite._version import __version__
from nlu_lite.errors import NluLiteError

if TYPE_CHECKING:
    from nlu_lite.store.locks import LockedModel


def lock(
    references: Annotated[
        list[str] | None, typer.Argument(metavar="REF...", help="References; by default the packaged model.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Use only files on this machine.")] = False,
) -> None:
    """Print a lock file: the origin of each model, with the SHA-256 and size of every file.

    Models that are not on this machine are fetched. For example:

    nlu-lite lock xx.embed.xlm hf:org/name > models.lock

    nlu_lite.load("xx.embed.xlm", lock="models.lock") then accepts only files with these digests.
    """
    from nlu_lite.store import lockfile as locking
    from nlu_lite.store.cache import locate_cache
    from nlu_lite.store.sources import Access

    typer.echo(locking.make(references or (), Access(locate_cache(), offline=offline or None)), nl=False)


def verify(path: Annotated[Path, typer.Argument(metavar="LOCK", help="A file written by `nlu-lite lock`.")]) -> None:
    """Compare the models on this machine with a lock file. Nothing is fetched.

    The exit code is 1 if a model is missing or differs. For example:

    nlu-lite verify models.lock
    """
    from nlu_lite.store import lockfile as locking

    found = locking.read(path)
    if found.version != __version__:
        typer.echo(f"{path} was made by nlu_lite {found.version}; this is {__version__}.", err=True)
    failures = [message for model in found.models.values() if (message := _verify_model(model))]
    for message in failures:
        typer.echo(f"nlu-lite: {message}", err=True)
    if failures:
        raise typer.Exit(1)


def _verify_model(model: LockedModel) -> str:
    """Compare a model with the lock: print a line if it matches, else return the error as one line."""
    from nlu_lite.store.cache import locate_cache
    from nlu_lite.store.sources import Access

    try:
        model.verify(Access(locate_cache(), offline=True))
    except NluLiteError as error:
        return " ".join(f"{model.reference}: {error}".split())
    size = sum(digest.size for digest in model.files.values())
    files = "1 file" if len(model.files) == 1 else f"{len(model.files)} files"
    typer.echo(f"{model.reference}: as locked, {files}, {size:,} bytes")
    return ""
