"""Open components as a value, which can be displayed, changed, copied and saved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Self, Unpack

from nlu_lite import display, saving, store, text
from nlu_lite._util.nlu_names import Place, explain_arguments, refuse_attribute
from nlu_lite.errors import UnsupportedCall
from nlu_lite.model import Model, check_prompt, replace_options
from nlu_lite.options import ModelChanges, ModelOptions, SavedWeights, TextSettings, parse_changes, parse_path
from nlu_lite.records import ComponentSpec, ModelSpec

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class OpenComponents:
    """Components that were found, fetched and opened by `load`.

    Attributes:
        components: The components, in the order of their references.
        models: The models among them.
        language: The default language of texts; ``"xx"`` detects it from each text.
        settings: How texts are split.
        options: How models are run.
        access: How the files of models were found.
    """

    components: tuple[ModelSpec | ComponentSpec, ...]
    models: tuple[Model, ...]
    language: str
    settings: TextSettings
    options: ModelOptions
    access: store.Access

    @property
    def info(self) -> pd.DataFrame:
        """The components and the settings of their models: one row per component."""
        import pandas as pd

        return pd.DataFrame(display.list_component_rows(self))

    def with_(self, **changes: Unpack[ModelChanges]) -> Self:
        """Return a pipeline with other options and the same weights.

        Args:
            changes: Options of `load`: ``words``, ``newline_breaks``, ``keep_whole``, ``sentence_splitter``,
                ``tokenizer``, ``pooling``, ``sentence_pooling``, ``prompt``, ``layers``, ``layer_merge``,
                ``alignment``, ``context``, ``max_length``, ``normalize``, ``reproducible`` or ``compat``.

        Raises:
            OptionError: An option is unknown, requires `load`, or has an unknown value.
            MissingExtra: An optional package is not installed.

        Example:
            >>> import nlu_lite
            >>> words = nlu_lite.load("en.tokenize")
            >>> words.with_(keep_whole="New York").predict("In New York")["token"].tolist()
            ['In', 'New York']
            >>> words.predict("In New York")["token"].tolist()
            ['In', 'New', 'York']
        """
        settings, options = parse_changes(self.settings, self.options, changes)
        text.check_dictionaries(settings.words, self.language)
        models = tuple(replace_options(model, options) for model in self.models)
        check_prompt(options.prompt, models)
        return replace(self, models=models, settings=settings, options=options)

    @explain_arguments(Place.SAVE)
    def save(self, path: str | Path, *, weights: bool = False) -> None:
        """Write the pipeline to a folder, which ``load(path=...)`` opens again with the same vectors.

        Args:
            path: A folder that does not exist yet. It is created completely or not at all.
            weights: Whether to copy the weights, so that the folder can be moved to another machine. Default: False,
                which records their origin. `load` compares their digest in both cases.

        Raises:
            OptionError: `path` exists, or a component is a callable.
            SourceError: The folder cannot be written, or the files of a model no longer exist.
            IntegrityError: The files of a model have changed since they were loaded.

        Example:
            >>> import tempfile, nlu_lite
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     nlu_lite.load("de.tokenize").save(f"{folder}/german")
            ...     nlu_lite.load(path=f"{folder}/german").predict("Guten Tag!")["token"].tolist()
            ['Guten', 'Tag', '!']
        """
        saving.save(self, parse_path(path, "path"), SavedWeights.COPY if weights else SavedWeights.REFERENCE)

    def __getitem__(self, key: object) -> NoReturn:
        """Raise an error: in NLU, ``pipeline["bert_embeddings"].setBatchSize(8)`` changes a component.

        Raises:
            UnsupportedCall: Always.
        """
        problem = f"the pipeline has no component {key!r}: components are not changed in place, as in NLU"
        remedy = "Call with_, as in pipeline.with_(max_length=128). The module nlu_lite.nlu has the calls of NLU"
        raise UnsupportedCall(problem, remedy=remedy)

    __iter__ = None  # Python would iterate by __getitem__
    __contains__ = None

    if not TYPE_CHECKING:  # type checkers would accept any name

        def __getattr__(self, name: str) -> NoReturn:
            refuse_attribute(self, "the pipeline", name)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        """Return the pipeline itself: nothing in it changes, and a copy would open the weights again."""
        return self

    def __repr__(self) -> str:
        return display.render_text(self)

    def _repr_html_(self) -> str:
        return display.render_html(self)
