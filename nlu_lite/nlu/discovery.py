"""NLU's functions that print references."""

from __future__ import annotations

from collections.abc import Iterable

from nlu_lite._util.arguments import name_arguments
from nlu_lite.registry import Row, Status, load_catalogue


@name_arguments
def print_components(lang: str = "", action: str = "") -> None:
    """Print the references of a language, of an action such as ``"embed_sentence"``, or all; a line for each."""
    _print_rows(_select(lang, action))


@name_arguments
def print_all_nlu_components_for_lang(lang: str = "en", c_type: str = "classifier") -> None:  # noqa: ARG001
    """Print the references of a language; `c_type` has no effect, as in NLU."""
    _print_rows(_select(lang, ""))


@name_arguments
def print_all_model_kinds_for_action(action: str) -> None:
    """Print the references of an action, language by language."""
    rows = _select("", action)
    for language in sorted({row.language for row in rows}):
        print(f"For language <{language}> NLU provides the following Models : ")
        _print_rows(row for row in rows if row.language == language)


@name_arguments
def print_all_model_kinds_for_action_and_lang(lang: str, action: str) -> None:
    """Print the references of a language and an action."""
    print(f"All NLU components for lang {lang} that peform action {action}")
    _print_rows(_select(lang, action))


def print_all_languages() -> None:
    """Print the codes of the languages that have models."""
    print("Languages available in NLU : \n ")
    print("\n".join(sorted({row.language for row in load_catalogue().rows.values()})))


def print_component_types() -> None:
    """Print the kinds of models, by Spark NLP's class names."""
    print("Provided component types are : ")
    for number, kind in enumerate(sorted({row.kind for row in load_catalogue().rows.values()})):
        print(number, ". ", kind)


@name_arguments
def get_components(
    m_type: str = "",
    include_pipes: bool = False,  # noqa: ARG001
    lang: str = "",
    licensed: bool = False,
    get_all: bool = False,
    include_aliases: bool = True,
) -> list[str]:
    """Return references.

    Args:
        m_type: A part of the references, such as ``"embed_sentence"``.
        include_pipes: Accepted without effect: the catalogue has no pipelines.
        lang: Only references of this language. Default: all.
        licensed: Whether to include models that are not public. Default: False.
        get_all: Whether to ignore `m_type`. Default: False.
        include_aliases: Whether to include NLU's aliases, such as ``"bert"``. Default: True.

    Example:
        >>> get_components("xlm_roberta_xtreme")
        ['xx.embed.xlm_roberta_xtreme_base']
    """
    left_out = {Status.LICENSED: not licensed, Status.ALIAS: not include_aliases}
    return [
        row.reference
        for row in _select(lang, "")
        if (get_all or m_type in row.reference) and not left_out.get(row.status, False)
    ]


def _select(language: str, action: str) -> list[Row]:
    return [
        row
        for row in load_catalogue().rows.values()
        if language in ("", row.language) and action in ("", row.action.value)
    ]


def _print_rows(rows: Iterable[Row]) -> None:
    for row in rows:
        print(f"nlu.load('{row.reference}') returns Spark NLP model_anno_obj {row.model}")
