"""`references`, `search` and `info`: the catalogue, and the models on this machine."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from nlu_lite import formats, registry
from nlu_lite.display import Info
from nlu_lite.errors import escape_surrogates
from nlu_lite.records import ComponentSpec, ModelSpec, Origin
from nlu_lite.registry import browse
from nlu_lite.registry.browse import Environment
from nlu_lite.store.cache import locate_cache
from nlu_lite.store.inventory import Inventory
from nlu_lite.store.sources import SOURCE_KINDS, list_optional_files
from nlu_lite.text import check_language, find_rules_language
from nlu_lite.text.rules import list_languages_with_rules

if TYPE_CHECKING:
    import pandas as pd


def references(query: str = "", *, cache_dir: str | Path | None = None) -> pd.DataFrame:
    """List the references of the catalogue, whether or not their models can be loaded.

    The catalogue holds NLU's 1,524 references and others. Text components (``<language>.tokenize``,
    ``<language>.sentence_detector``) have no model and are not listed.

    Args:
        query: Words, as for `search`; by default every reference is listed.
        cache_dir: The cache to inspect; by default ``NLU_LITE_CACHE``, else the user's cache folder.

    Returns:
        One row per reference, in the order of the catalogue. Columns of str: ``reference``; ``language``; ``action``
        (``embed`` or ``embed_sentence``); ``kind``; ``model``; ``languages``, the codes of the languages that the
        model was trained on, empty if not known; ``licence``, empty if not known; ``loadable_by``, the values of
        ``load(source=)`` that have the model, in the order in which they are tried, empty if none has it; ``source``,
        the address of the first of them; ``why_not``, the reason why the model cannot be loaded, empty if it can be.
        Columns of Int64: ``dimension``, the width of a vector, missing if not known; ``size``, that of the model's
        files on this machine in bytes, missing if they are not here. Column of bool: ``in_cache``, whether the model
        is on this machine. In a notebook, the columns that fit a page are shown.

    Raises:
        OptionError: The query is longer than 200 characters, or not a str.

    Example:
        >>> import nlu_lite
        >>> frame = nlu_lite.references()
        >>> frame.loc[frame["reference"] == "xx.embed.xlm", ["language", "model", "loadable_by"]]
        ...     # doctest: +ELLIPSIS
             language             model  loadable_by
        ...        xx  xlm_roberta_base  bucket, hub
    """
    catalogue = registry.load_catalogue()
    found = registry.search_rows(catalogue, query) if query else catalogue.rows.values()
    kept = {row.reference for row in found}
    return _build_frame(catalogue, [row for row in catalogue.rows.values() if row.reference in kept], cache_dir)


def search(
    query: str = "", *, language: str | None = None, kind: str | None = None, cache_dir: str | Path | None = None
) -> pd.DataFrame:
    """Search references by words, best match first.

    Args:
        query: Words, separated by whitespace, in any case. They are compared with the references and the models' names,
            titles, tags and descriptions. If no reference has all words, similarly spelt words are searched instead.
        language: Only models of this language, such as ``"de"``; ``"xx"`` for multilingual models.
        kind: Only models of this kind, such as ``"XlmRoBertaEmbeddings"``.
        cache_dir: The cache to inspect, as for `references`.

    Returns:
        Rows of `references`, ranked; none if nothing matches.

    Raises:
        OptionError: No model has that language or kind, or the query is longer than 200 characters.

    Example:
        >>> import nlu_lite
        >>> nlu_lite.search("xtreme")["reference"].tolist()
        ['xx.embed.xlm_roberta_xtreme_base']
    """
    catalogue = registry.load_catalogue()
    return _build_frame(catalogue, registry.search_rows(catalogue, query, language, kind), cache_dir)


def info(reference: str, *, cache_dir: str | Path | None = None) -> Info:
    """Describe a reference: its model's card, the origins of the model, and the look-up that found it.

    Nothing is downloaded. A model that cannot be loaded is described too, with the reason.

    Args:
        reference: One reference, as `load` takes it.
        cache_dir: The cache to inspect, as for `references`.

    Returns:
        An object that prints as a card in a terminal, and as a table in a notebook.

    Raises:
        UnknownReference: The reference does not exist; the error names the nearest.
        OptionError: It is a text component of an unknown language.

    Example:
        >>> import nlu_lite
        >>> card = nlu_lite.info("bert")
        >>> card["model"], card["look-up"]
        ('small_bert_L2_128', 'as written')
    """
    lookup = registry.look_up(reference)
    if isinstance(lookup.spec, ComponentSpec):
        check_language(lookup.spec.language)
    fields = browse.list_fields(lookup, _build_environment(cache_dir))
    return Info(tuple((name, None if value is None else escape_surrogates(value)) for name, value in fields))


def _build_frame(
    catalogue: registry.Catalogue, rows: Iterable[registry.Row], cache_dir: str | Path | None
) -> pd.DataFrame:
    from nlu_lite.pipeline.listing import Listing

    environment = _build_environment(cache_dir)
    values = [browse.list_row(catalogue, row, environment) for row in rows]
    return Listing(values, columns=list(browse.COLUMNS)).astype({"dimension": "Int64", "size": "Int64"})


def _build_environment(cache_dir: str | Path | None) -> Environment:
    inventory = Inventory(locate_cache(cache_dir))

    def find_files(spec: ModelSpec, origin: Origin) -> Path | None:
        return inventory.find(origin, list_optional_files(spec))

    return Environment(
        lambda origin: SOURCE_KINDS[type(origin)].value, find_files, _describe_rules, formats.read_recipe
    )


def _describe_rules(language: str) -> str:
    """Describe the rules that split texts by default."""
    if language == "xx":
        return "by the rules of the language that each text is found to be in"
    rules = find_rules_language(language)
    if rules in list_languages_with_rules():
        return f"by rules of their own for {rules!r}"
    return f"by Unicode's default rules: there are none of their own for {language!r}"
