"""Pipelines and cards for people: as text and as HTML for notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from nlu_lite.errors import escape_surrogates
from nlu_lite.model import Model
from nlu_lite.options import Compat, Words
from nlu_lite.records import Action, ComponentSpec, ModelSpec
from nlu_lite.registry.browse import describe_origin, describe_recipe
from nlu_lite.saving import OpenPipeline, encode_record
from nlu_lite.text import describe_dictionary, describe_rules

NOT_KNOWN = "not known"
RULES_OF = {Compat.SPARKNLP: "rules of Spark NLP"}
"""The method of the text stages, by library."""
CELL = "text-align:left;vertical-align:top;padding:2px 8px;white-space:normal;max-width:48em;overflow-wrap:anywhere"
HEAD = f"{CELL};white-space:nowrap;font-weight:600"
PIPELINE = "text-align:left;overflow-wrap:anywhere"


# --- pipelines -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """A step of a pipeline.

    Attributes:
        name: ``"sentences"``, ``"words"``, or a reference.
        method: The splitter, the tokenizer, or the action of a model with its language.
        settings: Its settings; those with their default are left out.
    """

    name: str
    method: str
    settings: Mapping[str, object]


def list_stages(pipeline: OpenPipeline) -> list[Step]:
    """List the steps of a pipeline in order."""
    text = encode_record(pipeline.settings)
    models = {model.spec.reference: model for model in pipeline.models}
    splitter, tokenizer, compat = text["sentences"], text["tokens"], pipeline.settings.compat
    rules = "rules" if compat is None else RULES_OF[compat]
    sentences = {} if splitter or compat else {"newline_breaks": text["newline_breaks"]}
    words = {} if tokenizer or compat else _list_word_settings(pipeline.settings.words, pipeline.language)
    return [
        Step("sentences", splitter or rules, sentences),
        Step("words", tokenizer or rules, words | _drop_empty({"keep_whole": text["keep_whole"]})),
        *(
            Step(spec.reference, f"{spec.action.value} ({spec.language})", _list_settings(models[spec.reference]))
            for spec in pipeline.components
            if isinstance(spec, ModelSpec)
        ),
    ]


def list_component_rows(pipeline: OpenPipeline) -> list[dict[str, object]]:
    """Return the rows of `Pipeline.info`: one per component, those of models with more columns."""
    models = {model.spec.reference: model for model in pipeline.models}
    compat = pipeline.settings.compat
    return [_build_component_row(spec, models.get(spec.reference), compat) for spec in pipeline.components]


def render_text(pipeline: OpenPipeline) -> str:
    """Return the references, the stages and their settings, one per line."""
    references = ", ".join(repr(spec.reference) for spec in pipeline.components)
    lines = [f"Pipeline({references}, language={pipeline.language!r})"]
    for stage in list_stages(pipeline):
        settings = ", ".join(f"{name}={value!r}" for name, value in stage.settings.items())
        lines.append(f"  {stage.name}: {stage.method}{'; ' if settings else ''}{settings}")
    return escape_surrogates("\n".join(lines))


def render_html(pipeline: OpenPipeline) -> str:
    """Return the references, the stages and their settings as a table."""
    rows = "".join(
        f"<tr><td><b>{escape(stage.name)}</b></td><td style='white-space:nowrap'>{escape(stage.method)}</td>"
        f"<td>{_render_settings(stage.settings)}</td></tr>"
        for stage in list_stages(pipeline)
    )
    references = escape(" ".join(spec.reference for spec in pipeline.components))
    caption = f"<caption>Pipeline: {references}; language {escape(pipeline.language)}</caption>"
    head = "<thead><tr><th>stage</th><th>what</th><th>settings</th></tr></thead>"
    return escape_surrogates(f'<table style="{PIPELINE}">{caption}{head}<tbody>{rows}</tbody></table>')


def _build_component_row(
    spec: ModelSpec | ComponentSpec, model: Model | None, compat: Compat | None
) -> dict[str, object]:
    row: dict[str, object] = {
        "reference": escape_surrogates(spec.reference),
        "action": spec.action.value,
        "language": spec.language,
        "rules": describe_rules(spec.language) if compat is None else RULES_OF[compat],
    }
    if model is not None:
        row |= {
            "column": model.column,
            "backend": model.encoder.backend.name,
            "backend_reason": escape_surrogates(model.decision.reason),
            "max_length": model.encoder.max_length,
            "dimension": model.encoder.backend.dimension,
            "layers": model.encoder.backend.layers,
            "sentence_vectors": describe_recipe(model.recipe, model.normalize),
            "source": describe_origin(model.files.origin),
            "files": escape_surrogates(str(model.files.path)),
            "digest": model.files.digest,
            "verified": model.files.verified,
        }
    return row


def _list_word_settings(words: Words, language: str) -> dict[str, object]:
    """Return the way to cut words, with the dictionary of the language: only some languages have a package for it."""
    settings: dict[str, object] = {"words": words.value}
    return settings | ({"dictionary": describe_dictionary(language)} if words is Words.DICTIONARY else {})


def _list_settings(model: Model) -> dict[str, object]:
    encoder = model.encoder
    backend = encoder.backend
    settings: dict[str, object] = {
        "column": model.column,
        "backend": backend.name,
        "backend_reason": model.decision.reason,
        "dimension": backend.dimension,
        "max_length": encoder.max_length,
    }
    chosen = encode_record(encoder.settings)
    settings |= {name: chosen[name] for name in ("pooling", "layers", "alignment", "context")}
    if len(encoder.layers) > 1:
        settings["layer_merge"] = chosen["layer_merge"]
    optional = _drop_empty({name: chosen[name] for name in ("reproducible", "compat")})
    return settings | _list_recipe_settings(model) | optional


def _list_recipe_settings(model: Model) -> dict[str, object]:
    recipe = {} if model.recipe is None else encode_record(model.recipe)
    settings = {f"sentence_{name}": recipe[name] for name in ("pooling", "alignment") if name in recipe}
    # The recipe of a token model does not apply to its token vectors.
    normalize = "sentence_normalize" if model.spec.action is Action.EMBED else "normalize"
    optional = {"prompt": recipe.get("prompt"), normalize: recipe.get("normalize")}
    return settings | _drop_empty(optional | ({"normalize": True} if model.normalize else {}))


def _drop_empty(settings: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in settings.items() if value}


def _render_settings(settings: Mapping[str, object]) -> str:
    return "<br>".join(f"{escape(name)} = <code>{escape(repr(value))}</code>" for name, value in settings.items())


# --- cards -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Info:
    """A card: names and values, in order; a value is None if no source states it.

    Example:
        >>> Info((("title", "A model"), ("licence", None)))
        title    A model
        licence  not known
    """

    fields: tuple[tuple[str, str | None], ...]

    def __getitem__(self, name: str) -> str | None:
        """Return the value of a field.

        Raises:
            KeyError: The card has no such field.
        """
        return dict(self.fields)[name]

    def to_dict(self) -> dict[str, str | None]:
        """Return the fields as a dict."""
        return dict(self.fields)

    def __repr__(self) -> str:
        from shutil import get_terminal_size

        label_width = max((len(name) for name, _ in self.fields), default=0) + 2
        width = max(40, get_terminal_size().columns - label_width)
        lines = []
        for name, value in self.fields:
            parts = _wrap(value or NOT_KNOWN, width)
            labels = [name] + [""] * len(parts)
            lines += [f"{label:<{label_width}}{part}" for label, part in zip(labels, parts, strict=False)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='{HEAD}'>{escape(name)}</th><td style='{CELL}'>{_render_value(value)}</td></tr>"
            for name, value in self.fields
        )
        return f"<table style='border-collapse:collapse'>{rows}</table>"


def _wrap(value: str, width: int) -> list[str]:
    """Wrap prose at spaces; addresses, paths and lines of code stay whole so that they can be copied."""
    from textwrap import wrap

    parts = []
    for line in value.split("\n"):
        is_whole = _is_code(line) or max(map(len, line.split(" "))) > width // 2
        parts += [line] if is_whole else wrap(line, width, break_long_words=False, break_on_hyphens=False)
    return parts


def _is_code(line: str) -> bool:
    return line.endswith(")") and (".load(" in line or ".pretrained(" in line)


def _render_value(value: str | None) -> str:
    if value is None:
        return f"<i style='opacity:.6'>{NOT_KNOWN}</i>"
    return "<br>".join(map(_render_line, value.split("\n")))


def _render_line(line: str) -> str:
    if line.startswith("https://") and " " not in line:
        return f"<a href='{escape(line)}' rel='noopener'>{escape(line)}</a>"
    return f"<code>{escape(line)}</code>" if _is_code(line) else escape(line)
