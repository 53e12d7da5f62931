"""NLU's pipeline: a pipeline of this library with NLU's methods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NoReturn

from nlu_lite import saving
from nlu_lite._util.arguments import name_arguments
from nlu_lite._util.nlu_names import Place, check_argument, refuse_argument, refuse_attribute
from nlu_lite._util.os_errors import translate_write_errors
from nlu_lite.errors import InputError, OptionError, UnknownReference, UnsupportedCall, find_nearest_names
from nlu_lite.nlu.columns import add_metadata, close_positions, find_text_column, predict_texts, sort_columns
from nlu_lite.nlu.components import NluComponent, Role
from nlu_lite.options import FrameOptions, Level, ModelChanges, parse_choice, parse_path
from nlu_lite.pipeline import Pipeline
from nlu_lite.records import Action

if TYPE_CHECKING:
    import pandas as pd

WHOLE = "entire_pipeline"


class NLUPipeline:
    """A pipeline with NLU's methods. Returned by `nlu_lite.nlu.load`.

    Attributes:
        pipeline: The pipeline that computes; setters replace it.
        nlu_ref: The references.
    """

    def __init__(self, pipeline: Pipeline, nlu_ref: str) -> None:
        self.pipeline = pipeline
        self.nlu_ref = nlu_ref

    @property
    def lang(self) -> str:
        """The default language of texts."""
        return self.pipeline.language

    @name_arguments
    def predict(
        self,
        data: object,
        output_level: str = "",
        output_path: str = "",
        positions: bool = False,
        keep_stranger_features: bool = True,
        metadata: bool = False,
        multithread: bool = True,  # noqa: ARG002
        drop_irrelevant_cols: bool = True,
        return_spark_df: bool = False,
        get_embeddings: bool = True,
        parser_output: bool = False,
        parser_config: object = "",
        partition: int = 1000,  # noqa: ARG002
    ) -> pd.DataFrame:
        """Run `nlu_lite.Pipeline.predict`, and return NLU's columns.

        Args:
            data: Texts, as for `nlu_lite.Pipeline.predict`. None and NaN are skipped. A frame without a column ``text``
                is read from its first column.
            output_level: ``"token"``, ``"sentence"``, ``"document"``, or ``""`` for the default of the references.
            output_path: Not supported.
            positions: Whether to add ``<level>_begin`` and ``<level>_end``, which is inclusive. Both count code points.
            keep_stranger_features: Whether to keep the other columns of a frame. Default: True.
            metadata: Whether to add ``document``, ``sentence``, ``origin_index``, ``token_origin_sentence`` and
                ``<column of vectors>_is_OOV``. Default: False.
            multithread: Accepted without effect.
            drop_irrelevant_cols: False has the same effect as ``metadata=True``.
            return_spark_df: Not supported.
            get_embeddings: Whether to compute vectors. Default: True.
            parser_output: Not supported.
            parser_config: Not supported.
            partition: Accepted without effect.

        Returns:
            A frame with the columns in alphabetical order. Rows and index are those of `nlu_lite.Pipeline.predict`.

        Raises:
            OptionError: An option is not supported or has an unknown value; the error states the call to use instead.
            NluLiteError: As for `nlu_lite.Pipeline.predict`.
        """
        asked = {"output_path": output_path, "return_spark_df": return_spark_df}
        asked |= {"parser_output": parser_output, "parser_config": parser_config}
        for name in (name for name, value in asked.items() if value):
            refuse_argument(Place.PREDICT, name)
        level = "" if output_level is None else output_level
        if level:
            check_argument(Place.PREDICT, f'output_level="{level}"')
        pipeline = self.pipeline if get_embeddings else _drop_models(self.pipeline)
        if isinstance(data, Iterator):
            data = list(data)
        frame = _predict(pipeline, data, level, positions, keep_stranger_features, metadata or not drop_irrelevant_cols)
        return sort_columns(frame)

    @name_arguments
    def predict_embeds(
        self,
        data: object,
        multithread: bool = True,  # noqa: ARG002
        return_spark_df: bool = False,
        partition: int = 1000,  # noqa: ARG002
    ) -> list[list[float]]:
        """Return a vector for each document, of the first sentence model.

        Raises:
            InputError: The pipeline has no sentence model.
        """
        if return_spark_df:
            refuse_argument(Place.PREDICT, "return_spark_df")
        columns = [one.column for one in self.pipeline.models if one.spec.action is Action.EMBED_SENTENCE]
        if not columns:
            remedy = 'Call predict(data, output_level="document")'
            raise InputError("the pipeline has no sentence model", "a reference of embed_sentence", remedy)
        vectors = self.pipeline.encode(data, column=columns[0], text_column=find_text_column(data), progress=False)
        found: list[list[float]] = vectors.tolist()
        return found

    @name_arguments
    def fit(self, dataset: object = None, dataset_path: object = None, label_seperator: str = ",") -> NLUPipeline:  # noqa: ARG002
        """Return the pipeline: text components and models of vectors need not be fitted.

        Raises:
            UnsupportedCall: A dataset was passed: nothing is trained.
        """
        if dataset is not None or dataset_path is not None:
            remedy = "Call predict, and train a model of scikit-learn on nlu_lite.matrix(frame)"
            raise UnsupportedCall(
                "fit() was called with a dataset, and the pipeline has nothing to train", remedy=remedy
            )
        return self

    @name_arguments
    def save(self, path: str | Path, component: str = WHOLE, overwrite: bool = True) -> None:
        """Write the pipeline to a folder, as `nlu_lite.Pipeline.save` does.

        Args:
            path: The folder.
            component: Only ``"entire_pipeline"``.
            overwrite: Whether to replace a saved pipeline. Default: True.

        Raises:
            OptionError: A component was named; or `path` exists, and is not a pipeline or not to be replaced.
            SourceError: The folder cannot be written.
        """
        if component != WHOLE:
            refuse_argument(Place.SAVE, "component")
        folder = parse_path(path, "path")
        if not overwrite or not folder.exists():
            self.pipeline.save(folder)
        elif (folder / saving.FILE).is_file():
            _replace(self.pipeline, folder)
        else:
            got = f"{folder} exists, and is not a folder of a saved pipeline"
            raise OptionError(got, "a new folder, or one that save wrote", "Pass another path")

    @name_arguments
    def print_info(self, minimal: bool = True) -> None:  # noqa: ARG002
        """Print the setters of each component with their values, as calls to copy."""
        print("The following parameters are configurable for this NLU pipeline (You can copy paste the examples) :")
        for key, component in self.items():
            print(f">>> pipe['{key}'] has settable params:")
            for name, value in component.list_values():
                call = f"pipe['{key}'].{name}({'...' if value is None else repr(value)})"
                print(f"{call} | Currently set to : {'the default' if value is None else value}")

    # --- components ---------------------------------------------------------------------------------------------------

    def __getitem__(self, key: str) -> NluComponent:
        """Return a component by NLU's name of it.

        Raises:
            UnknownReference: There is no such component; the error lists all.
        """
        components = self.values()
        found = [one for one in components if one.key == key] or [one for one in components if one.matches(str(key))]
        if not found:
            keys = self.keys()
            raise UnknownReference(
                f"the pipeline has no component {key!r}",
                f"one of {', '.join(keys)}",
                "Call print_info() for their setters",
                find_nearest_names(key, keys),
            )
        return found[0]

    def __contains__(self, key: object) -> bool:
        return any(one.key == key or one.matches(str(key)) for one in self.values())

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def keys(self) -> list[str]:
        """Return NLU's names of the components."""
        return [one.key for one in self.values()]

    def items(self) -> list[tuple[str, NluComponent]]:
        """Return the components with their names."""
        return [(one.key, one) for one in self.values()]

    def values(self) -> list[NluComponent]:
        """Return the components, in the order in which they run."""
        roles = (Role.DOCUMENTS, Role.SENTENCES, Role.TOKENS)
        texts = [NluComponent(self, role) for role in roles]
        return [*texts, *(NluComponent(self, Role.VECTORS, model) for model in self.pipeline.models)]

    def change(self, changes: ModelChanges) -> None:
        """Replace the pipeline by one with other options."""
        self.pipeline = self.pipeline.with_(**changes)

    # --- display ------------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return repr(self.pipeline)

    def _repr_html_(self) -> str:
        return self.pipeline._repr_html_()

    if not TYPE_CHECKING:  # type checkers would accept any name

        def __getattr__(self, name: str) -> NoReturn:
            refuse_attribute(self, "the pipeline", name)


def _predict(
    pipeline: Pipeline, data: object, level: str, positions: bool, keep_columns: bool, metadata: bool
) -> pd.DataFrame:
    column = find_text_column(data)
    options: FrameOptions = {
        "positions": positions,
        "metadata": metadata,
        "text_column": column,
        "keep_columns": keep_columns,
        "missing": "skip",
    }
    if level:
        options["output_level"] = parse_choice(Level, level, "output_level").value
    frame = pipeline.predict(data, as_="pandas", **options)
    if positions:
        frame = close_positions(frame)
    if not metadata:
        return frame
    texts = _drop_models(pipeline)
    documents, sentences = (predict_texts(texts, data, one, column) for one in (Level.DOCUMENT, Level.SENTENCE))
    return add_metadata(frame, [model.column for model in pipeline.models], documents, sentences)


def _drop_models(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline that splits texts alike, and computes no vectors."""
    return replace(pipeline, models=())


def _replace(pipeline: Pipeline, folder: Path) -> None:
    """Replace a saved pipeline; the old one remains until the new one is complete."""
    with translate_write_errors(folder), TemporaryDirectory(dir=folder.parent, prefix=".") as part:
        pipeline.save(Path(part, "new"))
        folder.rename(Path(part, "old"))
        Path(part, "new").rename(folder)


@name_arguments
def to_nlu_pipe(nlp_pipe: object, is_pre_configured: bool = True) -> NLUPipeline:  # noqa: ARG001
    """Return a pipeline of `nlu_lite.load` with NLU's methods.

    Raises:
        InputError: It is another object.
    """
    if isinstance(nlp_pipe, NLUPipeline):
        return nlp_pipe
    if not isinstance(nlp_pipe, Pipeline):
        remedy = "Load references with nlu_lite.nlu.load; of a pipeline of nlu_lite.annotators, call transform"
        raise InputError(f"the pipeline is a {type(nlp_pipe).__name__}", "a pipeline of nlu_lite", remedy)
    return NLUPipeline(nlp_pipe, " ".join(spec.reference for spec in nlp_pipe.components))


@name_arguments
def autocomplete_pipeline(pipe: object, lang: str = "en") -> NLUPipeline:  # noqa: ARG001
    """Return the pipeline with NLU's methods; pipelines are complete when they are loaded."""
    return to_nlu_pipe(pipe)


@name_arguments
def to_pretty_df(
    nlp_pipe: object, data: object, positions: bool = False, output_level: str = "", metadata: bool = False
) -> pd.DataFrame:
    """Run `NLUPipeline.predict`."""
    return to_nlu_pipe(nlp_pipe).predict(data, positions=positions, output_level=output_level, metadata=metadata)
