"""Word alignment by what the decoder of a translation model attends to while it is made to write the translation."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from crosspan.align.embedding import EMPTY
from crosspan.align.pretrained import PIECES_ON_CPU, PIECES_ON_GPU, NoLinksWarning, PretrainedAligner, Words
from crosspan.align.symmetrize import alignment_of
from crosspan.core.errors import OptionError
from crosspan.core.locks import Lock
from crosspan.core.logs import warn
from crosspan.core.options import AtLeast, Within, checked
from crosspan.core.threads import torch_threads
from crosspan.core.types import Alignment
from crosspan.models.batching import in_batches, padded
from crosspan.models.device import Placement
from crosspan.models.loading import neural
from crosspan.text.characters import encodable

if TYPE_CHECKING:
    from crosspan.translate.transformers import TransformersTranslator

Float32Array = npt.NDArray[np.float32]
Directions = Literal["forward", "backward", "both"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossAttentionOptions:
    """Settings of :class:`CrossAttention`.

    Args:
        model: Name of a translation model on the hub, or its folder.
        source_lang: Language of the source sentences, in any usual form.
        target_lang: Language of the target sentences.
        layer: Layer of the decoder whose attention is taken, counted from 1; 0 is the middle one, -1 the last.
        directions: forward (the model writes the target), backward (the source), or both: the product of the two.
        shifted: Take the attention of the step that reads a piece, instead of the step that writes it.
        threshold: Least share of a word's attention that makes a link, in each direction.
        min_prob: Links less probable than this are left out.
        device: Where the model runs: auto, cpu, cuda, cuda:1, mps.
        dtype: Precision of the model: auto, float32, float16 or bfloat16.
        batch: Most pieces of words that are read at once, padding included; 0 chooses by the device.

    Raises:
        OptionError: A value is out of range.
    """

    model: str = ""
    source_lang: str = ""
    target_lang: str = ""
    layer: int = 0
    directions: Directions = "both"
    shifted: bool = True
    threshold: Annotated[float, Within(0, 1)] = 0.2
    min_prob: Annotated[float, Within(0, 1)] = 0.0
    device: str = "auto"
    dtype: str = "auto"
    batch: Annotated[int, AtLeast(0)] = 0

    def __post_init__(self) -> None:
        checked(self)
        Placement(device=self.device, dtype=self.dtype)  # checks itself


class _Cut(NamedTuple):
    """A sentence as pieces: the frame before, the pieces, the frame behind, and the word of each piece."""

    before: list[int]
    pieces: list[int]
    after: list[int]
    word: npt.NDArray[np.int32]

    @property
    def ids(self) -> list[int]:
        """All pieces in their order."""
        return [*self.before, *self.pieces, *self.after]


class CrossAttention(PretrainedAligner):
    """Links words by the cross-attention of a translation model that is made to write the given translation.

    The heads of one layer are averaged; what a piece attends to among the pieces of words (not the end of the sentence
    or the code of the language) is brought to a sum of 1; a word's attention is the mean over its pieces, and what goes
    to a word the sum over its. With ``shifted``, the attention is that of the step which *reads* a piece, which Chen et
    al. (2020) found to align far better than that of the step which writes it, in a layer in the middle. In both
    directions (the translator is then used from target to source as well), a link must pass in each, and its ``prob``
    is the product of the two shares; the paper intersects the best links of both instead.

    Args:
        options: Settings.
        threads: Threads to use on a CPU; all cores by default.

    Example:
        >>> CrossAttention(CrossAttentionOptions(source_lang="en", target_lang="sw")).options.threshold
        0.2
    """

    def __init__(self, options: CrossAttentionOptions | None = None, *, threads: int | None = None) -> None:
        self.options = options or CrossAttentionOptions()
        self.threads = threads
        self._translator: TransformersTranslator | None = None
        self._loading = Lock()

    def _load_model(self) -> None:
        self.translator  # noqa: B018  # loads it

    @property
    def translator(self) -> TransformersTranslator:
        """The model; loaded when it is first asked for.

        Raises:
            OptionError: No model or no language is named, or it has no such layer.
            ModelError: It cannot be loaded.
            MissingDependencyError: ``crosspan[neural]`` is not installed.
        """
        with self._loading:
            if self._translator is None:
                self._translator = self._loaded()
            return self._translator

    def _loaded(self) -> TransformersTranslator:
        from crosspan.translate.transformers import TransformersTranslator

        options = self.options
        if not options.model:
            raise OptionError(
                "the aligner CrossAttention has no model",
                hint="Name a translation model with model=…, such as facebook/nllb-200-distilled-600M.",
            )
        if not (options.source_lang and options.target_lang):
            raise OptionError(
                "a translation model must be told the languages",
                hint="Name them with source_lang=… and target_lang=…, such as en and lg.",
            )
        made = TransformersTranslator(options.model, device=options.device, dtype=options.dtype)
        made.network.set_attn_implementation("eager")  # the only one that tells what it attends to
        self._layer(made)
        self._check_directions(made)
        return made

    def _check_directions(self, translator: TransformersTranslator) -> None:
        """Raise if the model knows not both languages on the sides where it needs them."""
        names = self.options.source_lang, self.options.target_lang
        for direction, (source, target) in (("forward", names), ("backward", names[::-1])):
            if self.options.directions not in (direction, "both"):
                continue
            try:
                translator.source_ids([""], source, target)
                translator.target_ids([""], target)
            except OptionError as error:
                if self.options.directions != "both" or direction == "forward":
                    raise
                raise OptionError(
                    error.message, where=error.where, hint="Set directions=forward for a model of one direction."
                ) from error

    def _layer(self, translator: TransformersTranslator) -> int:
        """Index of the layer whose attention is taken."""
        config, layer = translator.config, self.options.layer
        named = getattr(config, "decoder_layers", None) or getattr(config, "num_decoder_layers", None)
        count = int(named or config.num_hidden_layers)
        if not -count <= layer <= count:
            raise OptionError(
                f"layer is {layer}, but the decoder has {count} layers",
                hint=f"Choose one from 1 to {count}, or 0 for the middle one.",
            )
        return (count + 1) // 2 - 1 if layer == 0 else layer - 1 if layer > 0 else layer + count

    def _align_shard(self, shard: Sequence[tuple[Words, Words]], advance: Callable[[float], None]) -> list[Alignment]:
        options = self.options
        usable = [index for index, (source, target) in enumerate(shard) if source and target]
        sources, targets = ([tuple(encodable(shard[index][side])) for index in usable] for side in (0, 1))
        languages = options.source_lang, options.target_lang
        one: list[Float32Array | None] | None = None
        other: list[Float32Array | None] | None = None
        with torch_threads(self.threads):
            if options.directions != "backward":
                one = self._shares(sources, targets, *languages)
            if options.directions != "forward":
                other = self._shares(targets, sources, *languages[::-1])
        found = [EMPTY] * len(shard)
        failed = 0
        for at, index in enumerate(usable):
            tables = [None if rows is None else rows[at] for rows in (one, other)]
            links = self._links(one is not None, tables[0], other is not None, tables[1])
            failed += links is None
            found[index] = EMPTY if links is None else links
        if failed:
            warn(
                f"{failed} of {len(shard)} pairs have no links, as they are longer than what the model reads at once "
                "or it gave no numbers for them",
                NoLinksWarning,
                stacklevel=3,
            )
        return found

    def _links(
        self, use_one: bool, one: Float32Array | None, use_other: bool, other: Float32Array | None
    ) -> Alignment | None:
        """Links from the shares of the directions that are used: target to source words, and the other way round."""
        tables = []
        for used, table, turned in ((use_one, one, True), (use_other, other, False)):
            if not used:
                continue
            if table is None or not np.isfinite(table).all():
                return None
            tables.append(table.T if turned else table)
        keep = np.logical_and.reduce([table >= max(self.options.threshold, 1e-9) for table in tables])
        prob = np.clip(np.multiply.reduce(tables), 0.0, 1.0)
        return alignment_of(keep & (prob >= self.options.min_prob), prob)

    def _shares(
        self, sources: Sequence[Words], targets: Sequence[Words], source: str, target: str
    ) -> list[Float32Array | None]:
        """For each pair ``[target words, source words]``: where the words of the target look; ``None`` if too long."""
        translator = self.translator
        read = self._cut(sources, lambda words: translator.source_ids(words, source, target))
        written = self._cut(targets, lambda words: translator.target_ids(words, target))
        sizes = [(len(a.ids), len(b.ids)) for a, b in zip(read, written, strict=True)]
        fits = [i for i, (a, b) in enumerate(sizes) if a <= translator.longest and b <= translator.longest_target]

        def compute(batch: npt.NDArray[np.int64]) -> list[Float32Array]:
            chosen = [fits[at] for at in batch.tolist()]
            return self._attended([read[index] for index in chosen], [written[index] for index in chosen])

        budget = self.options.batch or (PIECES_ON_CPU if translator.device.type == "cpu" else PIECES_ON_GPU)
        tables = in_batches([max(sizes[index]) for index in fits], compute, budget=budget)
        found: list[Float32Array | None] = [None] * len(sizes)
        for index, table in zip(fits, tables, strict=True):
            found[index] = table
        return found

    def _cut(self, sentences: Sequence[Words], framed: Any) -> list[_Cut]:
        """Sentences as pieces, word by word, in the frame that the model wants around them."""
        tokenizer = self.translator.tokenizer
        end = int(tokenizer.eos_token_id)
        unknown = end if tokenizer.unk_token_id is None else int(tokenizer.unk_token_id)
        frame = framed([""])[0].tolist()
        at = frame.index(end)
        before, after = frame[:at], frame[at:]
        types = list(dict.fromkeys(word for words in sentences for word in words))
        rows = framed(types) if types else []
        table = {
            word: row.tolist()[len(before) : len(row) - len(after)] or [unknown]
            for word, row in zip(types, rows, strict=True)
        }
        found = []
        for words in sentences:
            parts = [table[word] for word in words]
            counts = [len(part) for part in parts]
            owners = np.repeat(np.arange(len(words), dtype=np.int32), counts)
            found.append(_Cut(before, list(itertools.chain.from_iterable(parts)), after, owners))
        return found

    def _attended(self, read: Sequence[_Cut], written: Sequence[_Cut]) -> list[Float32Array]:
        """Run the model over a batch; ``[target words, source words]`` for each pair."""
        torch = neural("this model", "torch")
        translator = self.translator
        pad = translator.tokenizer.pad_token_id or 0
        inputs, mask = padded([cut.ids for cut in read], pad)
        outputs, _ = padded([[translator.start, *cut.ids[:-1]] for cut in written], pad)
        device = translator.device
        with torch.inference_mode():
            answer = translator.network(
                input_ids=torch.from_numpy(inputs).to(device),
                attention_mask=torch.from_numpy(mask).to(device),
                decoder_input_ids=torch.from_numpy(outputs).to(device),
                output_attentions=True,
                use_cache=False,
            )
            rows = answer.cross_attentions[self._layer(translator)].float().mean(dim=1).cpu().numpy()
        found = []
        for table, one, other in zip(rows, read, written, strict=True):
            begin = (
                len(other.before) + self.options.shifted
            )  # the step that reads a piece comes after that which writes it
            part = table[begin : begin + len(other.pieces), len(one.before) : len(one.before) + len(one.pieces)]
            found.append(_word_shares(part, other.word, one.word))
        return found


def _word_shares(
    attention: Float32Array, looking: npt.NDArray[np.int32], looked_at: npt.NDArray[np.int32]
) -> Float32Array:
    """Attention of pieces to pieces as that of words to words: means of what looks, sums of what is looked at."""
    total = attention.sum(axis=1, keepdims=True)
    shares = attention / np.where(total > 0.0, total, 1.0)
    rows = np.flatnonzero(np.diff(looking, prepend=-1))
    columns = np.flatnonzero(np.diff(looked_at, prepend=-1))
    summed = np.add.reduceat(np.add.reduceat(shares, columns, axis=1), rows, axis=0)
    counts = np.diff(rows, append=len(looking))
    return np.asarray(summed / counts[:, None], np.float32)
