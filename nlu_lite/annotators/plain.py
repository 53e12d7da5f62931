"""The parameters, transformers and pipelines of `pyspark.ml`, for machines without Spark.

Each class has the methods of its namesake that are used with Spark NLP; see `nlu_lite.annotators.bases`.
"""

from __future__ import annotations

import copy
import uuid
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class Param:
    """A parameter of a stage.

    Attributes:
        parent: Identifier of the stage; unused, since the parameters of a class are shared by its instances.
        name: Its name.
        doc: Its description.
        typeConverter: Checks and converts a value.
    """

    parent: object = field(compare=False, repr=False)
    name: str
    doc: str = field(compare=False, repr=False)
    typeConverter: Callable[[Any], Any] = field(compare=False, repr=False)


class Params:
    """An object with parameters, which have defaults and values."""

    def __init__(self) -> None:
        self.uid = f"{type(self).__name__}_{uuid.uuid4().hex[-12:]}"
        self._paramMap: dict[Param, Any] = {}
        self._defaultParamMap: dict[Param, Any] = {}

    @staticmethod
    def _dummy() -> object:
        return None

    @property
    def params(self) -> list[Param]:
        """All parameters, by name."""
        found = (getattr(type(self), name) for name in dir(type(self)))
        return [one for one in found if isinstance(one, Param)]

    def hasParam(self, paramName: str) -> bool:
        """Whether there is a parameter of this name."""
        return isinstance(getattr(type(self), paramName, None), Param)

    def getParam(self, paramName: str) -> Param:
        """Return the parameter of this name.

        Raises:
            ValueError: There is none.
        """
        if not self.hasParam(paramName):
            raise ValueError(f"Cannot find param with name {paramName}.")
        found: Param = getattr(type(self), paramName)
        return found

    def isSet(self, param: str | Param) -> bool:
        """Whether a parameter was set."""
        return self._resolveParam(param) in self._paramMap

    def hasDefault(self, param: str | Param) -> bool:
        """Whether a parameter has a default."""
        return self._resolveParam(param) in self._defaultParamMap

    def isDefined(self, param: str | Param) -> bool:
        """Whether a parameter has a value or a default."""
        return self.isSet(param) or self.hasDefault(param)

    def getOrDefault(self, param: str | Param) -> Any:
        """Return the value of a parameter, or else its default.

        Raises:
            KeyError: It has neither.
        """
        return self.extractParamMap()[self._resolveParam(param)]

    def set(self, param: Param, value: Any) -> None:
        """Set a parameter."""
        self._paramMap[param] = param.typeConverter(value)

    def clear(self, param: Param) -> None:
        """Remove the value of a parameter, whose default is used again."""
        self._paramMap.pop(param, None)

    def extractParamMap(self, extra: Mapping[Param, Any] | None = None) -> dict[Param, Any]:
        """Return the values and defaults, and other values in their place."""
        return {**self._defaultParamMap, **self._paramMap, **(extra or {})}

    def explainParam(self, param: str | Param) -> str:
        """Return the description, default and value of a parameter."""
        one = self._resolveParam(param)
        maps = {"default": self._defaultParamMap, "current": self._paramMap}
        values = [f"{name}: {known[one]}" for name, known in maps.items() if one in known] or ["undefined"]
        return f"{one.name}: {one.doc} ({', '.join(values)})"

    def explainParams(self) -> str:
        """Return the descriptions of all parameters, a line each."""
        return "\n".join(map(self.explainParam, self.params))

    def copy(self, extra: Mapping[Param, Any] | None = None) -> Self:
        """Return a copy with the same identifier, and other values of some parameters."""
        that = copy.copy(self)
        that._paramMap = {**self._paramMap, **(extra or {})}
        that._defaultParamMap = dict(self._defaultParamMap)
        return that

    def _resolveParam(self, param: str | Param) -> Param:
        return self.getParam(param if isinstance(param, str) else param.name)

    def _set(self, **values: Any) -> Self:
        for name, value in values.items():
            self.set(self.getParam(name), value)
        return self

    def _setDefault(self, **values: Any) -> Self:
        self._defaultParamMap |= {self.getParam(name): value for name, value in values.items()}
        return self

    def _resetUid(self, newUid: str) -> Self:
        self.uid = newUid
        return self

    def __repr__(self) -> str:
        return self.uid


class Transformer(Params):
    """A stage that adds columns to a frame."""

    def transform(self, dataset: Any, params: Mapping[Param, Any] | None = None) -> Any:
        """Return a frame with the columns of this stage.

        Args:
            dataset: A frame.
            params: Values of parameters for this call.
        """
        return (self.copy(params) if params else self)._transform(dataset)

    @abstractmethod
    def _transform(self, dataset: Any) -> Any:
        """Transform a frame with the parameters of this stage."""


class MLWritable:
    """A stage that can be saved."""


class Pipeline(Params):
    """A sequence of stages, which `fit` turns into a `PipelineModel`."""

    stages = Param(None, "stages", "a list of pipeline stages", lambda stages: stages)  # fit checks it

    def __init__(self, *, stages: list[Any] | None = None) -> None:
        super().__init__()
        if stages is not None:
            self.setStages(stages)

    def setStages(self, value: list[Any]) -> Self:
        """Set the stages."""
        return self._set(stages=value)

    def getStages(self) -> list[Any]:
        """Return the stages."""
        found: list[Any] = self.getOrDefault("stages")
        return found

    def fit(self, dataset: Any, params: Mapping[Param, Any] | None = None) -> Any:
        """Return a model with the stages.

        Args:
            dataset: A frame, whose columns are checked.
            params: Values of parameters for this call.
        """
        return (self.copy(params) if params else self)._fit(dataset)

    def _fit(self, dataset: Any) -> Any:
        raise NotImplementedError  # only `nlu_lite.annotators.Pipeline` is fitted without Spark


class PipelineModel(Transformer):
    """A sequence of stages that transforms frames."""

    def __init__(self, stages: list[Any]) -> None:
        super().__init__()
        self.stages = stages
