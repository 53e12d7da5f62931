"""The sentence recipe in the files of sentence-transformers, read and written."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from nlu_lite.errors import FormatError, UnsupportedReference
from nlu_lite.formats.added_tokens import SETTINGS
from nlu_lite.formats.json_files import read_json, read_optional
from nlu_lite.formats.paths import is_file
from nlu_lite.records import Alignment, Authority, SentencePooling, SentenceRecipe

MODULES = "modules.json"
PROMPTS = "config_sentence_transformers.json"
LIMITS = "sentence_bert_config.json"
MODE = "pooling_mode_"
POOLINGS = {
    "mean": SentencePooling.MEAN,
    "mean_tokens": SentencePooling.MEAN,
    "cls": SentencePooling.CLS,
    "cls_token": SentencePooling.CLS,
}
"""The poolings by their names in these files."""
KNOWN = "Transformer, Pooling (mean or cls) and Normalize"
OLD_FOLDER = re.compile(r"\d+_\w+")
"""The folder of the transformer in old layouts, such as ``0_Transformer``, in the folder of `MODULES`."""

REMEDY = 'Define the recipe in the "sentence" table of an entry of your own, or use another model'


def read_recipe(folder: Path, recipe: SentenceRecipe) -> SentenceRecipe | None:
    """Return the recipe in the files of a model, which takes precedence over the default recipe of its kind.

    Args:
        folder: The model's files.
        recipe: The default, for files without a recipe. A recipe given by the caller is returned unchanged.

    Returns:
        The recipe, with `Authority.GIVEN`. None if the recipe has to come from the files and they have none.

    Raises:
        FormatError: The files cannot be read.
        UnsupportedReference: They need a step that the library does not have.
    """
    root = None if recipe.authority is Authority.GIVEN else _find_root(folder)
    if root is None:
        return None if recipe.authority is Authority.FILES else replace(recipe, authority=Authority.GIVEN)
    modules = _read_modules(root, folder)
    _check_lowercasing(folder, root)
    return SentenceRecipe(
        _read_pooling(root / modules[1][1] / "config.json"),
        Alignment.TEXT,
        normalize=len(modules) > 2,
        prompt=_read_prompt(root / PROMPTS, recipe.prompt),
    )


def write_recipe(recipe: SentenceRecipe, folder: Path) -> None:
    """Write a recipe into a model's folder, so that `read_recipe` reads it back.

    Raises:
        UnsupportedReference: The recipe has Spark NLP's pooling, which sentence-transformers does not have.
    """
    modes = {pooling: mode for mode, pooling in POOLINGS.items() if mode.endswith(("_tokens", "_token"))}
    if recipe.pooling not in modes:
        _refuse(f"the pooling {recipe.pooling.value}", "mean or cls")
    kinds = ["Transformer", "Pooling", "Normalize"] if recipe.normalize else ["Transformer", "Pooling"]
    paths = ["", *(f"{number}_{kind}" for number, kind in enumerate(kinds[1:], 1))]
    modules = [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for number, (kind, path) in enumerate(zip(kinds, paths, strict=True))
    ]
    (folder / paths[1]).mkdir()
    pooling = {f"{MODE}{mode}": pooling is recipe.pooling for pooling, mode in modes.items()}
    prompts = {"prompts": {"default": recipe.prompt}, "default_prompt_name": "default"} if recipe.prompt else {}
    for name, content in ((f"{paths[1]}/config.json", pooling), (PROMPTS, prompts), (MODULES, modules)):
        (folder / name).write_text(json.dumps(content, indent=2), encoding="utf-8")


def find_transformer_folder(root: Path) -> str:
    """Return the name of the transformer's folder in an old layout. Empty for any other layout."""
    try:
        kind, path = _parse_module(root / MODULES, read_json(root / MODULES, list)[0])
    except (FormatError, UnsupportedReference, IndexError):
        return ""
    return path if kind == "Transformer" and is_file(root / path / "config.json") else ""


def _find_root(folder: Path) -> Path | None:
    """Return the folder of the recipe's files: the model's own, or its parent in an old layout. None if it has none."""
    if os.path.lexists(folder / MODULES):  # a broken link is an error, not a missing file
        return folder
    path = folder.absolute()
    is_old = OLD_FOLDER.fullmatch(path.name) and is_file(path.parent / MODULES)
    return path.parent if is_old and find_transformer_folder(path.parent) == path.name else None


def _read_modules(root: Path, folder: Path) -> list[tuple[str, str]]:
    """Return the kind and the folder of each module: a transformer, a pooling and optionally a normalization.

    Raises:
        FormatError: The list of modules cannot be read.
        UnsupportedReference: It has other modules, or another folder for the transformer.
    """
    path = root / MODULES
    modules = [_parse_module(path, one) for one in read_json(path, list)]
    kinds = [kind for kind, _ in modules]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        _refuse(f"{path} has the modules {', '.join(kinds) or 'none'}", KNOWN)
    place = modules[0][1]
    if folder.absolute() != (root / place).absolute():
        remedy = f"Load path:{root / place}. {REMEDY}"
        _refuse(f"{path} has its transformer in {place!r}", f"a transformer in {folder}", remedy)
    return modules


def _parse_module(path: Path, module: object) -> tuple[str, str]:
    values = module if isinstance(module, dict) else {}
    kind, folder = values.get("type"), values.get("path", "")
    if not isinstance(kind, str) or not isinstance(folder, str) or set(folder) & set("/\\:") or folder in (".", ".."):
        raise FormatError(f"{path} has the module {module!r}", "a type, and a folder next to the file", REMEDY)
    if not kind.startswith("sentence_transformers."):
        _refuse(f"{path} asks for code of its own ({kind})", KNOWN)
    return kind.rpartition(".")[2], folder


def _read_pooling(path: Path) -> SentencePooling:
    values = read_json(path, dict)
    chosen = {name.removeprefix(MODE) for name, value in values.items() if name.startswith(MODE) and value is True}
    named = values.get("pooling_mode", ())
    chosen |= set(map(str, [named] if isinstance(named, str) else named if isinstance(named, list) else ()))
    found = {POOLINGS[name] for name in chosen if name in POOLINGS}
    if len(found) != 1 or not chosen <= POOLINGS.keys():
        _refuse(f"{path} asks for the pooling {' and '.join(sorted(chosen)) or 'none'}", "mean or cls")
    if values.get("include_prompt") is False:
        _refuse(f"{path} excludes the prompt from the pooling", "a pooling over all pieces")
    return found.pop()


def _read_prompt(path: Path, usual: str) -> str:
    """Return the default prompt in the files, or else `usual`."""
    values = read_optional(path)
    name = values.get("default_prompt_name")
    if name is None:
        return usual
    prompts = values.get("prompts")
    prompt = prompts.get(name) if isinstance(prompts, dict) and isinstance(name, str) else None
    if not isinstance(prompt, str):
        raise FormatError(f"{path} has no prompt {name!r}", "the text of its default prompt", REMEDY)
    return prompt


def _check_lowercasing(folder: Path, root: Path) -> None:
    """Raise an error for lowercasing that the tokenizer does not do."""
    limits = folder / LIMITS if is_file(folder / LIMITS) else root / LIMITS
    asked = read_optional(limits).get("do_lower_case") is True
    if asked and read_optional(folder / SETTINGS).get("do_lower_case") is not True:
        _refuse(f"{limits} asks for lowercase, {SETTINGS} does not", "the same setting in both")


def _refuse(got: str, expected: str, remedy: str = REMEDY) -> NoReturn:
    raise UnsupportedReference(got, expected, remedy)
