"""A reference's model becomes a `Checkpoint` on this machine: fetched, looked at, converted once, kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from errno import ENOENT
from functools import partial
from pathlib import Path

from nlu_lite import formats, registry
from nlu_lite._util.atomic import write_folder_atomically
from nlu_lite._util.digest import digest, plain
from nlu_lite._util.os_errors import translate_write_errors
from nlu_lite._util.paths import check_new_folder
from nlu_lite._util.progress import progress_bar
from nlu_lite.errors import ModelError, NluLiteError, OfflineError
from nlu_lite.records import AS_STATED, Checkpoint, LocalFolder, ModelSpec
from nlu_lite.store import sources
from nlu_lite.store.alternatives import add_alternatives
from nlu_lite.store.cache import Cache, load_again_if_removed, model_key
from nlu_lite.store.limits import NetworkError
from nlu_lite.store.sources import Access, Fetched


@dataclass(frozen=True)
class Obtained:
    """A model on this machine.

    Attributes:
        spec: The model, with the recipe for vectors of sentences that holds.
        fetched: Its files.
        checkpoint: What was read from them.
        digest: SHA-256 of everything that can change a piece or a vector: configuration, weights, subword model, and
            the recipe for vectors of sentences. Files of other formats with the same contents have the same digest.
    """

    spec: ModelSpec
    fetched: Fetched
    checkpoint: Checkpoint
    digest: str


def _accept(_fetched: Fetched) -> None:
    """Find nothing wrong."""


def obtain(spec: ModelSpec, access: Access, check: Callable[[Fetched], None] = _accept) -> tuple[Fetched, Checkpoint]:
    """Fetch and read a model; what cannot be memory-mapped as it lies is converted once and kept in the cache.

    Args:
        spec: The model.
        access: What may be used to get at its files.
        check: Called with the files before anything of them is read; what it raises keeps them from being read.

    Raises:
        SourceError: The files could not be fetched, or not be kept; or they were removed twice while they were read.
        FormatError: They are damaged.
        IntegrityError: They have changed since they were downloaded.
        UnsupportedReference: They hold a kind of model that the library does not run.
        ModelError: They are not the model of which the catalogue speaks.
    """
    return load_again_if_removed(lambda: _obtain(spec, access, check), spec.reference)


def _obtain(spec: ModelSpec, access: Access, check: Callable[[Fetched], None]) -> tuple[Fetched, Checkpoint]:
    fetched = _fetch(spec, replace(access, inspect=partial(_inspect, spec)))
    check(fetched)
    sources.check_unchanged(fetched, access.cache)
    if formats.is_mapped(fetched.path):
        return fetched, _read(spec, fetched.path, access.cache)

    def fill(folder: Path) -> None:
        _write(_read(spec, fetched.path, access.cache), folder)

    folder = access.cache.place(model_key(fetched.digest), fill)
    checkpoint = _read(spec, folder, access.cache)
    sources.discard(fetched, access)
    return (fetched if fetched.path.exists() else replace(fetched, path=folder)), checkpoint


def _fetch(spec: ModelSpec, access: Access) -> Fetched:
    try:
        return sources.fetch(spec, access)
    except (NetworkError, OfflineError) as error:
        raise add_alternatives(error, spec, access.cache) from (error.__cause__ or error)


def _read(spec: ModelSpec, path: Path, cache: Cache) -> Checkpoint:
    """Read files that were found.

    Raises:
        FileNotFoundError: Somebody has removed them since.
    """
    try:
        return _as_stated(spec, formats.read(path), path)
    except NluLiteError as error:
        key = path.relative_to(cache.root).parts[0] if cache.root in path.parents else None
        if cache.has(key) if key else path.exists():
            raise
        raise FileNotFoundError(ENOENT, "it was removed", str(path)) from error


def obtain_identified(spec: ModelSpec, access: Access, check: Callable[[Fetched], None] = _accept) -> Obtained:
    """Fetch and read a model as `obtain` does, with its recipe for vectors of sentences and its digest.

    Raises:
        NluLiteError: As `obtain` and `with_recipe`.
    """

    def load() -> Obtained:
        fetched, checkpoint = _obtain(spec, access, check)
        found = with_recipe(spec, fetched)
        return Obtained(found, fetched, checkpoint, _identify(found, fetched, checkpoint, access.cache))

    return load_again_if_removed(load, spec.reference)


def _identify(spec: ModelSpec, fetched: Fetched, checkpoint: Checkpoint, cache: Cache) -> str:
    """Return the digest of a model; its weights are read only if their files have changed since they were read last.

    Args:
        spec: The model, with its final recipe for vectors of sentences; see `with_recipe`.
        fetched: Its files, as `obtain` returned them.
        checkpoint: What was read from them.
        cache: Where it is noted which digests files have.
    """
    folder = cache.find(model_key(fetched.digest)) or fetched.path
    files = {path.name: path for path in sorted(folder.iterdir()) if path.is_file()}
    tensors = cache.memo.recall(f"tensors of {folder.absolute()}", files, lambda _: plain(checkpoint.tensors))
    whole = replace(checkpoint, tensors=tensors)  # digests in the place of arrays, which makes no difference to `plain`
    return digest([whole, spec.sentence])


def with_recipe(spec: ModelSpec, fetched: Fetched) -> ModelSpec:
    """Give a model the recipe for vectors of sentences that its files state, unless one was given.

    Raises:
        FormatError: They cannot be read.
        UnsupportedReference: They ask for a step that the library does not do.
    """
    return spec if spec.sentence is None else replace(spec, sentence=formats.read_recipe(fetched.path, spec.sentence))


def download(references: Sequence[str], access: Access) -> list[tuple[ModelSpec, Path]]:
    """Fetch the models of references, and convert what has to be converted, so that loading them needs no network.

    Returns:
        Each model with the folder in which it now lies.

    Raises:
        NluLiteError: As `obtain`; or a reference cannot be resolved.
    """
    specs = [spec for spec in registry.resolve(references) if isinstance(spec, ModelSpec)]
    return [(spec, _place(spec, access)) for spec in specs]


def convert(archive: Path, folder: Path) -> None:
    """Write a model, in whatever format it is, as a folder in transformers' layout.

    Args:
        archive: A model directory of Spark NLP or its zip, or any other model that can be read.
        folder: What is to be made; it may not exist yet. It appears whole or not at all.

    Raises:
        OptionError: There is something at `folder`.
        SourceError: There is nothing at `archive`, or `folder` cannot be written.
        FormatError: The archive is damaged.
        UnsupportedReference: It holds a kind of model that the library does not run, or states steps for vectors of
            sentences that the library does not run.
    """
    path = sources.FolderSource().fetch(LocalFolder(str(archive)))
    with translate_write_errors(folder):
        check_new_folder(folder)
    checkpoint, recipe = formats.read(path), formats.read_recipe(path, AS_STATED)
    with translate_write_errors(folder), write_folder_atomically(folder) as part:
        _write(checkpoint, part)
        if recipe is not None:
            formats.write_recipe(recipe, part)


def _place(spec: ModelSpec, access: Access) -> Path:
    fetched, _ = obtain(spec, access)
    return access.cache.find(model_key(fetched.digest)) or fetched.path


def _write(checkpoint: Checkpoint, folder: Path) -> None:
    with progress_bar(len(checkpoint.tensors), "tensor", None) as bar:
        formats.write_checkpoint(checkpoint, folder, bar.update)


def _as_stated(spec: ModelSpec, checkpoint: Checkpoint, path: Path) -> Checkpoint:
    """Refuse files that are not the model of which the catalogue speaks."""
    stated = {"annotator": spec.kind, "dimension": spec.card.dimension}
    for name, value in stated.items():
        found = getattr(checkpoint.card, name)
        if value is not None and found is not None and found != value:
            raise ModelError(
                f"{path} has {name} {found}",
                f"{value}, as the catalogue says of {spec.reference!r}",
                "The files belong to another model: remove them and fetch them again",
            )
    _check_type(spec, checkpoint.config["model_type"], path)
    return checkpoint


def _inspect(spec: ModelSpec, folder: Path) -> None:
    """Refuse a model by its description, before its weights are downloaded."""
    _check_type(spec, formats.read_config(folder)["model_type"], folder / "config.json")
    if spec.sentence is not None:
        formats.read_recipe(folder, spec.sentence)


def _check_type(spec: ModelSpec, model_type: object, path: Path) -> None:
    expected = registry.load_kinds()[spec.kind].model_types if spec.kind is not None else (model_type,)
    if model_type not in expected:
        raise ModelError(
            f"{path} has model_type {model_type!r}",
            f"{' or '.join(map(str, expected))}, since {spec.reference!r} is of kind {spec.kind}",
            "The files belong to another model: correct the entry if it is yours, or load the files themselves",
        )
