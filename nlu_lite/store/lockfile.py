"""Locks: files that say, for each reference, which bytes it stood for when they were made.

A lock is TOML that `nlu-lite lock` writes. A model that is loaded with it comes from the place and the revision that
the lock names, and every file of it is compared with the lock before anything of it is read.
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
from nlu_lite.errors import FormatError, OptionError, printable
from nlu_lite.records import HubRepository, ModelSpec
from nlu_lite.store import sources
from nlu_lite.store.checkpoints import obtain_identified
from nlu_lite.store.locks import REMEDY, Lock, LockedModel, name_origin
from nlu_lite.store.sources import PLACES, Access, Digest

FORMAT = 2
"""Number of the form of a lock. Locks of form 1, of version 0.1.0, have no digests of models."""
READABLE = (1, FORMAT)
LARGEST = 16 << 20
"""Maximum size of a lock, in bytes."""
HEAD = """\
# Made by `nlu-lite lock`. nlu_lite.load(..., lock="models.lock") takes these bytes and no others.
format = {format}
nlu_lite = {version}
"""

# --- making ----------------------------------------------------------------------------------------------------------


def make(references: Sequence[str], access: Access) -> str:
    """Give the text of a lock: the models of references, fetched if they are not here, and read.

    Raises:
        OptionError: None of the references has a model.
        NluLiteError: As `load`: a reference cannot be resolved, or its model not be fetched or read.
    """
    specs = [spec for spec in registry.resolve(references) if isinstance(spec, ModelSpec)]
    if not specs:
        raise OptionError("no reference of a model", "one such as 'xx.embed.xlm'", "Text components need no lock")
    head = HEAD.format(format=FORMAT, version=_quoted(__version__))
    return head + "".join(_table(_locked(spec, access)) for spec in specs)


def _locked(spec: ModelSpec, access: Access) -> LockedModel:
    found = obtain_identified(spec, access)
    fetched, origin = found.fetched, found.fetched.origin
    revision = origin.revision if isinstance(origin, HubRepository) else None
    files = sources.digests(fetched.path, origin, fetched.digest, access.cache)
    return LockedModel(
        spec.reference, PLACES[type(origin)].value, name_origin(origin), revision, files, digest=found.digest
    )


def _table(model: LockedModel) -> str:
    values = {"reference": model.reference, "source": model.source, "name": model.name, "revision": model.revision}
    values["digest"] = model.digest
    lines = ["", "[[model]]", *(f"{key} = {_quoted(value)}" for key, value in values.items() if value is not None)]
    for name, digest in model.files.items():
        lines += ["", "[[model.file]]", f"name = {_quoted(name)}", f'sha256 = "{digest.sha256}"']
        lines.append(f"size = {digest.size}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Write a TOML string: JSON's, but for DEL, which TOML wants escaped.

    Raises:
        FormatError: It is the name of a file that is not UTF-8, which TOML cannot hold.
    """
    if printable(text) != text:
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
        FormatError: It is not a lock, or an edit has broken it; the line is named.
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


def _read_model(table: TomlTable, values: Mapping[str, Any], form: int) -> LockedModel:
    table.check(values, MODEL, [key for key in MODEL if key not in ("revision", "digest")])
    _check_source(table, values)
    _check_digest(table, values, form)
    files: dict[str, Digest] = {}
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
    places, source = [place.value for place in PLACES.values()], values["source"]
    if source not in places:
        table.fail(f"source {abbreviate(source)}", ", ".join(places), "source")
    has_revision = "revision" in values
    if (source == "hub") != has_revision:
        expected = "a revision with source 'hub' alone"
        table.fail(f"source {source!r} and {'a' if has_revision else 'no'} revision", expected, "source")
    if has_revision and not re.fullmatch("[0-9a-f]{40}", values["revision"]):
        expected = "a commit: 40 lowercase hexadecimal digits"
        table.fail(f"revision {abbreviate(values['revision'])}", expected, "revision")


def _check_digest(table: TomlTable, values: Mapping[str, Any], form: int) -> None:
    if ("digest" in values) != (form == FORMAT):
        got = f"{'a' if 'digest' in values else 'no'} digest"
        table.fail(got, f"{'one' if form == FORMAT else 'none'} in a lock of format {form}", "digest")
    _check_sha256(table, values, "digest")


def _add_file(table: TomlTable, files: dict[str, Digest], values: Mapping[str, Any]) -> None:
    table.check(values, FILE, tuple(FILE))
    _check_sha256(table, values, "sha256")
    if values["name"] in files:
        table.fail(f"the file {abbreviate(values['name'])} appears twice", "each file once", "name")
    files[values["name"]] = Digest(values["sha256"], values["size"])


def _check_sha256(table: TomlTable, values: Mapping[str, Any], key: str) -> None:
    if key in values and not re.fullmatch("[0-9a-f]{64}", values[key]):
        table.fail(f"{key} {abbreviate(values[key])}", "64 lowercase hexadecimal digits", key)
