"""`nlu-lite download`, `nlu-lite convert` and `nlu-lite cache`: models on this machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from nlu_lite.errors import IntegrityError, OptionError
from nlu_lite.store.cache import Cache, locate_cache

CacheDir = Annotated[
    Path | None,
    typer.Option(help="Folder of the cache. Default: NLU_LITE_CACHE, or the user's cache folder.", metavar="DIR"),
]
Keys = Annotated[list[str] | None, typer.Argument(metavar="KEY...", help="Keys, as printed by `nlu-lite cache list`.")]

cache_app = typer.Typer(
    name="cache",
    help="Manage downloaded archives and converted models. Files of the hub are in the Hugging Face cache.",
    no_args_is_help=True,
)


def download(
    references: Annotated[list[str], typer.Argument(metavar="REF...", help="References of models.")],
    keep_archive: Annotated[
        bool, typer.Option("--keep-archive", help="Keep a downloaded archive after its conversion.")
    ] = False,
    cache_dir: CacheDir = None,
) -> None:
    """Fetch models, and convert them if necessary, so that they load without network access.

    Prints each reference with the folder of its model. For example:

    nlu-lite download xx.embed.xlm_roberta_xtreme_base
    """
    from nlu_lite.store.checkpoints import download as fetch_and_convert
    from nlu_lite.store.sources import Access, ArchiveRetention

    access = Access(locate_cache(cache_dir))
    found = fetch_and_convert(references, replace(access, archives=ArchiveRetention.KEEP) if keep_archive else access)
    for spec, folder in found:
        typer.echo(f"{spec.reference}\t{folder}")
    if not found:
        typer.echo("None of these references has a model: there is nothing to download.", err=True)


def convert(
    archive: Annotated[Path, typer.Argument(help="A model saved by Spark NLP, as a folder or zip file.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that does not exist yet.")],
) -> None:
    """Convert a model to a folder in transformers' layout, for AutoModel and `path:DIR`.

    For example:

    nlu-lite convert xlm_roberta_xtreme_base_xx_3.1.3_2.4_1626712227969.zip xtreme
    """
    from nlu_lite.store.checkpoints import convert as read_and_write

    read_and_write(archive, folder)
    typer.echo(folder)


@cache_app.command("list")
def list_cache(cache_dir: CacheDir = None) -> None:
    """List the models and archives in the cache, with key, size and origin."""
    cache = locate_cache(cache_dir)
    sizes = {folder.key: f"{folder.size / 1e6:,.1f} MB" for folder in cache.list_folders()}
    for key in cache.list_keys():
        typer.echo("\t".join([key, sizes.get(key, "not whole"), *_list_origins(cache, key)]))


@cache_app.command("verify")
def verify_cache(keys: Keys = None, cache_dir: CacheDir = None) -> None:
    """Compare files with their recorded digests. Default: all files."""
    cache = locate_cache(cache_dir)
    damaged: list[IntegrityError] = []
    for key in keys or cache.list_keys():
        try:
            cache.verify(key)
            typer.echo(f"{key}\twhole")
        except IntegrityError as error:
            damaged.append(error)
            typer.echo(f"{key}\tdamaged: {error.got}")
    if damaged:
        remedy = "Remove damaged entries with nlu-lite cache remove KEY, and load the models again"
        raise IntegrityError(f"{len(damaged)} damaged in {cache.root}", "the recorded digests", remedy)


@cache_app.command("remove")
def remove_from_cache(
    keys: Keys = None,
    everything: Annotated[bool, typer.Option("--all", help="Remove everything in the cache.")] = False,
    cache_dir: CacheDir = None,
) -> None:
    """Delete models or archives. The digest of an archive is kept: a later download must have the same SHA-256."""
    cache = locate_cache(cache_dir)
    if everything == bool(keys):
        raise OptionError(f"{len(keys or ())} keys, --all {everything}", "either keys or --all", "Pass one of the two")
    for key in keys or cache.list_keys():
        cache.remove(key)
        typer.echo(f"{key}\tremoved")


def _list_origins(cache: Cache, key: str) -> list[str]:
    """List the archives from which a folder was converted, each with the source of its digest."""
    from nlu_lite.store.sources import list_archive_records

    kind, _, digest = key.partition("-")
    return [
        f"{record.file} ({record.verification})"
        for record in list_archive_records(cache)
        if (kind == "model" and digest == record.sha256) or (kind == "archive" and f"{digest}.zip" == record.file)
    ]
