"""`nlu-lite download`, `nlu-lite convert`, `nlu-lite cache`: models on this machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from nlu_lite.errors import IntegrityError, OptionError
from nlu_lite.store.cache import Cache, default_cache

CacheDir = Annotated[
    Path | None,
    typer.Option(help="Folder of the cache; by default NLU_LITE_CACHE, else the user's cache folder.", metavar="DIR"),
]
Keys = Annotated[list[str] | None, typer.Argument(metavar="KEY...", help="Keys, as `nlu-lite cache list` gives them.")]

cache_app = typer.Typer(
    name="cache",
    help="What was downloaded from Spark NLP's bucket, or converted. The hub's files lie in the Hugging Face cache.",
    no_args_is_help=True,
)


def download(
    references: Annotated[list[str], typer.Argument(metavar="REF...", help="References of models.")],
    keep_archive: Annotated[
        bool, typer.Option("--keep-archive", help="Keep a downloaded archive after its conversion.")
    ] = False,
    cache_dir: CacheDir = None,
) -> None:
    """Fetch models, and convert what has to be converted, so that loading them needs no network.

    Prints each reference with the folder in which its model lies now. For example:

    nlu-lite download xx.embed.xlm_roberta_xtreme_base
    """
    from nlu_lite.store.checkpoints import download as fetch_and_convert
    from nlu_lite.store.sources import Access, Archives

    access = Access(default_cache(cache_dir))
    found = fetch_and_convert(references, replace(access, archives=Archives.KEEP) if keep_archive else access)
    for spec, folder in found:
        typer.echo(f"{spec.reference}\t{folder}")
    if not found:
        typer.echo("None of these has a model: there is nothing to download.", err=True)


def convert(
    archive: Annotated[Path, typer.Argument(help="A model that Spark NLP saved, as a folder or zip.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that does not exist yet.")],
) -> None:
    """Write a model as a folder in transformers' layout, which AutoModel and `path:DIR` load.

    For example:

    nlu-lite convert xlm_roberta_xtreme_base_xx_3.1.3_2.4_1626712227969.zip xtreme
    """
    from nlu_lite.store.checkpoints import convert as read_and_write

    read_and_write(archive, folder)
    typer.echo(folder)


@cache_app.command("list")
def list_cache(cache_dir: CacheDir = None) -> None:
    """Print key, size and origin of what the cache holds."""
    cache = default_cache(cache_dir)
    sizes = {entry.key: f"{entry.size / 1e6:,.1f} MB" for entry in cache.entries()}
    for key in cache.names():
        typer.echo("\t".join([key, sizes.get(key, "not whole"), *_list_origins(cache, key)]))


@cache_app.command("verify")
def verify_cache(keys: Keys = None, cache_dir: CacheDir = None) -> None:
    """Compare files with the digests that they had when they were placed; by default all of them."""
    cache = default_cache(cache_dir)
    damaged: list[IntegrityError] = []
    for key in keys or cache.names():
        try:
            cache.verify(key)
            typer.echo(f"{key}\twhole")
        except IntegrityError as error:
            damaged.append(error)
            typer.echo(f"{key}\tdamaged: {error.got}")
    if damaged:
        remedy = "Remove what is damaged, with nlu-lite cache remove KEY, and load it again"
        raise IntegrityError(f"{len(damaged)} damaged in {cache.root}", "the files that were placed there", remedy)


@cache_app.command("remove")
def remove_from_cache(
    keys: Keys = None,
    everything: Annotated[bool, typer.Option("--all", help="Remove all that `list` gives.")] = False,
    cache_dir: CacheDir = None,
) -> None:
    """Delete models or archives. What is known of an archive stays: a later download must have the same SHA-256."""
    cache = default_cache(cache_dir)
    if everything == bool(keys):
        raise OptionError(f"{len(keys or ())} keys, --all {everything}", "either keys or --all", "Give one of the two")
    for key in keys or cache.names():
        cache.remove(key)
        typer.echo(f"{key}\tremoved")


def _list_origins(cache: Cache, key: str) -> list[str]:
    """Give the archives from which a folder came, each with who vouches for its bytes."""
    from nlu_lite.store.sources import known_archives

    kind, _, digest = key.partition("-")
    return [
        f"{record.file} ({record.verified})"
        for record in known_archives(cache)
        if (kind == "model" and digest == record.sha256) or (kind == "archive" and f"{digest}.zip" == record.file)
    ]
