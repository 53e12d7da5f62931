"""A pipeline for people: its stages and their settings, as text and for notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from nlu_lite.errors import printable
from nlu_lite.model import Model
from nlu_lite.options import Words
from nlu_lite.records import Action, ModelSpec
from nlu_lite.saving import Opened, plain
from nlu_lite.text import describe_dictionary


@dataclass(frozen=True)
class Stage:
    """What is done in one step.

    Attributes:
        name: ``"sentences"``, ``"words"``, or a reference.
        what: What it stands for.
        settings: How it is done; those that are at rest are left out.
    """

    name: str
    what: str
    settings: Mapping[str, object]


def stages(pipeline: Opened) -> list[Stage]:
    """List the steps of a pipeline, in their order."""
    text = plain(pipeline.settings)
    opened = {model.spec.reference: model for model in pipeline.models}
    splitter, tokenizer = text["sentences"], text["tokens"]
    sentences = {} if splitter else {"newline_breaks": text["newline_breaks"]}
    words = {} if tokenizer else _words(pipeline.settings.words, pipeline.language)
    return [
        Stage("sentences", splitter or "rules", sentences),
        Stage("words", tokenizer or "rules", words | _set({"keep_whole": text["keep_whole"]})),
        *(
            Stage(spec.reference, f"{spec.action.value} ({spec.language})", _settings(opened[spec.reference]))
            for spec in pipeline.components
            if isinstance(spec, ModelSpec)
        ),
    ]


def _words(words: Words, language: str) -> dict[str, object]:
    """Only some languages have a package: what a dictionary means for this one is said."""
    chosen: dict[str, object] = {"words": words.value}
    return chosen | ({"dictionary": describe_dictionary(language)} if words is Words.DICTIONARY else {})


def as_text(pipeline: Opened) -> str:
    """Give the references, the stages and their settings, a line each."""
    asked = ", ".join(repr(spec.reference) for spec in pipeline.components)
    lines = [f"Pipeline({asked}, language={pipeline.language!r})"]
    for stage in stages(pipeline):
        settings = ", ".join(f"{name}={value!r}" for name, value in stage.settings.items())
        lines.append(f"  {stage.name}: {stage.what}{'; ' if settings else ''}{settings}")
    return printable("\n".join(lines))


def as_html(pipeline: Opened) -> str:
    """Give the same as a table for notebooks."""
    rows = "".join(
        f"<tr><td><b>{escape(stage.name)}</b></td><td>{escape(stage.what)}</td><td>{_listed(stage.settings)}</td></tr>"
        for stage in stages(pipeline)
    )
    asked = escape(" ".join(spec.reference for spec in pipeline.components))
    caption = f"<caption>Pipeline: {asked}; language {escape(pipeline.language)}</caption>"
    head = "<thead><tr><th>stage</th><th>what</th><th>settings</th></tr></thead>"
    return printable(f'<table style="text-align: left">{caption}{head}<tbody>{rows}</tbody></table>')


def _settings(model: Model) -> dict[str, object]:
    encoder = model.encoder
    found: dict[str, object] = {"column": model.column, "backend": encoder.backend.name}
    found |= {"dimension": encoder.backend.dimension, "max_length": encoder.max_length}
    chosen = plain(encoder.settings)
    found |= {name: chosen[name] for name in ("pooling", "layers", "alignment", "context")}
    if len(encoder.layers) > 1:
        found["layer_merge"] = chosen["layer_merge"]
    recipe = {} if model.recipe is None else plain(model.recipe)
    sentences = {f"sentence_{name}": recipe[name] for name in ("pooling", "alignment") if name in recipe}
    # The recipe of a token model does not apply to its token vectors.
    of_sentences = "sentence_normalize" if model.spec.action is Action.EMBED else "normalize"
    chosen_too = {"prompt": recipe.get("prompt"), of_sentences: recipe.get("normalize")}
    chosen_too |= {"normalize": True} if model.normalize else {}
    return found | sentences | _set(chosen_too | {"reproducible": chosen["reproducible"]})


def _set(settings: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in settings.items() if value}


def _listed(settings: Mapping[str, object]) -> str:
    return "<br>".join(f"{escape(name)} = <code>{escape(repr(value))}</code>" for name, value in settings.items())
