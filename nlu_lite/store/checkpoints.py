"""From a reference's model to a `Checkpoint` on this machine: downloaded, checked, converted once, and stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from errno import ENOENT
from functools import partial
from pathlib import Path

from nlu_lite import formats, registry
from nlu_lite._util.atomic import write_folder_atomically
from nlu_lite._util.digest import compute_digest, to_plain
from nlu_lite._util.os_errors import translate_write_errors
from nlu_lite._util.paths import check_new_folder
from nlu_lite._util.progress import progress_bar
from nlu_lite.errors import ModelError, NluLiteError, OfflineError
from nlu_lite.records import AS_STATED, Action, Checkpoint, LocalFolder, ModelSpec
from nlu_lite.store import sources
from nlu_lite.store.alternatives import add_alternatives
from nlu_lite.store.cache import Cache, build_model_key, retry_if_removed
from nlu_lite.store.folder import FolderSource
from nlu_lite.store.limits import NetworkError
from nlu_lite.store.sources import Access, ModelFiles

Check = Callable[[ModelFiles], None]
"""Called with the files of a model before they are read; an exception prevents that they are read."""


@dataclass(frozen=True)
class LoadedCheckpoint:
    """A model on this machine.

    Attributes:
        spec: The model, with its final action and recipe for sentence vectors.
        files: Its files.
        checkpoint: The content of the files.
        digest: SHA-256 of everything that can change a piece or a vector: configuration, weights, subword model, and
            the recipe for sentence vectors. Files of other formats with the same content have the same digest.
    """

    spec: ModelSpec
    files: ModelFiles
    checkpoint: Checkpoint
    digest: str


def load_checkpoint(spec: ModelSpec, access: Access, check: Check | None = None) -> LoadedCheckpoint:
    """Fetch and read a model; files that cannot be memory-mapped are converted once, and stored in the cache.

    Args:
        spec: The model.
        access: Where files may come from.
        check: Called with the files before they are read.

    Raises:
        SourceError: The files cannot be fetched or stored; or they were removed twice while they were read.
        FormatError: They are damaged.
        IntegrityError: They have changed since they were downloaded.
        UnsupportedReference: They hold a kind of model, or state steps for sentence vectors, that the library does not
            run.
        ModelError: They do not match the catalogue entry.
    """

    def load() -> LoadedCheckpoint:
        files, checkpoint = _fetch_and_read(spec, access, check)
        final = _add_recipe(_choose_action(spec, checkpoint), files)
        return LoadedCheckpoint(final, files, checkpoint, _compute_digest(final, files, checkpoint, access.cache))

    return retry_if_removed(load, spec.reference)


def download(references: Sequence[str], access: Access) -> list[tuple[ModelSpec, Path]]:
    """Fetch the models of references, and convert them if necessary, so that loading them needs no network.

    Returns:
        Each model with its folder on this machine.

    Raises:
        NluLiteError: As `load_checkpoint`; or a reference cannot be resolved.
    """
    specs = [spec for spec in registry.resolve(references) if isinstance(spec, ModelSpec)]
    return [(spec, _download_model(spec, access)) for spec in specs]


def convert(archive: Path, folder: Path) -> None:
    """Write a model of any format as a folder in transformers' layout.

    Args:
        archive: A model directory of Spark NLP or its zip, or any other model that can be read.
        folder: The folder to create, whole or not at all.

    Raises:
        OptionError: There is something at `folder`.
        SourceError: `archive` does not exist, or `folder` cannot be written.
        FormatError: The archive is damaged.
        UnsupportedReference: It holds a kind of model, or states steps for sentence vectors, that the library does not
            run.
    """
    path = FolderSource().fetch(LocalFolder(str(archive)))
    with translate_write_errors(folder):
        check_new_folder(folder)
    checkpoint, recipe = formats.read(path), formats.read_recipe(path, AS_STATED)
    with translate_write_errors(folder), write_folder_atomically(folder) as part:
        _write_checkpoint(checkpoint, part)
        if recipe is not None:
            formats.write_recipe(recipe, part)


# --- files -----------------------------------------------------------------------------------------------------------


def _download_model(spec: ModelSpec, access: Access) -> Path:
    files, _ = retry_if_removed(lambda: _fetch_and_read(spec, access), spec.reference)
    return access.cache.find(build_model_key(files.digest)) or files.path


def _fetch_and_read(spec: ModelSpec, access: Access, check: Check | None = None) -> tuple[ModelFiles, Checkpoint]:
    files = _fetch(spec, access)
    if check is not None:
        check(files)
    sources.check_unchanged(files, access.cache)
    if formats.is_mapped(files.path):
        return files, _read(spec, files.path, access.cache)

    def fill(folder: Path) -> None:
        _write_checkpoint(_read(spec, files.path, access.cache), folder)

    folder = access.cache.place(build_model_key(files.digest), fill)
    checkpoint = _read(spec, folder, access.cache)
    sources.discard(files, access)
    return (files if files.path.exists() else replace(files, path=folder)), checkpoint


def _fetch(spec: ModelSpec, access: Access) -> ModelFiles:
    try:
        return sources.fetch(spec, access, partial(_check_description, spec))
    except (NetworkError, OfflineError) as error:
        raise add_alternatives(error, spec, access.cache) from (error.__cause__ or error)


def _read(spec: ModelSpec, path: Path, cache: Cache) -> Checkpoint:
    """Read files that were found.

    Raises:
        FileNotFoundError: They have been removed since.
    """
    try:
        checkpoint = formats.read(path)
        _check_entry(spec, checkpoint, path)
        return checkpoint
    except NluLiteError as error:
        key = path.relative_to(cache.root).parts[0] if cache.root in path.parents else None
        if cache.has(key) if key else path.exists():
            raise
        raise FileNotFoundError(ENOENT, "it was removed", str(path)) from error


def _write_checkpoint(checkpoint: Checkpoint, folder: Path) -> None:
    with progress_bar(len(checkpoint.tensors), "tensor", None) as bar:
        formats.write_checkpoint(checkpoint, folder, bar.update)


# --- identity --------------------------------------------------------------------------------------------------------


def _choose_action(spec: ModelSpec, checkpoint: Checkpoint) -> ModelSpec:
    """Return the model of a direct reference as a sentence model, if its files state a class of Spark NLP that is one.

    A pipeline that was saved with token vectors keeps them: its model has no recipe.
    """
    stated = checkpoint.config.get("nlu_lite") if spec.kind is None else None
    kind = registry.load_kinds().get(str(stated.get("annotator"))) if isinstance(stated, dict) else None
    if kind is None or kind.sentence is None or spec.sentence is None:
        return spec
    recipe = kind.sentence if spec.sentence == AS_STATED else spec.sentence
    return replace(spec, action=Action.EMBED_SENTENCE, sentence=recipe)


def _add_recipe(spec: ModelSpec, files: ModelFiles) -> ModelSpec:
    """Return a model with the recipe for sentence vectors that its files state, if it needs one from them."""
    return spec if spec.sentence is None else replace(spec, sentence=formats.read_recipe(files.path, spec.sentence))


def _compute_digest(spec: ModelSpec, files: ModelFiles, checkpoint: Checkpoint, cache: Cache) -> str:
    """Return the digest of a model; its weights are read only if their files have changed since the last time."""
    folder = cache.find(build_model_key(files.digest)) or files.path
    paths = {path.name: path for path in sorted(folder.iterdir()) if path.is_file()}
    tensors = cache.memo.recall(f"tensors of {folder.absolute()}", paths, lambda _: to_plain(checkpoint.tensors))
    return compute_digest([replace(checkpoint, tensors=tensors), spec.sentence])  # plain tensors have the same digest


# --- checks ----------------------------------------------------------------------------------------------------------


def _check_entry(spec: ModelSpec, checkpoint: Checkpoint, path: Path) -> None:
    """Check that files match the catalogue entry of their model."""
    stated = {"annotator": spec.kind, "dimension": spec.card.dimension}
    for name, value in stated.items():
        found = getattr(checkpoint.card, name)
        if value is not None and found is not None and found != value:
            remedy = "The files belong to another model: remove them and fetch them again"
            if name == "annotator":
                remedy += f", or load them as a model of {found}"
            expected = f"{value}, as the catalogue says of {spec.reference!r}"
            raise ModelError(f"{path} has {name} {found}", expected, remedy)
    _check_type(spec, checkpoint.config["model_type"], path)


def _check_description(spec: ModelSpec, folder: Path) -> None:
    """Refuse a model by its configuration, before its weights are downloaded."""
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
