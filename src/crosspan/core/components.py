"""What is known of a component before it is loaded.

Everything that can be chosen by name is a component of a family (:mod:`crosspan.core.families`): the statistical
aligner, the tagger of the conditional random field … Its family's table holds this of it, and so does the factory of
a component of another package, as its attribute ``component``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """What is known of a component before it is loaded.

    Args:
        target: Where its factory is: ``module:attribute``.
        options: Where its options are, a frozen dataclass: ``module:attribute``; empty where it has none.
        about: What it is, in one line.
        version: Goes up when its results change though none of the files that it is made of does.
        packages: Packages that it needs, by the names they are installed by; results depend on their versions.
        optional: Packages that it can do without, and that results depend on.
        extra: The extra of crosspan that installs its packages.
        programs: Programs that it calls.
        data: Packages of crosspan whose data files it reads, such as embedded models.
        model: Which option names its model; empty where it has none.
        downloads: Whether a model can be named that is fetched from the hub.
        gpu: Whether it wants a GPU.
        learns: Whether it learns from all sentences at hand before it works on any.
        merges: Whether it can learn from parts of them apart, and put together what it learned (projectors).
        links: Whether it needs word links (projectors).
        text: Whether it reads the text of sentences and their languages, not words alone.
        target_spans: Whether it looks at spans that the target sentences come with (projectors).
        saves: What it keeps of what it learned: nothing, a ``"file"`` or a ``"folder"`` (aligners, trainers).
        adapts: Whether it can be adapted to text, and told which words are copies (taggers).
        scores: Whether it tells how probable a given translation is (translators).
        tagger: The tagger that loads what it trained (trainers); of another package, by default, that of its own name.
        votes: Whether it can be trained in rounds on its own predictions (trainers).
        resumes: Whether it goes on in its folder where it was left off (trainers).
        dev: Whether it chooses among its weights by sentences with right labels (trainers).
        unlabelled: Whether it learns from unlabelled sentences of the target language (trainers).
        link_kind: What its links are to those that look at their probabilities (aligners): ``"statistical"``,
            ``"hybrid"`` or ``"hard"``; empty where they must be told by their looks.
        constrains: Whether it can give an entity just so many ranges, or at least so many (matchers).
    """

    target: str = ""
    options: str = ""
    about: str = ""
    version: int = 1
    packages: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    extra: str = ""
    programs: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    model: str = ""
    downloads: bool = False
    gpu: bool = False
    learns: bool = False
    merges: bool = False
    links: bool = False
    text: bool = False
    target_spans: bool = False
    saves: str = ""
    adapts: bool = False
    scores: bool = False
    tagger: str = ""
    votes: bool = False
    resumes: bool = False
    dev: bool = False
    unlabelled: bool = False
    link_kind: str = ""
    constrains: bool = False
