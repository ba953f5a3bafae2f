"""Word alignment with the encoder of a translation model, as TransAlign does it (Ebing & Glavaš 2025)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from crosspan.align.awesome import Awesome, AwesomeOptions, Extraction
from crosspan.align.lora import merge_adapter
from crosspan.core.errors import OptionError
from crosspan.core.options import Within

if TYPE_CHECKING:
    from crosspan.models.encoder import Encoder


@dataclass(frozen=True, slots=True, kw_only=True)
class TransAlignOptions(AwesomeOptions):
    """Settings of :class:`TransAlign`.

    Args:
        model: Name on the hub, or a folder, such as facebook/nllb-200-distilled-600M.
        layer: The layer of the encoder whose vectors are compared; 0 is the embeddings, -1 the last.
        marks: What becomes of pieces that only say that a word begins, such as the lone ▁ of XLM-R's tokenizer: skip
            leaves them out, keep compares them as any other, as the papers' programs do.
        min_prob: Links less probable than this are left out.
        device: Where the model runs: auto, cpu, cuda, cuda:1, mps.
        dtype: Precision of the model: auto, float32, float16, bfloat16, or int8, the fastest on a CPU.
        batch: Most pieces of words that are read at once, padding included; 0 chooses by the device.
        extraction: How similarities become probabilities: softmax or entmax.
        threshold: A link is more probable than this in both directions; entmax keeps all that is not exactly 0.
        alpha: Of α-entmax: 2 is sparsemax; the nearer to 1, the more like softmax.
        source_lang: Language of the source sentences, in any usual form; needed where the model has codes of languages.
        target_lang: Language of the target sentences.
        adapter: Folder of a LoRA adapter that the encoder was tuned with; none by default.

    Raises:
        OptionError: A value is out of range.
    """

    layer: int = -1
    min_prob: Annotated[float, Within(0, 1)] = 0.0
    extraction: Extraction = "softmax"
    source_lang: str = ""
    target_lang: str = ""
    adapter: str = ""


class TransAlign(Awesome):
    """Links words by the vectors of a translation model's encoder: NLLB-200, MADLAD-400, mT5.

    M2M100 and MarianMT have tokenizers that do not tell which word a piece belongs to; cross-attention takes them.

    After Ebing & Glavaš (2025): the last layer of the encoder, each sentence with the code of its language, softmax
    above 0.001 in both directions, and, where it is there, an adapter that was trained for alignment. Everything
    else is as in :class:`~crosspan.align.awesome.Awesome`. Their training of the adapter is not part of this.

    Args:
        options: Settings.
        threads: Threads to use on a CPU; all cores by default.

    Example:
        >>> TransAlign(TransAlignOptions(source_lang="en", target_lang="lg")).options.layer
        -1
    """

    options: TransAlignOptions

    def __init__(self, options: TransAlignOptions | None = None, *, threads: int | None = None) -> None:
        super().__init__(options or TransAlignOptions(), threads=threads)
        self._codes: tuple[str, str] = ("", "")

    def _adapted(self, encoder: Encoder) -> Encoder:
        self._codes = self._codes_of(encoder)
        if self.options.adapter:
            merge_adapter(encoder.model, self.options.adapter)
        return encoder

    def _languages(self) -> tuple[str, str]:
        self.encoder  # noqa: B018  # the codes are known once it is loaded
        return self._codes

    def _codes_of(self, encoder: Encoder) -> tuple[str, str]:
        """The model's codes of the two languages; nothing where its encoder is not told them."""
        from crosspan.translate.families import ModelFamily

        family = ModelFamily(encoder.tokenizer, name=encoder.name)
        if family.kind != "codes":
            return "", ""
        options = self.options
        if not (options.source_lang and options.target_lang):
            raise OptionError(
                f"{encoder.name} must be told the languages",
                hint="Name them with source_lang=… and target_lang=…, such as en and lg.",
            )
        return family.source_code(options.source_lang), family.source_code(options.target_lang)
