"""How the authors of a sentence model say that its vectors are made: the files of sentence-transformers beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from nlu_lite.errors import FormatError, UnsupportedReference
from nlu_lite.formats.folder import SETTINGS, read_json
from nlu_lite.records import Authority, SentencePooling, SentenceRecipe

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
"""By what their files call them."""
KNOWN = "Transformer, Pooling (mean or cls) and Normalize"
REMEDY = 'State how vectors are made in an entry of your own, by its "sentence" table, or use another model'


def stated(folder: Path, recipe: SentenceRecipe) -> SentenceRecipe:
    """Give the recipe that the files of a model state, which comes before a kind's usual one.

    Args:
        folder: The model's files.
        recipe: What holds where they state nothing. One whose authority is not the authors stays as it is.

    Raises:
        FormatError: The files cannot be read.
        UnsupportedReference: They ask for a step that the library does not do.
    """
    path = folder / MODULES
    if recipe.authority is not Authority.AUTHORS or not path.is_file():
        return replace(recipe, authority=Authority.GIVEN)
    modules = _modules(path)
    _check_letters(folder)
    return SentenceRecipe(
        _pooling(folder / modules[1][1] / "config.json"),
        recipe.alignment,
        normalize=len(modules) > 2,
        prompt=_prompt(folder / PROMPTS, recipe.prompt),
    )


def _modules(path: Path) -> list[tuple[str, str]]:
    """Give kind and folder of each module; what is not a transformer, a pooling and perhaps a division is refused."""
    modules = [_module(path, one) for one in read_json(path, list)]
    kinds = [kind for kind, _ in modules]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        _refuse(f"{path} has the modules {', '.join(kinds) or 'none'}", KNOWN)
    if modules[0][1]:
        _refuse(f"{path} has its transformer in {modules[0][1]!r}", "a transformer beside it")
    return modules


def _module(path: Path, module: object) -> tuple[str, str]:
    values = module if isinstance(module, dict) else {}
    kind, folder = values.get("type"), values.get("path", "")
    if not isinstance(kind, str) or not isinstance(folder, str) or set(folder) & set("/\\:") or folder in (".", ".."):
        raise FormatError(f"{path} has the module {module!r}", "its type, and its folder beside the file", REMEDY)
    if not kind.startswith("sentence_transformers."):
        _refuse(f"{path} asks for code of its own ({kind})", KNOWN)
    return kind.rpartition(".")[2], folder


def _pooling(path: Path) -> SentencePooling:
    values = read_json(path, dict)
    chosen = {name.removeprefix(MODE) for name, value in values.items() if name.startswith(MODE) and value is True}
    named = values.get("pooling_mode", ())
    chosen |= set(map(str, [named] if isinstance(named, str) else named if isinstance(named, list) else ()))
    found = {POOLINGS[name] for name in chosen if name in POOLINGS}
    if len(found) != 1 or not chosen <= POOLINGS.keys():
        _refuse(f"{path} asks for the pooling {' and '.join(sorted(chosen)) or 'none'}", "mean or cls")
    if values.get("include_prompt") is False:
        _refuse(f"{path} leaves the prompt out of the pooling", "a pooling over all pieces")
    return found.pop()


def _prompt(path: Path, usual: str) -> str:
    """Give the prompt that the authors put before a text unless told otherwise; the kind's where they name none."""
    values: Mapping[str, Any] = read_json(path, dict) if path.is_file() else {}
    name = values.get("default_prompt_name")
    if name is None:
        return usual
    prompts = values.get("prompts")
    prompt = prompts.get(name) if isinstance(prompts, dict) and isinstance(name, str) else None
    if not isinstance(prompt, str):
        raise FormatError(f"{path} has no prompt {name!r}", "the text of its default prompt", REMEDY)
    return prompt


def _check_letters(folder: Path) -> None:
    """Refuse small letters that the tokenizer does not make by itself."""
    asked = (folder / LIMITS).is_file() and read_json(folder / LIMITS, dict).get("do_lower_case") is True
    settings = read_json(folder / SETTINGS, dict) if asked and (folder / SETTINGS).is_file() else {}
    if asked and settings.get("do_lower_case") is not True:
        _refuse(f"{folder / LIMITS} asks for small letters, {SETTINGS} does not", "the same in both")


def _refuse(got: str, expected: str) -> NoReturn:
    raise UnsupportedReference(got, expected, REMEDY)
