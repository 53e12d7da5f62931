"""`LightPipeline`: stages that run over strings, without frames."""

from __future__ import annotations

from typing import Any, overload

from nlu_lite.annotators import bases
from nlu_lite.annotators.annotation import Annotation
from nlu_lite.annotators.assembler import DocumentAssembler
from nlu_lite.annotators.columns import GIVEN, ColumnKind, Rows, plan
from nlu_lite.annotators.finishers import VECTOR_TYPES, Finisher, FinisherStage, show_vector
from nlu_lite.annotators.pipelines import flatten
from nlu_lite.annotators.refused import refuse_call
from nlu_lite.annotators.stages import AnnotatorStage, Stage
from nlu_lite.errors import InputError, OptionError

Annotations = dict[str, list[Annotation]]


class LightPipeline:
    """Runs the stages of a pipeline over strings.

    Args:
        pipelineModel: A fitted pipeline. Stages of other libraries are left out, as in Spark NLP.
        parse_embeddings: Whether vectors are returned. Default: False.

    Raises:
        OptionError: `pipelineModel` is no fitted pipeline.

    Example:
        >>> from nlu_lite.annotators import PipelineModel, Tokenizer
        >>> light = LightPipeline(PipelineModel([DocumentAssembler().setInputCol("text"), Tokenizer()]))
        >>> light.annotate("Good morning!")
        {'document': ['Good morning!'], 'token': ['Good', 'morning', '!']}
    """

    def __init__(self, pipelineModel: Any, parse_embeddings: bool = False) -> None:
        if not isinstance(pipelineModel, bases.PipelineModel):
            got, remedy = f"pipelineModel is a value of type {type(pipelineModel).__name__}", "Call Pipeline.fit(frame)"
            raise OptionError(got, "a PipelineModel", remedy)
        self.pipeline_model, self.parse_embeddings = pipelineModel, parse_embeddings
        self._ignores_unsupported = False

    @overload
    def annotate(self, target: str, optional_target: str = "") -> dict[str, list[str]]: ...

    @overload
    def annotate(self, target: list[str], optional_target: str = "") -> list[dict[str, list[str]]]: ...

    def annotate(
        self, target: str | list[str], optional_target: str = ""
    ) -> dict[str, list[str]] | list[dict[str, list[str]]]:
        """Return the strings of the annotations of a text, or of each text of a list.

        Args:
            target: A text, or a list of texts.
            optional_target: Must be empty: Spark NLP has it for answers to questions.

        Returns:
            For each text, lists of str by column. With `parse_embeddings`, vectors are the numbers joined by spaces.

        Raises:
            InputError: `target` is neither a str nor a list of str, or a stage lacks a column.
        """
        texts = _check_target(target, optional_target)
        found = [
            {name: [self._show(one) for one in cell] for name, cell in annotations.items()}
            for annotations in self._run(texts)
        ]
        return found[0] if isinstance(target, str) else found

    def fullAnnotate(self, target: str | list[str], optional_target: str = "") -> list[Annotations]:
        """Return the annotations of each text; a list in any case.

        Args:
            target: A text, or a list of texts.
            optional_target: Must be empty: Spark NLP has it for answers to questions.

        Returns:
            For each text, lists of annotations by column. Without `parse_embeddings`, they have no vectors.

        Raises:
            InputError: `target` is neither a str nor a list of str, or a stage lacks a column.
        """
        rows = self._run(_check_target(target, optional_target))
        return [{name: [self._finish(one) for one in cell] for name, cell in row.items()} for row in rows]

    def transform(self, dataframe: Any) -> Any:
        """Return a frame with the columns of the pipeline."""
        return self.pipeline_model.transform(dataframe)

    def setIgnoreUnsupported(self, value: bool) -> LightPipeline:
        """Set whether stages of other libraries are left out; they are in any case."""
        self._ignores_unsupported = value
        return self

    def getIgnoreUnsupported(self) -> bool:
        """Return whether stages of other libraries are left out."""
        return self._ignores_unsupported

    fullAnnotateImage = refuse_call("LightPipeline.fullAnnotateImage", "Call fullAnnotate for texts")

    def _list_stages(self) -> list[Stage]:
        stages = [stage for stage in flatten(self.pipeline_model.stages) if isinstance(stage, Stage)]
        return [one for one in stages if not (isinstance(one, AnnotatorStage) and one.getLazyAnnotator())]

    def _run(self, texts: list[str]) -> list[Annotations]:
        stages = self._list_stages()
        names = [one.getInputCol() for one in stages if isinstance(one, DocumentAssembler) and one.getInputCol()]
        planned = plan(stages, dict.fromkeys(names, GIVEN))
        rows = Rows({name: list(texts) for name in names}, list(range(len(texts))))
        shown: list[str] = []
        for stage in planned.stages:
            if isinstance(stage, Finisher):
                shown = [name for name in shown if name in stage.getInputCols()]
            elif not isinstance(stage, FinisherStage):
                rows = stage.run(rows)
                shown += [
                    n for n, one in stage.list_writes().items() if one.kind is ColumnKind.ANNOTATIONS and n not in shown
                ]
        return [{name: list(rows.columns[name][row]) for name in shown} for row in range(len(texts))]

    def _show(self, one: Annotation) -> str:
        if self.parse_embeddings and one.annotatorType in VECTOR_TYPES:
            return show_vector(one)
        return str(one.result)

    def _finish(self, one: Annotation) -> Annotation:
        vector = [float(value) for value in one.embeddings] if self.parse_embeddings else []
        return Annotation(**{**one, "embeddings": vector})


def _check_target(target: object, optional_target: object) -> list[str]:
    if optional_target != "":
        got = "optional_target was given, which is for answers to questions"
        raise InputError(got, "only target", "Leave optional_target out")
    texts = [target] if isinstance(target, str) else target
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        got = f"target is a value of type {type(target).__name__}"
        raise InputError(got, "a str or a list of str", "Call PipelineModel.transform for a frame")
    return texts
