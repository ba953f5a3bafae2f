"""Labels for sentences in memory: projection, and the two directions of data transfer.

*Translate-train*: labels of source sentences are carried to their translations, and a tagger learns from those.
*Translate-test*: translations of the sentences to label are tagged, and the labels carried back; nothing is trained.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from crosspan.align.given import as_aligner, makes_aligner
from crosspan.core.checks import check_alignments, check_sentences
from crosspan.core.errors import OptionError, PairError
from crosspan.core.progress import Listener
from crosspan.core.types import Alignment, Pair, Projection, Sentence
from crosspan.pipeline.corpus import Bitext, InMemory, TokenPair
from crosspan.pipeline.plan import plan_of
from crosspan.pipeline.plan_inputs import Given
from crosspan.pipeline.recipes.recipe import Recipe, make_recipe
from crosspan.pipeline.results import Results
from crosspan.pipeline.run import carry_out
from crosspan.pipeline.steps.aligning import LinkSource
from crosspan.pipeline.store import MemoryStore, Store
from crosspan.project.given import as_projector

if TYPE_CHECKING:
    from crosspan.project.projector import Projector
    from crosspan.tag import Tagger
    from crosspan.tag.crf import CrfTagger
    from crosspan.train.adapt_options import AdaptOptions
    from crosspan.train.crf import CrfOptions
    from crosspan.train.noise import NoiseOptions

Settings = Mapping[str, Any]

ALIGNER = "aligner."
"""Settings of a method that begin so are those of the aligner."""

IN_MEMORY = "<memory>"


def project_labels(
    sources: Sequence[Sentence],
    targets: Sequence[Sentence],
    *,
    bitext: Iterable[Pair | TokenPair] = (),
    links: Sequence[Alignment] | None = None,
    aligner: Any = None,
    method: str | Projector = "candidates",
    settings: Settings | None = None,
    source_scores: bool = True,
    min_confidence: float = 0.0,
    filters: Iterable[str] = (),
    labels: Iterable[str] = (),
    threads: int | None = None,
    progress: Listener | None = None,
) -> list[Projection]:
    """Label translations with the entities of their sources.

    Args:
        sources: Labelled sentences.
        targets: Their translations, in the same order. Labels they have are replaced.
        bitext: More translated text of the two languages, for the aligner to learn from.
        links: Word links made elsewhere, one alignment a pair; nothing is aligned then.
        aligner: The name of an aligner (:data:`crosspan.align.ALIGNERS`), which learns from ``bitext`` and the
            sentences at hand if it is one that learns; or an aligner that has learned already.
        method: How spans are carried over; a name (:data:`crosspan.project.projector.PROJECTORS`), or a projector.
        settings: Options of the method, by name; those of the aligner as ``aligner.NAME``.
        source_scores: Whether confidences are multiplied with the scores of the source spans, where those have some:
            both must be right for the target span to be.
        min_confidence: Projected spans less sure than this are dropped, with the reason ``filtered:min_confidence``.
        filters: Names from :data:`crosspan.project.filters.FILTERS`; what they take out has the reason
            ``filtered:NAME``.
        labels: The labels of the target. A span of another label gets one of these where the corpus shows which, and is
            in ``unobserved`` else; see :mod:`crosspan.project.unknown_labels`. Empty keeps all labels.
        threads: Threads to use; all cores by default.
        progress: Is told how far it is.

    Returns:
        One projection a pair, in order. Where a pair could not be worked on (one side empty, or links that point
        outside), or the filter ``comp-ins`` gave it up, ``error`` says why; such a sentence is unlabelled, not free of
        entities.

    Raises:
        PairError: There are not as many targets or links as sources.
        OptionError: The method, a setting, a filter or ``min_confidence`` is not possible.
        EmptyInputError: There is no pair for the aligner to learn from.

    Example:
        >>> from crosspan.core.types import Span
        >>> source = Sentence(("Ada", "lives", "in", "Accra"), (Span(0, 1, "PER"), Span(3, 4, "LOC")))
        >>> target = Sentence(("Ada", "anaishi", "Accra"))
        >>> links = [Alignment.from_pharaoh("0-0 1-1 3-2")]
        >>> project_labels([source], [target], links=links, method="heuristic")[0].sentence.tags()
        ['B-PER', 'O', 'B-LOC']
    """
    recipe, given = asked(
        "project",
        sources,
        targets,
        bitext=bitext,
        links=links,
        aligner=aligner,
        method=method,
        settings=settings,
        source_scores=source_scores,
        min_confidence=min_confidence,
        filters=filters,
        labels=labels,
    )
    if not sources:
        return []
    return projections_of(carried(recipe, given, threads=threads, progress=progress))


def translate_test(
    targets: Sequence[Sentence],
    translations: Sequence[Sentence],
    *,
    tagger: str | Tagger | None = None,
    adapt: AdaptOptions | bool = True,
    threads: int | None = None,
    progress: Listener | None = None,
    **projecting: Any,
) -> list[Projection]:
    """Label sentences through their translations.

    Args:
        targets: The sentences to label; labels they have are replaced.
        translations: Their translations into a language that has a tagger, in the same order.
        tagger: Labels the translations, see :func:`tag_translated`. ``None`` where they have labels already.
        adapt: Whether the tagger is first adapted to the translations, and how.
        threads: Threads to use; all cores by default.
        progress: Is told how far it is.
        projecting: Arguments of :func:`crosspan.project_labels`: ``bitext``, ``links``, ``method`` …

    Returns:
        One projection a sentence. Confidences are those of the projection times those of the tagger.

    Raises:
        PairError: There are not as many translations as sentences.

    Example:
        >>> from crosspan.core.types import Span
        >>> target = Sentence(("Ada", "anaishi", "Accra"))
        >>> tagged = Sentence(("Ada", "lives", "in", "Accra"), (Span(0, 1, "PER", 0.9), Span(3, 4, "LOC", 0.8)))
        >>> links = [Alignment.from_pharaoh("0-0 1-1 3-2")]
        >>> translate_test([target], [tagged], links=links, method="heuristic")[0].sentence.tags()
        ['B-PER', 'O', 'B-LOC']
    """
    translations = check_sentences("translations", translations)
    task = "translate-test" if tagger is not None else "project"
    recipe, given = asked(task, translations, targets, tag=tag_table(tagger, adapt), **projecting)
    if not targets:
        return []
    return projections_of(carried(recipe, given, threads=threads, progress=progress))


def translate_train(
    sources: Sequence[Sentence],
    targets: Sequence[Sentence],
    *,
    tagger: str | Tagger | None = None,
    adapt: AdaptOptions | bool = True,
    noise: NoiseOptions | None = None,
    options: CrfOptions | None = None,
    rounds: int | None = None,
    threads: int | None = None,
    progress: Listener | None = None,
    **projecting: Any,
) -> CrfTagger:
    """Train a tagger for a language on labels that were carried over.

    Args:
        sources: Sentences in a language that has labels or a tagger.
        targets: Their translations, in the same order.
        tagger: Labels the sources, see :func:`tag_translated`. ``None`` where they have labels already.
        adapt: Whether the tagger is first adapted to the sources, and how.
        noise: How projected labels are taken.
        options: How the tagger is trained.
        rounds: How often the tagger's own predictions and the projections vote, and it is trained again; see
            :func:`crosspan.train.self_training.train_on_projections`.
        threads: Threads to use; all cores by default.
        progress: Is told how far it is.
        projecting: Further arguments of :func:`crosspan.project_labels`.

    Returns:
        The tagger of the target language.

    Raises:
        PairError: There are not as many targets as sources.
        EmptyInputError: Nothing was projected.
    """
    train: dict[str, Any] = {} if options is None else asdict(options)
    if noise is not None:
        train["noise"] = asdict(noise)
    if rounds is not None:
        train["rounds"] = rounds
    tag = tag_table(tagger, adapt)
    recipe, given = asked("translate-train", sources, targets, tag=tag, train=train, **projecting)
    model: CrfTagger = carried(recipe, given, threads=threads, progress=progress).model().value
    return model


def tag_translated(
    tagger: str | Tagger,
    sentences: Sequence[Sentence],
    translations: Sequence[Sentence],
    *,
    adapt: AdaptOptions | bool = True,
    threads: int | None = None,
    progress: Listener | None = None,
) -> list[Sentence]:
    """Tag sentences whose translations are known, and use what the translations tell about them.

    Words that stand unchanged on both sides are likelier to be names (:func:`crosspan.train.adapt.copy_bias`), and a
    tagger can be adapted to the text. Both need a tagger that can be told so, as those of crosspan; others just tag.

    Args:
        tagger: The tagger of the sentences' language, or its name.
        sentences: What to tag; labels they have are replaced.
        translations: The same in the other language, in the same order.
        adapt: Whether the tagger is first adapted to the sentences, and how. ``False`` trains nothing.
        threads: Threads to use; all cores by default.
        progress: Is told how far it is.

    Returns:
        The sentences with labels. A sentence that could not be tagged is without.

    Raises:
        PairError: There are not as many translations as sentences.

    Example:
        >>> source, target = Sentence(("Wasswa", "left", ".")), Sentence(("Wasswa", "agenze", "."))
        >>> tag_translated("en", [source], [target], adapt=False)[0].tags()
        ['B-PER', 'O', 'O']
    """
    from crosspan.pipeline.plan import tagging_plan

    recipe, given = asked("translate-test", sentences, translations, tag=tag_table(tagger, adapt))
    if not sentences:
        return []
    plan = tagging_plan(recipe, given)
    results, _ = carry_out(plan, MemoryStore(), threads=threads, progress=progress)
    return [one.sentence for one in results.tagged("tag", "pairs")]


def tag_table(tagger: str | Tagger | None, adapt: AdaptOptions | bool) -> dict[str, Any] | None:
    """The table ``[tag]`` of a tagger, or of the name of one, as :func:`crosspan.tag.load_tagger` takes it."""
    from crosspan.tag import tagger_name
    from crosspan.tag.given import as_tagger

    if tagger is None:
        return None
    table: dict[str, Any] = {"adapt": bool(adapt)}
    if not isinstance(adapt, bool):
        table["adaptation"] = asdict(adapt)
    if isinstance(tagger, str):
        table["use"], table["model"] = tagger_name(tagger)
    else:
        table["given"] = as_tagger(tagger)
    return table


def asked(
    task: str,
    sources: Sequence[Sentence],
    targets: Sequence[Sentence],
    *,
    bitext: Iterable[Pair | TokenPair] = (),
    links: Sequence[Alignment] | None = None,
    tag: Mapping[str, Any] | None = None,
    train: Mapping[str, Any] | None = None,
    ensemble: Mapping[str, Any] | None = None,
    runners_up: int = 0,
    **projecting: Any,
) -> tuple[Recipe, Given]:
    """The recipe that a call in Python asks for, and what is there already.

    Args:
        task: One of :data:`crosspan.pipeline.recipes.tables.TASKS`.
        sources: The source sentences.
        targets: Their counterparts.
        bitext: More translated text.
        links: Word links.
        tag: The table ``[tag]``; under the key ``given`` it may hold a tagger that is there already.
        train: The table ``[train]``.
        ensemble: The table ``[ensemble]``, likewise.
        runners_up: How many candidates that were not chosen to keep for each span.
        projecting: See :func:`projection_tables`.

    Raises:
        PairError: Sentences or links do not belong together.
        OptionError: Something is not possible.
    """
    sources, targets = check_sentences("sources", sources), check_sentences("targets", targets)
    links = None if links is None else check_alignments("links", links)
    if len(sources) != len(targets):
        raise PairError(
            f"{len(sources)} source sentences, but {len(targets)} target sentences",
            hint="Give the translation of each sentence at the same place.",
        )
    if links is not None and len(links) != len(sources):
        raise PairError(
            f"{len(links)} alignments for {len(sources)} sentence pairs",
            hint="Give one alignment a pair; a pair without links takes an empty one.",
        )
    data, components = projection_tables(**projecting)
    data |= {"task": task, "source": {"path": IN_MEMORY}, "target": {"path": IN_MEMORY}}
    for name, table in (("tag", tag), ("train", train), ("ensemble", ensemble)):
        if table is not None:
            data[name] = {key: value for key, value in table.items() if key != "given"}
            if "given" in table:
                components[name] = table["given"]
    given = Given(
        corpora={"source": InMemory(sources, targets), "target": InMemory(targets)},
        bitext=[Bitext.of_pairs(bitext)],
        links=None if links is None else LinkSource(lambda: links),
        components=components,
        runners_up=runners_up,
        checks=False,
    )
    return make_recipe(data), given


def projection_tables(
    *,
    aligner: Any = None,
    method: str | Projector = "candidates",
    settings: Settings | None = None,
    source_scores: bool = True,
    min_confidence: float = 0.0,
    filters: Iterable[str] = (),
    labels: Iterable[str] = (),
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The tables ``[align]`` and ``[project]``, and the components that are there already, by table.

    Args:
        aligner: A name, an aligner that has learned, or a class or function that makes one, which learns the pairs.
        method: A name, or a projector.
        settings: Of the method, and as ``aligner.NAME`` of the aligner.
        source_scores: Whether scores of source spans count.
        min_confidence: The least confidence.
        filters: Names of filters.
        labels: The labels of the target.

    Raises:
        OptionError: There are settings for a projector that was handed over.
    """
    own = dict(settings or {})
    of_aligner = {name.removeprefix(ALIGNER): own.pop(name) for name in list(own) if name.startswith(ALIGNER)}
    names = (filters,) if isinstance(filters, str) else tuple(filters)
    kept = (labels,) if isinstance(labels, str) else tuple(labels)
    project = {"min_confidence": min_confidence, "filters": names, "labels": kept, "source_scores": source_scores}
    components: dict[str, Any] = {}
    if isinstance(method, str):
        project |= {"use": method, **own}
    elif own:
        raise OptionError(
            f"there is no setting {min(own)!r}", hint="A projector comes with its settings: set them there."
        )
    else:
        components["project"] = as_projector(method)
    align = {"use": aligner, **of_aligner} if isinstance(aligner, str) else of_aligner
    if aligner is not None and not isinstance(aligner, str):
        components["learner" if makes_aligner(aligner) else "align"] = as_aligner(aligner)
    return {"align": align, "project": project}, components


def carried(
    recipe: Recipe,
    given: Given,
    *,
    store: Store | None = None,
    threads: int | None = None,
    progress: Listener | None = None,
) -> Results:
    """Carry out a recipe on what is in memory."""
    results, _ = carry_out(plan_of(recipe, given), store or MemoryStore(), threads=threads, progress=progress)
    return results


def projections_of(results: Results) -> list[Projection]:
    """The projections of a plan, with what target sentences were beyond their words."""
    return [projection for _, projection, _ in results.carried()]
