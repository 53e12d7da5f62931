"""What there is to load: `references`, `search` and `info`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from nlu_lite import formats, registry
from nlu_lite.errors import NluLiteError, printable
from nlu_lite.records import (
    Authority,
    BucketArchive,
    Card,
    ComponentSpec,
    HubRepository,
    InstalledFile,
    ModelSpec,
    Origin,
    SentenceRecipe,
)
from nlu_lite.store.cache import Cache, default_cache
from nlu_lite.store.sources import PLACES, Inventory, asked
from nlu_lite.text import check_language
from nlu_lite.text.rules import list_languages_with_rules

if TYPE_CHECKING:
    import pandas as pd

NOT_KNOWN = "not known"


def references(*, cache_dir: str | Path | None = None) -> pd.DataFrame:
    """List every reference of the catalogue, of NLU's 1,524 and others, whether or not it can be loaded.

    Text components (``<language>.tokenize``, ``<language>.sentence_detector``) have no model and are not listed.

    Args:
        cache_dir: The cache to look in; by default ``NLU_LITE_CACHE``, else the user's cache folder.

    Returns:
        A row a reference, in columns of str: ``reference``, ``language``, ``action`` (``embed``,
        ``embed_sentence``), ``kind``, ``model``, ``loadable_by`` (the values of ``load(source=)`` that can give it, in
        the order in which they are tried; empty where none can), ``source`` (address of the first of them) and
        ``why_not`` (why it cannot be loaded; empty where it can be); and ``in_cache`` (bool: whether it is on this
        machine).

    Example:
        >>> import nlu_lite
        >>> frame = nlu_lite.references()
        >>> frame.loc[frame["reference"] == "xx.embed.xlm", ["language", "model", "loadable_by"]]
        ...     # doctest: +ELLIPSIS
             language             model  loadable_by
        ...        xx  xlm_roberta_base  bucket, hub
    """
    catalogue = registry.current()
    return _frame(catalogue, catalogue.rows.values(), default_cache(cache_dir))


def search(
    query: str = "", *, language: str | None = None, kind: str | None = None, cache_dir: str | Path | None = None
) -> pd.DataFrame:
    """Find references by words, best first.

    Args:
        query: Words, split at white space: parts of references, of models' names, titles, tags and descriptions. Case
            does not count; where nothing has all words, those are taken that are spelt much alike.
        language: Only models of this language, such as ``"de"``; ``"xx"`` for models of many.
        kind: Only models of this kind, such as ``"XlmRoBertaEmbeddings"``.
        cache_dir: As for `references`.

    Returns:
        Rows of `references`, ranked; none where nothing suits.

    Raises:
        OptionError: No model is of that language or kind; or the query is longer than 200 characters.

    Example:
        >>> import nlu_lite
        >>> nlu_lite.search("xtreme")["reference"].tolist()
        ['xx.embed.xlm_roberta_xtreme_base']
    """
    catalogue = registry.current()
    return _frame(catalogue, registry.find(catalogue, query, language, kind), default_cache(cache_dir))


def info(reference: str, *, cache_dir: str | Path | None = None) -> Info:
    """Describe what a reference stands for: its model's card, where it comes from, and which look-up found it.

    Nothing is fetched, and nothing fails for a model that cannot be loaded: the answer says why.

    Args:
        reference: One reference, as `load` takes it.
        cache_dir: As for `references`.

    Returns:
        An object that prints as a card in a terminal, and as a table in a notebook.

    Raises:
        UnknownReference: There is no such reference; the nearest are named.
        OptionError: It is a text component of a language that is unknown.

    Example:
        >>> import nlu_lite
        >>> card = nlu_lite.info("bert")
        >>> card["model"], card["look-up"]
        ('small_bert_L2_128', 'as written')
    """
    found = registry.look_up(reference)
    described = _described(found, Inventory(default_cache(cache_dir)))
    return Info(tuple((name, None if value is None else printable(value)) for name, value in described))


@dataclass(frozen=True, repr=False)
class Info:
    """A card: names and values, in order; a value is None where no source states it.

    Example:
        >>> Info((("title", "A model"), ("licence", None)))
        title    A model
        licence  not known
    """

    fields: tuple[tuple[str, str | None], ...]

    def __getitem__(self, name: str) -> str | None:
        """Give the value of a field.

        Raises:
            KeyError: There is no such field.
        """
        return dict(self.fields)[name]

    def to_dict(self) -> dict[str, str | None]:
        """Give the fields as a dict."""
        return dict(self.fields)

    def __repr__(self) -> str:
        from shutil import get_terminal_size

        wide = max((len(name) for name, _ in self.fields), default=0) + 2
        room = max(40, get_terminal_size().columns - wide)
        lines = []
        for name, value in self.fields:
            parts = _wrapped(value or NOT_KNOWN, room)
            labels = [name] + [""] * len(parts)
            lines += [f"{label:<{wide}}{part}" for label, part in zip(labels, parts, strict=False)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='{HEAD}'>{escape(name)}</th><td style='{CELL}'>{_html(value)}</td></tr>"
            for name, value in self.fields
        )
        return f"<table style='border-collapse:collapse'>{rows}</table>"


def _wrapped(value: str, room: int) -> list[str]:
    """Break prose at spaces; addresses, paths and lines of code stay whole, to be copied."""
    from textwrap import wrap

    parts = []
    for line in value.split("\n"):
        whole = _is_code(line) or max(map(len, line.split(" "))) > room // 2
        parts += [line] if whole else wrap(line, room, break_long_words=False, break_on_hyphens=False)
    return parts


def _is_code(line: str) -> bool:
    return line.endswith(")") and (".load(" in line or ".pretrained(" in line)


CELL = "text-align:left;vertical-align:top;padding:2px 8px;white-space:normal;max-width:48em;overflow-wrap:anywhere"
HEAD = f"{CELL};white-space:nowrap;font-weight:600"


def _html(value: str | None) -> str:
    if value is None:
        return f"<i style='opacity:.6'>{NOT_KNOWN}</i>"
    return "<br>".join(_linked(line) for line in value.split("\n"))


def _linked(line: str) -> str:
    if line.startswith("https://") and " " not in line:
        return f"<a href='{escape(line)}' rel='noopener'>{escape(line)}</a>"
    return f"<code>{escape(line)}</code>" if _is_code(line) else escape(line)


# --- frames ----------------------------------------------------------------------------------------------------------

COLUMNS = ["reference", "language", "action", "kind", "model", "loadable_by", "source", "why_not", "in_cache"]


def _frame(catalogue: registry.Catalogue, rows: Iterable[registry.Row], cache: Cache) -> pd.DataFrame:
    import pandas as pd

    inventory = Inventory(cache)
    return pd.DataFrame([_listed(catalogue, row, inventory) for row in rows], columns=COLUMNS)


def _listed(catalogue: registry.Catalogue, row: registry.Row, inventory: Inventory) -> tuple[object, ...]:
    why_not = catalogue.why_not(row)
    spec = catalogue.spec(row)
    origins = () if why_not else spec.origins
    places = ", ".join(PLACES[type(origin)].value for origin in origins)
    source = address(origins[0]) if origins else ""
    here = any(inventory.where(origin, asked(spec)) is not None for origin in origins)
    return row.reference, row.language, row.action.value, row.kind, row.model, places, source, why_not, here


def address(origin: Origin) -> str:
    """Say where something comes from: an address where there is one."""
    if isinstance(origin, HubRepository):
        return f"hf:{origin.repository}" + (f" at {origin.revision}" if origin.revision else "")
    if isinstance(origin, BucketArchive):
        return origin.file or f"{origin.name} ({origin.language}), its newest archive"
    return f"the package {origin.distribution}" if isinstance(origin, InstalledFile) else printable(origin.path)


# --- cards -----------------------------------------------------------------------------------------------------------


def _described(found: registry.Found, inventory: Inventory) -> list[tuple[str, str | None]]:
    spec = found.spec
    if isinstance(spec, ComponentSpec):
        check_language(spec.language)
        return [
            ("reference", spec.reference),
            ("look-up", _look_up(found)),
            ("action", spec.action.value),
            ("language", spec.language),
            ("sentences and words", _rules(spec.language)),
            ("loads", "yes: rules of this library, without a model"),
            ("use", _use(spec.reference)),
        ]
    return [*_identity(found, spec), *_way(found, spec, inventory), *_used(found, spec), *_stated(found, spec)]


def _identity(found: registry.Found, spec: ModelSpec) -> list[tuple[str, str | None]]:
    row = found.row
    same = [] if row is None else found.catalogue.same(row)
    others = "\n".join(f"{other.reference}: {other.model} ({other.kind})" for other in found.others)
    what = None if row is None else registry.kinds()[row.kind].what
    return [
        ("reference", spec.reference),
        ("look-up", _look_up(found)),
        ("also called", ", ".join(same) or "nothing else"),
        ("not the same", others or "no other reference is so called"),
        ("stands in", _stands(row)),
        ("action", spec.action.value),
        ("kind", None if spec.kind is None else f"{spec.kind}: {what}"),
        ("model", spec.name),
        ("language", spec.language),
        ("sentences and words", _rules(spec.language)),
    ]


def _rules(language: str) -> str:
    """Say by which rules a text is split where nothing else is asked for."""
    if language == "xx":
        return "by the rules of the language that each text is found to be in"
    if language in list_languages_with_rules():
        return f"by rules of their own for {language!r}"
    return f"by Unicode's default rules: there are none of their own for {language!r}"


def _look_up(found: registry.Found) -> str:
    reference = found.spec.reference
    return (
        "as written"
        if reference == found.written
        else f"{found.written!r} is not a reference by itself: with {reference.partition('.')[0]}. in front"
    )


def _stands(row: registry.Row | None) -> str:
    if row is None:
        return "no catalogue: a direct reference"
    tables = {
        registry.Status.PUBLIC: "NLU 5.4.0, its table of public models",
        registry.Status.ALIAS: "NLU 5.4.0, its table of aliases",
        registry.Status.LICENSED: "NLU 5.4.0, its table of licensed models",
    }
    return row.where or tables[row.status]


def _stated(found: registry.Found, spec: ModelSpec) -> list[tuple[str, str | None]]:
    """Give every field of the card, and which sources state them."""
    stated_by = {} if found.row is None else found.catalogue.facts(found.row).stated_by
    lines = [f"{source}: {', '.join(names)}" for source, names in stated_by.items() if names]
    listed = [
        (LABELS.get(field.name, field.name.replace("_", " ")), _text(getattr(spec.card, field.name)))
        for field in fields(Card)
    ]
    return [*listed, ("facts from", "\n".join(lines) or None)]


LABELS = {
    "name": "name at its publisher",
    "max_sentence_length": "maximum sentence length",
    "description": "what it is",
    "sources": "sources named",
}


def _text(value: object) -> str | None:
    if isinstance(value, tuple):
        return ("\n" if any("://" in str(part) for part in value) else ", ").join(map(str, value))
    return (
        None
        if value is None
        else {True: "yes", False: "no"}.get(value, str(value))
        if isinstance(value, bool)
        else str(value)
    )


def _way(found: registry.Found, spec: ModelSpec, inventory: Inventory) -> list[tuple[str, str | None]]:
    why_not = "" if found.row is None else found.catalogue.why_not(found.row)
    if why_not:
        return [("loads", f"no: {why_not}")]
    origins = spec.origins
    places = "\n".join(f"{PLACES[type(origin)].value}: {address(origin)}" for origin in origins)
    paths = {origin: path for origin in origins if (path := inventory.where(origin, asked(spec)))}
    here = [f"{PLACES[type(origin)].value}: {path}" for origin, path in paths.items()]
    return [
        ("loads", "yes, from the first of these that has it\n" + places),
        ("use", _use(spec.reference)),
        ("in cache", "\n".join(here) or "no"),
        ("revision", _revision(origins, paths)),
        ("vectors of sentences", _recipe(spec.sentence, next(iter(paths.values()), None))),
    ]


def _revision(origins: Iterable[Origin], paths: Mapping[Origin, Path]) -> str:
    """Give the commit of a hub repository that is here: the name of its snapshot's folder."""
    hubs = [origin for origin in origins if isinstance(origin, HubRepository)]
    if not hubs:
        return "none: it does not come from a hub repository"
    here = [paths[origin] for origin in hubs if origin in paths]
    return here[0].name if here else hubs[0].revision or "its main branch when it is fetched"


def _recipe(recipe: SentenceRecipe | None, files: Path | None) -> str:
    """Say how vectors of sentences are made: as the model's files state it, unless another recipe was given."""
    if recipe is None or recipe.authority is Authority.GIVEN:
        return describe_recipe(recipe)
    if files is None:
        usual = describe_recipe(None if recipe.authority is Authority.FILES else recipe)
        return f"{usual}; what the model's files state of it comes before this"
    try:
        return describe_recipe(formats.read_recipe(files, recipe))
    except NluLiteError as error:
        return f"not as this library makes them: {error.got}"


def describe_recipe(recipe: SentenceRecipe | None, normalize: bool = False) -> str:
    """Say how vectors of sentences are made.

    Args:
        recipe: The recipe; None for the mean of the token vectors.
        normalize: Whether vectors are normalised, whatever the recipe says.

    Example:
        >>> describe_recipe(None, normalize=True)
        "the mean of its tokens' vectors, normalised"
    """
    if recipe is None:
        parts = ["the mean of its tokens' vectors"]
    else:
        parts = [f"pooling {recipe.pooling.value}", f"alignment {recipe.alignment.value}"]
    parts += ["normalised"] if normalize or (recipe is not None and recipe.normalize) else []
    return ", ".join(parts + ([f"prompt {recipe.prompt!r}"] if recipe is not None and recipe.prompt else []))


def _used(found: registry.Found, spec: ModelSpec) -> list[tuple[str, str | None]]:
    of_nlu = found.row is not None and found.row.where is None
    return [
        ("use in Spark NLP", _use_in_spark(spec)),
        ("use through NLU", f'nlu.load("{spec.reference}").predict("""Put your text here.""")' if of_nlu else None),
    ]


def _use(reference: str) -> str:
    return f'nlu_lite.load("{reference}").predict("""Put your text here.""")'


def _use_in_spark(spec: ModelSpec) -> str | None:
    card = spec.card
    if not (card.annotator and card.input_labels and card.output_labels):
        return None
    inputs = ", ".join(f'"{label}"' for label in sorted(card.input_labels))
    columns = f'.setInputCols({inputs}).setOutputCol("{card.output_labels[0]}")'
    return f'{card.annotator}.pretrained("{spec.name}", "{spec.language}"){columns}'
