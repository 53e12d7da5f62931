"""Open a pipeline from references, from a saved folder, or from a pickle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nlu_lite import frames, registry, saving, store, text
from nlu_lite._util.nlu_names import Place, explain_arguments
from nlu_lite.errors import FormatError, OptionError
from nlu_lite.model import Model, check_prompt, open_model
from nlu_lite.options import (
    AlignmentName,
    BackendChoice,
    BackendName,
    CompatName,
    ContextName,
    LayerMergeName,
    ModelChanges,
    ModelOptions,
    NewlineBreaksName,
    PoolingName,
    Precision,
    PrecisionName,
    SentencePoolingName,
    SourceChoice,
    Splitter,
    TextSettings,
    Versions,
    VersionsName,
    WordsName,
    parse_changes,
    parse_choice,
    parse_path,
)
from nlu_lite.pipeline.pipeline import Pipeline
from nlu_lite.records import ComponentSpec, ModelSpec
from nlu_lite.saving import SavedModel
from nlu_lite.store import locate_cache, lockfile
from nlu_lite.store.checkpoints import LoadedCheckpoint, load_checkpoint
from nlu_lite.store.locks import LockedModel


@explain_arguments(Place.LOAD)
def load(
    *references: str,
    path: str | Path | None = None,
    device: str = "cpu",
    backend: BackendChoice = "auto",
    precision: PrecisionName = "fp32",
    threads: int | None = None,
    words: WordsName = "icu",
    pooling: PoolingName = "first",
    sentence_pooling: SentencePoolingName | None = None,
    prompt: str | None = None,
    layers: Sequence[int] = (-1,),
    layer_merge: LayerMergeName = "mean",
    alignment: AlignmentName = "word",
    context: ContextName = "sentence",
    max_length: int | None = None,
    normalize: bool = False,
    reproducible: bool = False,
    newline_breaks: NewlineBreaksName = "paragraphs",
    keep_whole: str | Sequence[str] = (),
    sentence_splitter: Splitter | None = None,
    tokenizer: Splitter | None = None,
    compat: CompatName | None = None,
    source: SourceChoice | None = None,
    revision: str | None = None,
    cache_dir: str | Path | None = None,
    offline: bool | None = None,
    lock: str | Path | None = None,
    versions: VersionsName = "same",
) -> Pipeline:
    """Open a pipeline: find, fetch and read the models that references name.

    Everything that can fail because of a reference, a file or an option fails here, not in `Pipeline.predict`.

    Args:
        references: References of NLU, such as ``"xx.embed.xlm_roberta_xtreme_base"`` or ``"de.tokenize"``, in one or
            several strings; ``"hf:org/name"`` for a repository of the Hugging Face hub; ``"path:DIR"`` for a folder in
            transformers' layout; ``"sparknlp:DIR_OR_ZIP"`` for a model saved by Spark NLP. Default: the packaged model.
        path: A folder written by `Pipeline.save`, instead of references. It can be combined only with ``device``,
            ``threads``, ``cache_dir``, ``offline`` and ``versions``. Default: None.
        device: ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``. Default: ``"cpu"``.
        backend: The library that runs models: ``"torch"``; ``"openvino"``, which is faster, runs on CPUs only, and
            supports every kind of model except ``deberta-v2``; or ``"auto"``, which chooses OpenVINO if it is installed
            and supports the device, the model and the precision, and otherwise torch. `Pipeline.info` states the
            backend and the reason. A saved pipeline requires the backend that it was saved with. Default: ``"auto"``.
        precision: The number format of the computation: ``"fp32"``, ``"bf16"`` (fast on GPUs and on processors with
            AVX512-BF16 or AMX) or ``"fp16"`` (GPUs). Vectors are always float32. A precision that the backend lacks on
            this machine is an error; ``backend="auto"`` runs ``"bf16"`` on torch if the processor lacks it, where it is
            slow. Default: ``"fp32"``.
        threads: The number of threads of a forward pass on the CPU; 1 is best while other work keeps the cores busy.
            Default: the number of cores that the process may use by its affinity mask, the CPU quota of its control
            group, and the environment variable ``OMP_NUM_THREADS``.
        words: The word finder for scripts without spaces: ``"icu"``, or ``"dictionary"`` (extra ``words``) for
            Japanese, Chinese, Thai, Vietnamese, Khmer and Burmese. Default: ``"icu"``.
        pooling: The vector of a token from the vectors of its pieces: ``"first"``, ``"last"``, ``"mean"``, ``"max"`` or
            ``"first_last"``, which concatenates both. Default: ``"first"``, as in Spark NLP.
        sentence_pooling: The vector of a sentence: ``"mean"`` of its pieces, ``"cls"`` for the first position, or
            ``"pooler"`` for the model's pooling layer. Default: the recipe of the model's publisher; for token models,
            the mean of the token vectors.
        prompt: The prefix of each sentence, such as ``"query: "``. Default: the prefix that the model's authors
            prescribe.
        layers: The hidden states to use: 0 is the embeddings, -1 the last layer. Default: ``(-1,)``.
        layer_merge: The merge of several layers: ``"mean"``, ``"sum"`` or ``"concat"``. Default: ``"mean"``.
        alignment: The input of the subword model: ``"word"`` encodes each token on its own, as Spark NLP does;
            ``"text"`` encodes the whole text, as in training. Default: ``"word"``.
        context: The text that a token's vector depends on: its ``"sentence"`` or the whole ``"document"``. Default:
            ``"sentence"``.
        max_length: The maximum length of a window in pieces, special tokens included. Longer texts are processed in
            overlapping windows. Default: the limit of the model.
        normalize: Whether to divide vectors by their Euclidean length. Default: False.
        reproducible: Whether a vector is the same bit for bit, independent of other texts, on one machine with one
            number of threads. This is slower. Otherwise vectors can differ by less than 5e-6. Default: False.
        newline_breaks: The line breaks that end a sentence: ``"paragraphs"`` (empty lines), ``"lines"`` or ``"never"``.
            Default: ``"paragraphs"``.
        keep_whole: A regular expression or a sequence of them. Each match stays one token. Default: none.
        sentence_splitter: A function from a text to half-open spans of its sentences, in order. Default: the rules.
        tokenizer: A function from a sentence to half-open spans of its tokens, in order. Default: the rules.
        compat: ``"sparknlp"`` reproduces results of Spark NLP: the sentences of its `SentenceDetector` and the tokens
            of its `Tokenizer`, whatever the language, and no windows. A sentence is cut at ``max_length``, which is
            then the maximum sentence length that the archive states, or else 128. Tokens beyond have vectors of NaN,
            which means of sentences leave out. It excludes ``words``, ``newline_breaks``, ``keep_whole``,
            ``alignment="text"`` and ``context="document"``. Default: None, the rules of the language and windows, which
            are better.
        source: The only source of models: ``"installed"``, ``"folder"``, ``"hub"`` or ``"bucket"``. Default: the
            sources in the catalogue, in order.
        revision: The branch, tag or commit of a hub repository. Default: its main branch.
        cache_dir: The folder of converted models. Default: ``NLU_LITE_CACHE``, or else the user's cache folder. Files
            of the hub are in the Hugging Face cache.
        offline: Whether to use only files on this machine. Default: the environment variables ``NLU_LITE_OFFLINE`` and
            ``HF_HUB_OFFLINE``.
        lock: A file written by ``nlu-lite lock``, which determines the source and the bytes of each model. Default:
            None.
        versions: The treatment of a saved pipeline if the installed versions of its packages differ: ``"same"`` refuses
            differences that can change a token or a piece, or any digit of a reproducible pipeline, and logs a
            warning for others; ``"any"`` logs a warning for all. Default: ``"same"``.

    Raises:
        BadReference: A reference is unknown, not public, or of an unsupported kind.
        SourceError: Files cannot be fetched.
        FormatError: Files are damaged, or a pipeline was saved with other versions of packages.
        IntegrityError: Files are not those of the lock, or weights have changed since the pipeline was saved.
        ModelError: The parts of a model do not fit together.
        MissingExtra: An optional package is not installed.
        OptionError: An option has an unknown value, or two options exclude one another.

    Example:
        >>> import nlu_lite
        >>> nlu_lite.load("en.sentence_detector").predict("It rains. Stay in!", output_level="sentence")
            sentence
        0  It rains.
        0   Stay in!
    """
    settings, options = parse_changes(
        TextSettings(),
        ModelOptions(
            device=device,
            backend=parse_choice(BackendName, backend, "backend"),
            precision=parse_choice(Precision, precision, "precision"),
            threads=threads,
        ),
        ModelChanges(
            words=words,
            newline_breaks=newline_breaks,
            keep_whole=keep_whole,
            sentence_splitter=sentence_splitter,
            tokenizer=tokenizer,
            pooling=pooling,
            sentence_pooling=sentence_pooling,
            prompt=prompt,
            layers=layers,
            layer_merge=layer_merge,
            alignment=alignment,
            context=context,
            max_length=max_length,
            normalize=normalize,
            reproducible=reproducible,
            compat=compat,
        ),
    )
    access = store.Access(
        cache=locate_cache(None if cache_dir is None else parse_path(cache_dir, "cache_dir")),
        offline=offline,
        source=None if source is None else parse_choice(store.SourceKind, source, "source"),
        revision=revision,
    )
    kept = parse_choice(Versions, versions, "versions")
    if path is not None:
        if lock is not None:
            raise OptionError("path= and a lock", "one of them", "Leave lock= out: the folder contains digests")
        return _load_saved(parse_path(path, "path"), references, settings, options, access, kept)
    if kept is not Versions.SAME:
        raise OptionError(f"versions={versions!r} without path=", "it with a saved pipeline", "Leave it out")
    components = registry.resolve(references)
    language = _choose_language(components)
    text.check_dictionaries(settings.words, language)
    specs = [spec for spec in components if isinstance(spec, ModelSpec)]
    locked = _find_locked(specs, lock, revision)
    loaded = [_load_checkpoint(spec, access, pins) for spec, pins in zip(specs, locked, strict=True)]
    names = frames.name_vector_columns([one.spec for one in loaded])
    models = [open_model(one, name, options) for one, name in zip(loaded, names, strict=True)]
    check_prompt(prompt, models)
    return Pipeline(_state_actions(components, models), tuple(models), language, settings, options, access)


def _load_saved(
    path: Path,
    references: tuple[str, ...],
    settings: TextSettings,
    options: ModelOptions,
    access: store.Access,
    versions: Versions,
) -> Pipeline:
    """Open a saved pipeline. Only the device and the number of threads may differ from those of the saved one."""
    here = replace(ModelOptions(), device=options.device, threads=options.threads)
    if references or access.source or access.revision or (settings, options) != (TextSettings(), here):
        raise OptionError(
            "path= was given with references or options that the folder contains",
            "path= with only device, threads, cache_dir, offline or versions",
            "Change the options of the loaded pipeline: load(path=...).with_(...)",
        )
    saved = saving.read(path, versions)
    if saved.language != _choose_language(saved.components):
        got = f"{path / saving.FILE} is damaged: its language {saved.language!r} is not the language of its references"
        raise FormatError(got, "a file that Pipeline.save wrote", saving.REMEDY)
    text.check_dictionaries(saved.settings.words, saved.language)
    options = replace(saved.options, device=options.device, threads=options.threads)
    models = [open_model(_load_saved_model(one, access), one.column, options, one.backend) for one in saved.models]
    components = _state_actions(saved.components, models)
    return Pipeline(components, tuple(models), saved.language, saved.settings, options, access)


def _state_actions(
    components: Sequence[ModelSpec | ComponentSpec], models: Sequence[Model]
) -> tuple[ModelSpec | ComponentSpec, ...]:
    """Return components with the actions of their models, which are known once the files have been read."""
    actions = {model.spec.reference: model.spec.action for model in models}
    return tuple(replace(one, action=actions.get(one.reference, one.action)) for one in components)


def _load_saved_model(model: SavedModel, access: store.Access) -> LoadedCheckpoint:
    loaded = load_checkpoint(model.spec, access)
    model.check(loaded)
    return loaded


def _load_checkpoint(spec: ModelSpec, access: store.Access, locked: LockedModel | None) -> LoadedCheckpoint:
    return load_checkpoint(spec, access) if locked is None else locked.load(spec, access)


def _find_locked(
    specs: Sequence[ModelSpec], lock: str | Path | None, revision: str | None
) -> Sequence[LockedModel | None]:
    if lock is None:
        return [None] * len(specs)
    if revision is not None:
        raise OptionError(
            f"revision={revision!r} and a lock", "one of them", "Leave revision= out: the lock contains it"
        )
    found = lockfile.read(parse_path(lock, "lock"))
    return [found.get_model(spec.reference) for spec in specs]


def _choose_language(components: tuple[ModelSpec | ComponentSpec, ...]) -> str:
    """Return the language of the text components, else the one that all references share, else ``xx``."""
    texts = {text.check_language(spec.language) for spec in components if isinstance(spec, ComponentSpec)}
    if len(texts) > 1:
        raise OptionError(
            f"the text components have the languages {', '.join(sorted(texts))}",
            "one language",
            "Leave out all but one",
        )
    languages = texts or {spec.language for spec in components}
    return languages.pop() if len(languages) == 1 else "xx"
