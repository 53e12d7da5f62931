"""`load` and `Pipeline`: the one room that knows the whole way from a reference to a table."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, TypeVar, Unpack, overload

from nlu_lite import inputs, locking, registry, sources, table, text
from nlu_lite.cache import default_cache
from nlu_lite.discovery import address
from nlu_lite.encoding import BackendName, Context, EncoderSettings, LayerMerge, Pooling, Precision
from nlu_lite.errors import OptionError
from nlu_lite.models import Model, ModelOptions, check_prompt, open_model
from nlu_lite.progress import progress_bar
from nlu_lite.records import Action, Alignment, ComponentSpec, Corpus, ModelSpec, Segments, SentencePooling
from nlu_lite.table import Also, Level, VectorColumn
from nlu_lite.text import Splitter, TextSettings

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

E = TypeVar("E", bound=Enum)


class PredictOptions(TypedDict, total=False):
    """The options of `Pipeline.predict` but the one that says of what type the result is."""

    output_level: str | None
    positions: bool
    metadata: bool
    text_column: Hashable | None
    keep_columns: bool
    lang: str | None
    lang_column: Hashable | None
    missing: str
    split: str
    vectors: str
    progress: bool | None


@dataclass(frozen=True, repr=False)
class Pipeline:
    """Components that were found, fetched and read; made by `load`.

    Attributes:
        components: What the references stand for, in their order.
        models: The models among them.
        language: Language of texts for which `predict` is told no other; ``"xx"`` finds it from each text.
        settings: How texts are split.
    """

    components: tuple[ModelSpec | ComponentSpec, ...]
    models: tuple[Model, ...]
    language: str
    settings: TextSettings

    @overload
    def predict(
        self, data: object, *, as_: Literal["pandas"] = "pandas", **options: Unpack[PredictOptions]
    ) -> pd.DataFrame: ...

    @overload
    def predict(self, data: object, *, as_: Literal["arrow"], **options: Unpack[PredictOptions]) -> pa.Table: ...

    @overload
    def predict(self, data: object, *, as_: Literal["polars"], **options: Unpack[PredictOptions]) -> pl.DataFrame: ...

    @overload
    def predict(self, data: object, *, as_: str, **options: Unpack[PredictOptions]) -> Any: ...

    def predict(
        self,
        data: object,
        *,
        output_level: str | None = None,
        positions: bool = False,
        metadata: bool = False,
        text_column: Hashable | None = None,
        keep_columns: bool = True,
        lang: str | None = None,
        lang_column: Hashable | None = None,
        missing: str = "error",
        split: str = "words",
        as_: str = "pandas",
        vectors: str = "numpy",
        progress: bool | None = None,
    ) -> pd.DataFrame | pa.Table | pl.DataFrame:
        """Split texts into sentences and words, and give each its vector. Opens no file and no connection.

        Args:
            data: A str; strings in a list, tuple, generator or another iterable, a 1-D numpy array, a pandas Series, an
                Arrow array or a Polars Series; or a frame of pandas, Arrow or Polars. Instead of a string a list of
                strings may stand everywhere: a document that is already split. It is never changed.
            output_level: ``"token"``, ``"sentence"`` or ``"document"``: what a row is. By default ``"token"``, or
                ``"sentence"`` where only a sentence detector or sentence models were asked for. Above the token level
                a token model gives the mean of its token vectors; a sentence model's vector is repeated on the tokens.
            positions: Whether to add ``<level>_begin`` and ``<level>_end``: half-open, in code points of the document.
            metadata: Whether to add ``document_number`` (the row of `data`), ``sentence_number`` (in its document) and
                ``token_number`` (in its sentence), counted from 0, and for each model ``word_pieces_<id>``: the number
                of pieces, ``word_oov_<id>``: whether one of them is the unknown piece, and ``word_windows_<id>``:
                through how many windows the text went that was encoded with the row (``sentence_...`` for sentence
                models).
            text_column: A frame's column of texts; by default ``text``, else the only column of strings.
            keep_columns: Whether the frame's other columns come along.
            lang: Language of the texts; by default that of the references.
            lang_column: A frame's column of language codes.
            missing: ``"error"`` or ``"skip"``: what to do with rows that are None or NaN.
            split: What the strings of a list of lists are: ``"words"`` of a document of one sentence, or
                ``"sentences"`` of a document, which are split into words by the rules of their language.
            as_: ``"pandas"``, ``"arrow"`` (extra ``arrow``) or ``"polars"`` (extra ``polars``): whose frame to give.
            vectors: What stands in the cells of a pandas frame: ``"numpy"`` arrays, each a view of a row of one matrix,
                or ``"arrow"`` for a column of dtype ``ArrowDtype`` (extra ``arrow``). Both lie on the same memory.
            progress: Whether to show a bar; by default in a terminal or notebook, for work longer than a second.

        Returns:
            A row for each token (or sentence, or document), with the input's index repeated. Vectors are float32
            arrays [d] in columns ``word_embedding_<id>``. A text without words gives no row. In Arrow and Polars the
            index becomes the first column, ``index`` where it has no name, and vectors are fixed-size lists of float32
            on the memory of one matrix. Other columns keep their dtypes; those of Arrow and Polars are ``ArrowDtype``
            in pandas, dictionaries and categories ``category``.

        Raises:
            InputError: The data cannot be read, or their other columns not be kept. What an iterable of the caller's
                raises is passed on as it is.
            OptionError: An option has an unknown value.
            MissingExtra: A package is needed that is not installed.
            ModelError: A model gives values that are not numbers.

        Example:
            >>> import nlu_lite
            >>> nlu_lite.load("de.tokenize").predict("Guten Tag!", positions=True)
               token  token_begin  token_end
            0  Guten            0          5
            0    Tag            6          9
            0      !            9         10
        """
        layout = table.Layout(
            level=self._level(output_level),
            also=(Also.POSITIONS if positions else Also.NOTHING) | (Also.METADATA if metadata else Also.NOTHING),
            form=_choice(table.Form, as_, "as_"),
            cells=_choice(table.Cells, vectors, "vectors"),
        )
        table.check_installed(layout)
        if lang is not None:
            text.check_language(lang)
        given = inputs.read(
            data,
            inputs.Reading(
                text_column=text_column,
                lang_column=lang_column,
                language=lang or self.language,
                check_language=text.check_language,
                columns=inputs.Columns.KEEP if keep_columns else inputs.Columns.DROP,
                missing=_choice(inputs.Missing, missing, "missing"),
                split=_choice(inputs.Split, split, "split"),
            ),
        )
        writer = table.open_writer(given.corpus, layout, table.result_names(layout, [m.column for m in self.models]))
        segments = self._segments(given, progress)
        columns = self._vectors(given.corpus, segments, layout, progress)
        result: pd.DataFrame | pa.Table | pl.DataFrame = table.build(
            layout, writer, given.corpus, segments, given.rows, columns
        )
        return result

    @property
    def info(self) -> pd.DataFrame:
        """What each reference stands for and what runs it: one row a component."""
        import pandas as pd

        opened = {model.spec.reference: model for model in self.models}
        return pd.DataFrame([_described(spec, opened.get(spec.reference)) for spec in self.components])

    def __repr__(self) -> str:
        lines = [f"  {spec.reference}: {spec.action.value} ({spec.language})" for spec in self.components]
        return "\n".join([f"Pipeline(language={self.language!r})", *lines])

    def _level(self, name: str | None) -> Level:
        if name is not None:
            return _choice(Level, name, "output_level")
        only = all(spec.action in (Action.SENTENCE_DETECTOR, Action.EMBED_SENTENCE) for spec in self.components)
        return Level.SENTENCE if only else Level.TOKEN

    def _segments(self, given: inputs.Given, progress: bool | None) -> Segments:
        if given.segments is not None:
            return given.segments
        if given.sentences is not None:
            return text.segment_sentences(given.corpus, given.sentences, self.settings)
        with progress_bar(len(given.corpus.texts), "text", progress) as bar:
            return text.segment(given.corpus, self.settings, bar.update)

    def _vectors(
        self, corpus: Corpus, segments: Segments, layout: table.Layout, progress: bool | None
    ) -> list[VectorColumn]:
        columns, level, texts = [], layout.level, corpus.texts
        with progress_bar(sum(m.steps(segments, level) for m in self.models), "vector", progress) as bar:
            for model in self.models:
                found = model.vectors(texts, segments, level, bar.update)
                facts = model.facts(texts, segments, level) if Also.METADATA in layout.also else None
                columns.append(VectorColumn(model.column, found, facts))
        return columns


def load(
    *references: str,
    device: str = "cpu",
    backend: str = "torch",
    precision: str = "fp32",
    threads: int | None = None,
    words: str = "icu",
    pooling: str = "first",
    sentence_pooling: str | None = None,
    prompt: str | None = None,
    layers: Sequence[int] = (-1,),
    layer_merge: str = "mean",
    alignment: str = "word",
    context: str = "sentence",
    max_length: int | None = None,
    normalize: bool = False,
    reproducible: bool = False,
    newline_breaks: str = "paragraphs",
    keep_whole: str | Sequence[str] = (),
    sentence_splitter: Splitter | None = None,
    tokenizer: Splitter | None = None,
    source: str | None = None,
    revision: str | None = None,
    cache_dir: str | Path | None = None,
    offline: bool | None = None,
    lock: str | Path | None = None,
) -> Pipeline:
    """Find, fetch and read what the references stand for; whatever can fail fails here.

    Args:
        references: NLU references (``"xx.embed.xlm_roberta_xtreme_base"``, ``"de.tokenize"``), several in one string
            or several strings; or ``"hf:org/name"`` for a repository of the Hugging Face hub, ``"path:DIR"`` for a
            folder in transformers' layout, ``"sparknlp:DIR_OR_ZIP"`` for a model that Spark NLP saved. None at all
            means the packaged model.
        device: Where models run: ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``.
        backend: What runs them: ``"torch"``, or ``"openvino"`` (extra of that name; faster on the CPU; the model is
            converted once and kept in the cache).
        precision: In what numbers they compute: ``"fp32"``, ``"bf16"`` (fast where the processor has AVX512-BF16 or
            AMX, and on GPUs; loses digits) or ``"fp16"`` (GPUs). Vectors are float32 in any case.
        threads: Threads of a forward pass on the CPU; by default the backend's own number.
        words: What finds words where they are not written apart: ``"icu"``, or ``"dictionary"``: packages of the extra
            ``words`` for Japanese and Vietnamese; other languages keep ICU's dictionaries.
        pooling: How a token's vector is made of its pieces': ``"first"`` (Spark NLP's, the usual choice for tagging),
            ``"last"`` (suffixing languages), ``"mean"`` or ``"max"`` (the whole word), ``"first_last"`` (both ends
            beside each other, twice as wide).
        sentence_pooling: How vectors of sentences are made: ``"mean"`` over the pieces, ``"cls"``: the first position,
            ``"pooler"``: the model's own dense layer over it; by default what the model's publisher prescribes, and for
            token models the mean of the token vectors.
        prompt: What is put before each sentence for its vector, such as ``"query: "``; by default what the authors of a
            sentence model ask for.
        layers: Hidden states to use: 0 is the embeddings, -1 the last layer; middle layers often compare words better.
        layer_merge: How several layers become one vector: ``"mean"``, ``"sum"`` or ``"concat"``.
        alignment: What the subword model sees: ``"word"``: each token by itself, Spark NLP's way; ``"text"``: the text
            as a whole, as in training, tokens aligned by their offsets.
        context: What a token's vector may look at: its ``"sentence"``, or the whole ``"document"``.
        max_length: Longest window in pieces, special tokens included; by default as long as the model's positions
            allow. Longer texts go through overlapping windows: nothing is cut off.
        normalize: Whether vectors are divided by their Euclidean length, for comparing by dot product.
        reproducible: Whether a vector is the same bit for bit whatever else is encoded and in which order (on the same
            machine and number of threads); slower. Otherwise last digits can differ, by less than 5e-6.
        newline_breaks: Which line breaks end a sentence: ``"paragraphs"`` (empty lines), ``"lines"`` or ``"never"``.
        keep_whole: A regular expression, or several; what one matches stays one token.
        sentence_splitter: Takes the place of the sentence rules: gets a text, gives half-open spans of it, in order.
        tokenizer: Takes the place of the word rules: gets a sentence, gives half-open spans of it, in order.
        source: ``"installed"``, ``"folder"``, ``"hub"`` or ``"bucket"``: the one place that models may come from; by
            default those that the catalogue names, in its order.
        revision: Branch, tag or commit of a hub repository; by default its main branch.
        cache_dir: Where converted models are kept; by default ``NLU_LITE_CACHE``, else the user's cache folder. The
            hub's own files stay in the Hugging Face cache.
        offline: Whether to use only what is on this machine; by default as the environment says (``NLU_LITE_OFFLINE``,
            ``HF_HUB_OFFLINE``).
        lock: A file that ``nlu-lite lock`` made: models come from where it says, and a file of theirs that does not
            have the bytes that it states is an error.

    Raises:
        BadReference: A reference is unknown, not public, or of a kind that cannot be read.
        SourceError: Files could not be fetched.
        FormatError: Files are damaged.
        ModelError: The parts of a model do not fit one another.
        MissingExtra: A package is needed that is not installed.
        OptionError: An option has an unknown value.

    Example:
        >>> import nlu_lite
        >>> nlu_lite.load("en.sentence_detector").predict("It rains. Stay in!", output_level="sentence")
            sentence
        0  It rains.
        0   Stay in!
    """
    components = registry.resolve(references)
    settings = TextSettings(
        words=_choice(text.Words, words, "words"),
        newline_breaks=_choice(text.NewlineBreaks, newline_breaks, "newline_breaks"),
        keep_whole=(keep_whole,) if isinstance(keep_whole, str) else tuple(keep_whole),
        sentences=sentence_splitter,
        tokens=tokenizer,
    )
    if settings.words is text.Words.DICTIONARY:
        text.check_dictionaries()
    access = sources.Access(
        cache=default_cache(cache_dir),
        offline=offline,
        source=None if source is None else _choice(sources.Place, source, "source"),
        revision=revision,
    )
    specs = [spec for spec in components if isinstance(spec, ModelSpec)]
    options = ModelOptions(
        device=device,
        backend=_choice(BackendName, backend, "backend"),
        precision=_choice(Precision, precision, "precision"),
        threads=threads,
        encoder=EncoderSettings(
            max_length=max_length,
            pooling=_choice(Pooling, pooling, "pooling"),
            layers=_layers(layers),
            layer_merge=_choice(LayerMerge, layer_merge, "layer_merge"),
            alignment=_choice(Alignment, alignment, "alignment"),
            context=_choice(Context, context, "context"),
            reproducible=reproducible,
        ),
        sentence_pooling=None
        if sentence_pooling is None
        else _choice(SentencePooling, sentence_pooling, "sentence_pooling"),
        prompt=prompt,
        normalize=normalize,
    )
    names = table.column_names(specs)
    locked = _locked(specs, lock, revision)
    models = [
        open_model(spec, name, access, options, pins) for spec, name, pins in zip(specs, names, locked, strict=True)
    ]
    check_prompt(prompt, models)
    return Pipeline(components, tuple(models), _language(components), settings)


def _locked(
    specs: Sequence[ModelSpec], lock: str | Path | None, revision: str | None
) -> Sequence[locking.LockedModel | None]:
    if lock is None:
        return [None] * len(specs)
    if revision is not None:
        raise OptionError(f"revision={revision!r} and a lock", "one of them", "Leave revision= out: the lock names it")
    found = locking.read(lock)
    return [found.model(spec.reference) for spec in specs]


def _described(spec: ModelSpec | ComponentSpec, model: Model | None) -> dict[str, object]:
    row: dict[str, object] = {"reference": spec.reference, "action": spec.action.value, "language": spec.language}
    row["rules"] = text.rules_for(spec.language)
    if model is not None:
        row |= {
            "column": model.column,
            "backend": model.encoder.backend.name,
            "max_length": model.encoder.max_length,
            "dimension": model.encoder.backend.dimension,
            "layers": model.encoder.backend.layers,
            "source": address(model.fetched.origin),
            "files": str(model.fetched.path),
            "digest": model.fetched.digest,
            "verified": model.fetched.verified,
        }
    return row


def _language(components: tuple[ModelSpec | ComponentSpec, ...]) -> str:
    """That of the text components; failing these, the one in which all references agree; failing that, ``xx``."""
    texts = {text.check_language(spec.language) for spec in components if isinstance(spec, ComponentSpec)}
    if len(texts) > 1:
        raise OptionError(
            f"the text components are of the languages {', '.join(sorted(texts))}", "one", "Leave all but one out"
        )
    languages = texts or {spec.language for spec in components}
    return languages.pop() if len(languages) == 1 else "xx"


def _layers(layers: object) -> tuple[int, ...]:
    if isinstance(layers, Sequence) and not isinstance(layers, str):
        return tuple(layers)
    raise OptionError(f"layers={layers!r}", "a sequence of whole numbers", "Pass a tuple, such as layers=(-1,)")


def _choice(kind: type[E], value: str, option: str) -> E:
    try:
        return kind(value)
    except ValueError:
        names = [str(member.value) for member in kind]
        remedy = f"Pass one of these as {option}"
        near = get_close_matches(str(value), names)
        raise OptionError(f"{option}={value!r}", ", ".join(map(repr, names)), remedy, near) from None
