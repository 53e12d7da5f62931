"""Lock files, which pin the source, the revision and the bytes of each model.

A lock is a TOML file that `nlu-lite lock` writes. A model that is loaded with a lock comes from the locked source and
revision, and its files are compared with the lock before they are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nlu_lite import registry
from nlu_lite._util.paths import expand_user
from nlu_lite._util.toml import TABLES, TomlTable, Types, abbreviate, read_toml_file
from nlu_lite._version import __version__
from nlu_lite.encoding import choose_backend
from nlu_lite.errors import FormatError, OptionError, escape_surrogates
from nlu_lite.options import ModelOptions
from nlu_lite.records import HubRepository, ModelSpec
from nlu_lite.store.checkpoints import LoadedCheckpoint, load_checkpoint
from nlu_lite.store.digests import FileDigest, digest_files
from nlu_lite.store.locks import REMEDY, Lock, LockedModel, name_origin
from nlu_lite.store.sources import SOURCE_KINDS, Access

FORMAT = 2
"""Version of the format of locks. Format 1, of version 0.1.0, has no digests of models."""
READABLE = (1, FORMAT)
LARGEST = 16 << 20
"""Maximum size of a lock, in bytes."""
HEAD = """\
# Made by `nlu-lite lock`. nlu_lite.load(..., lock="models.lock") takes these bytes and no others.
format = {format}
nlu_lite = {version}
"""

# --- writing ---------------------------------------------------------------------------------------------------------


def make(references: Sequence[str], access: Access) -> str:
    """Return the text of a lock; models that are not on this machine are downloaded.

    Raises:
        OptionError: None of the references has a model.
        NluLiteError: As `load`: a reference cannot be resolved, or its model cannot be fetched or read.
    """
    specs = [spec for spec in registry.resolve(references) if isinstance(spec, ModelSpec)]
    if not specs:
        raise OptionError("no reference of a model", "one such as 'xx.embed.xlm'", "Text components need no lock")
    head = HEAD.format(format=FORMAT, version=_quote(__version__))
    return head + "".join(_lock(spec, access) for spec in specs)


def _lock(spec: ModelSpec, access: Access) -> str:
    loaded = load_checkpoint(spec, access)
    decision = choose_backend(loaded.checkpoint, ModelOptions())
    reason = escape_surrogates(f"{decision.name.value}, since {decision.reason}")
    comment = f"# Backend by default where this lock was made: {reason}\n"
    return _format_model(_lock_model(spec, loaded, access)) + comment


def _lock_model(spec: ModelSpec, loaded: LoadedCheckpoint, access: Access) -> LockedModel:
    origin = loaded.files.origin
    revision = origin.revision if isinstance(origin, HubRepository) else None
    files = digest_files(loaded.files.path, origin, loaded.files.digest, access.cache)
    kind = SOURCE_KINDS[type(origin)].value
    return LockedModel(spec.reference, kind, name_origin(origin), revision, files, digest=loaded.digest)


def _format_model(model: LockedModel) -> str:
    values = {"reference": model.reference, "source": model.source, "name": model.name, "revision": model.revision}
    values["digest"] = model.digest
    lines = ["", "[[model]]", *(f"{key} = {_quote(value)}" for key, value in values.items() if value is not None)]
    for name, digest in model.files.items():
        lines += ["", "[[model.file]]", f"name = {_quote(name)}", f'sha256 = "{digest.sha256}"']
        lines.append(f"size = {digest.size}")
    return "\n".join(lines) + "\n"


def _quote(text: str) -> str:
    """Return a TOML string: JSON's, except for DEL, which TOML requires to be escaped.

    Raises:
        FormatError: The text is the name of a file that is not UTF-8, which TOML cannot contain.
    """
    if escape_surrogates(text) != text:
        raise FormatError(f"the name {text!r} is not UTF-8", "a name that a lock can hold", "Rename the file or folder")
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


# --- reading ---------------------------------------------------------------------------------------------------------

TOP: Types = {"format": int, "nlu_lite": str, "model": TABLES}
MODEL: Types = {"reference": str, "source": str, "name": str, "revision": str, "digest": str, "file": TABLES}
FILE: Types = {"name": str, "sha256": str, "size": int}


def read(path: str | Path) -> Lock:
    """Read a lock.

    Raises:
        SourceError: It cannot be read.
        FormatError: It is not a valid lock; the error names the line.
    """
    file = read_toml_file(expand_user(path), LARGEST, REMEDY)
    content = file.parse()
    file.root.check(content, TOP, tuple(TOP))
    if content["format"] not in READABLE:
        expected = f"{' or '.join(map(str, READABLE))}, which nlu_lite {__version__} reads"
        file.root.fail(f"format {content['format']}", expected, "format")
    if not content["model"]:
        file.root.fail("no models", "[[model]] tables", "model")
    models: dict[str, LockedModel] = {}
    for number, values in enumerate(content["model"]):
        table = TomlTable(file, "model", number)
        model = _read_model(table, values, content["format"])
        if model.reference in models:
            table.fail(f"{model.reference!r} appears twice", "each reference once", "reference")
        models[model.reference] = model
    return Lock(Path(path), content["nlu_lite"], models)


def _read_model(table: TomlTable, values: Mapping[str, Any], version: int) -> LockedModel:
    table.check(values, MODEL, [key for key in MODEL if key not in ("revision", "digest")])
    _check_source(table, values)
    _check_digest(table, values, version)
    files: dict[str, FileDigest] = {}
    lines: dict[str, str] = {}
    for number, file in enumerate(values["file"]):
        row = TomlTable(table.file, "model.file", number, table)
        _add_file(row, files, file)
        lines[file["name"]] = row.locate()
    if not files:
        table.fail(f"{values['reference']!r} has no files", "[[model.file]] tables")
    revision, digest = values.get("revision"), values.get("digest")
    return LockedModel(
        values["reference"], values["source"], values["name"], revision, files, table.locate(), lines, digest
    )


def _check_source(table: TomlTable, values: Mapping[str, Any]) -> None:
    kinds, source = [kind.value for kind in SOURCE_KINDS.values()], values["source"]
    if source not in kinds:
        table.fail(f"source {abbreviate(source)}", ", ".join(kinds), "source")
    has_revision = "revision" in values
    if (source == "hub") != has_revision:
        expected = "a revision with source 'hub' alone"
        table.fail(f"source {source!r} and {'a' if has_revision else 'no'} revision", expected, "source")
    if has_revision and not re.fullmatch("[0-9a-f]{40}", values["revision"]):
        expected = "a commit: 40 lowercase hexadecimal digits"
        table.fail(f"revision {abbreviate(values['revision'])}", expected, "revision")


def _check_digest(table: TomlTable, values: Mapping[str, Any], version: int) -> None:
    if ("digest" in values) != (version == FORMAT):
        got = f"{'a' if 'digest' in values else 'no'} digest"
        table.fail(got, f"{'one' if version == FORMAT else 'none'} in a lock of format {version}", "digest")
    _check_sha256(table, values, "digest")


def _add_file(table: TomlTable, files: dict[str, FileDigest], values: Mapping[str, Any]) -> None:
    table.check(values, FILE, tuple(FILE))
    _check_sha256(table, values, "sha256")
    if values["name"] in files:
        table.fail(f"the file {abbreviate(values['name'])} appears twice", "each file once", "name")
    files[values["name"]] = FileDigest(values["sha256"], values["size"])


def _check_sha256(table: TomlTable, values: Mapping[str, Any], key: str) -> None:
    if key in values and not re.fullmatch("[0-9a-f]{64}", values[key]):
        table.fail(f"{key} {abbreviate(values[key])}", "64 lowercase hexadecimal digits", key)
