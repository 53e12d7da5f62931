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
    offline: Annotated[bool, typer.Option("--offline", help="Use only what is on this machine.")] = False,
) -> None:
    """Print a lock: where each model comes from, with the SHA-256 and size of every file.

    Models that are not here are fetched. For example:

    nlu-lite lock xx.embed.xlm hf:org/name > models.lock

    nlu_lite.load("xx.embed.xlm", lock="models.lock") then takes these bytes and no others.
    """
    from nlu_lite.store import lockfile as locking
    from nlu_lite.store.cache import default_cache
    from nlu_lite.store.sources import Access

    typer.echo(locking.make(references or (), Access(default_cache(), offline=offline or None)), nl=False)


def verify(path: Annotated[Path, typer.Argument(metavar="LOCK", help="A file that `nlu-lite lock` made.")]) -> None:
    """Compare the models on this machine with a lock; nothing is fetched.

    Code 1 if a model is not here or has other bytes. For example:

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
    """Say what is wrong with a model, in a line; print that it is well, and nothing, where it is."""
    from nlu_lite.store.cache import default_cache
    from nlu_lite.store.sources import Access

    try:
        model.verify(Access(default_cache(), offline=True))
    except NluLiteError as error:
        return " ".join(f"{model.reference}: {error}".split())
    size = sum(digest.size for digest in model.files.values())
    files = "1 file" if len(model.files) == 1 else f"{len(model.files)} files"
    typer.echo(f"{model.reference}: as locked, {files}, {size:,} bytes")
    return ""
