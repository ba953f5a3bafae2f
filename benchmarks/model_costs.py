"""What the models of the ready recipes cost: disk, memory, and processor time for a thousand sentences.

    python -m benchmarks.model_costs                     # all that fit; --only nllb-600m --only mbert
    python -m benchmarks.model_costs --device cuda --page

No model is downloaded: each is built at random in the shape of the real one, saved, loaded by crosspan's own code in a
process of its own, and run on real English sentences (NTREX). Random weights cost what trained ones cost, but a random
translator does not know when to stop: it is stopped when it has written about as many pieces as its source has.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import datasets, page
from benchmarks.findings import markdown
from crosspan.core.types import Sentence
from crosspan.text.detokenize import detokenize

PIECES = 32_000
"""Pieces of the vocabulary of a random model's tokenizer: learning 250,000 from little text is not possible. The
embedding has as many rows as the real one."""

_RATIO = 0.6
"""The limit of a translation is this times the pieces of its source, and 16 more: as many as a source of 40 has."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A model as large as a real one.

    Args:
        title: The real one.
        kind: What it is: encoder, tagger or translator.
        config: Class of its configuration in transformers.
        architecture: Class of the model.
        values: What makes its size.
        sentences: How many sentences to run it on.
    """

    title: str
    kind: str
    config: str
    architecture: str
    values: dict[str, int]
    sentences: int


def _encoder(layers: int, width: int, vocabulary: int) -> dict[str, int]:
    return {
        "num_hidden_layers": layers,
        "hidden_size": width,
        "num_attention_heads": width // 64,
        "intermediate_size": 4 * width,
        "vocab_size": vocabulary,
    }


def _translator(layers: int, width: int, feed: int) -> dict[str, int]:
    values = {"d_model": width, "vocab_size": 256_206, "max_position_embeddings": 1024}
    for side in ("encoder", "decoder"):
        values |= {f"{side}_layers": layers, f"{side}_attention_heads": 16, f"{side}_ffn_dim": feed}
    return values


_BERT, _XLMR, _M2M = ("BertConfig", "BertModel"), ("XLMRobertaConfig",), ("M2M100Config",)
SHAPES = {
    "mbert": Shape("bert-base-multilingual-cased", "encoder", *_BERT, _encoder(12, 768, 119_547), 200),
    "xlmr-base": Shape(
        "xlm-roberta-base", "tagger", *_XLMR, "XLMRobertaForTokenClassification", _encoder(12, 768, 250_002), 200
    ),
    "xlmr-large": Shape(
        "xlm-roberta-large", "tagger", *_XLMR, "XLMRobertaForTokenClassification", _encoder(24, 1024, 250_002), 64
    ),
    "nllb-600m": Shape(
        "nllb-200-distilled-600M",
        "translator",
        *_M2M,
        "M2M100ForConditionalGeneration",
        _translator(12, 1024, 4096),
        32,
    ),
    "nllb-1.3b": Shape(
        "nllb-200-distilled-1.3B",
        "translator",
        *_M2M,
        "M2M100ForConditionalGeneration",
        _translator(24, 1024, 8192),
        16,
    ),
    "nllb-3.3b": Shape(
        "nllb-200-3.3B", "translator", *_M2M, "M2M100ForConditionalGeneration", _translator(24, 2048, 8192), 8
    ),
}


def sentences(count: int) -> list[Sentence]:
    """English sentences."""
    return [Sentence(tuple(source)) for source, _ in datasets.ntrex("de")[:count]]


def build(shape: Shape, folder: Path) -> int:
    """Save a random model of a shape with a tokenizer.

    Returns:
        Number of its parameters.
    """
    from crosspan.testing import tiny_models

    torch, transformers = import_module("torch"), import_module("transformers")
    lines = [" ".join(source) for source, _ in datasets.ntrex("de")]
    torch.manual_seed(0)
    values: dict[str, Any] = dict(shape.values)
    if shape.kind == "encoder":
        tokenizer = transformers.BertTokenizer(vocab=tiny_models.word_pieces(lines, PIECES), do_lower_case=False)
    elif shape.kind == "tagger":
        pieces = tiny_models.unigram_pieces(lines, ["<s>", "<pad>", "</s>", "<unk>"], PIECES)
        tokenizer = transformers.XLMRobertaTokenizer(vocab=[*pieces, ("<mask>", 0.0)])
        tags = ["O", *(f"{prefix}-{label}" for label in ("LOC", "ORG", "PER") for prefix in "BI")]
        values |= {"id2label": dict(enumerate(tags)), "label2id": {tag: index for index, tag in enumerate(tags)}}
        values |= {"pad_token_id": 1, "max_position_embeddings": 514, "type_vocab_size": 1}
    else:
        vocabulary, merges = tiny_models.byte_pairs(lines, list(tiny_models.SPECIAL.values()), PIECES)
        tokenizer = transformers.NllbTokenizer(
            vocab=vocabulary, merges=merges, src_lang="eng_Latn", tgt_lang="lug_Latn"
        )
        values |= {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 2}
    tokenizer.model_max_length = 512
    config = getattr(transformers, shape.config)(**values)
    torch.set_default_dtype(torch.bfloat16 if shape.kind == "translator" else torch.float32)
    model = getattr(transformers, shape.architecture)(config)
    torch.set_default_dtype(torch.float32)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return sum(weight.numel() for weight in model.parameters())


def ways(shape: Shape, folder: str, device: str) -> dict[str, Callable[[], Callable[[Sequence[Sentence]], Any]]]:
    """The ways to run a model: each loads it, and gives a function over sentences."""
    from crosspan.align.awesome import Awesome, AwesomeOptions
    from crosspan.tag.transformers import TransformersTagger
    from crosspan.translate import make_translator

    def aligner(dtype: str) -> Callable[[Sequence[Sentence]], Any]:
        made = Awesome(AwesomeOptions(model=folder, dtype=dtype, device=device))
        return lambda found: list(made.iter_align_tokens((one.tokens, one.tokens) for one in found))

    def tagger(dtype: str) -> Callable[[Sequence[Sentence]], Any]:
        return TransformersTagger(folder, dtype=dtype, device=device).tag

    def translator(beams: int) -> Callable[[Sequence[Sentence]], Any]:
        made = make_translator("ctranslate2", folder, device=device, beams=beams, max_ratio=_RATIO, cache=folder)

        def translate(found: Sequence[Sentence]) -> Any:
            texts = [detokenize(one.tokens)[0] for one in found]
            return made.translate(texts, source="en", target="lug")

        return translate

    if shape.kind == "encoder":
        return {"awesome, float32": lambda: aligner("float32"), "awesome, bfloat16": lambda: aligner("bfloat16")}
    if shape.kind == "tagger":
        return {"tagger, float32": lambda: tagger("float32"), "tagger, bfloat16": lambda: tagger("bfloat16")}
    kind = "float16" if device.startswith("cuda") else "int8"
    return {
        f"ctranslate2, {kind}, beam 1": lambda: translator(1),
        f"ctranslate2, {kind}, beam 4": lambda: translator(4),
    }


def run_one(name: str, way: str, folder: str, device: str) -> dict[str, float]:
    """Load a model and run it, in this process; seconds a thousand sentences and peak memory.

    On a CPU these are seconds of one core, on a GPU of the clock.
    """
    resource = import_module("resource")
    shape = SHAPES[name]
    run = ways(shape, folder, device)[way]()
    given = sentences(shape.sentences)
    run(given[:2])
    clock = time.process_time if device == "cpu" else time.perf_counter
    began = clock()
    run(given)
    seconds = (clock() - began) * 1000 / len(given)
    unit = 1e9 if sys.platform == "darwin" else 1e6
    return {"seconds": seconds, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit}


def measure(name: str, device: str) -> list[list[str]]:
    """Rows of the table for one shape."""
    shape = SHAPES[name]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        parameters = build_apart(name, folder)
        for way in ways(shape, folder, device):
            command = [sys.executable, "-m", "benchmarks.model_costs", "--one", name, way, folder, "--device", device]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found = json.loads(done.stdout.splitlines()[-1])
            rows.append([
                shape.title, f"{parameters / 1e6:,.0f}", f"{parameters * 4 / 1e9:.1f}", way,
                f"{found['memory']:.1f}", f"{found['seconds']:,.0f}",
            ])  # fmt: skip
            print(rows[-1], flush=True)
    return rows


def build_apart(name: str, folder: str) -> int:
    """Build a model in a process of its own, so that its memory is free again."""
    command = [sys.executable, "-m", "benchmarks.model_costs", "--build", name, folder]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", action="append", choices=list(SHAPES))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--page", action="store_true", help="put the table into docs/neural.md")
    parser.add_argument("--one", nargs=3, metavar=("NAME", "WAY", "FOLDER"), help=argparse.SUPPRESS)
    parser.add_argument("--build", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.build:
        print(build(SHAPES[arguments.build[0]], Path(arguments.build[1])))
        return
    if arguments.one:
        name, way, folder = arguments.one
        print(json.dumps(run_one(name, way, folder, arguments.device)))
        return
    rows = [row for name in arguments.only or SHAPES for row in measure(name, arguments.device)]
    seconds = "core-seconds" if arguments.device == "cpu" else "seconds"
    header = ["model of this shape", "million parameters", "disk, GB (float32)", "how", "peak memory, GB",
              f"{seconds} / 1,000 sentences"]  # fmt: skip
    text = markdown(header, rows)
    print(text)
    if arguments.page:
        page.write(f"costs-{arguments.device}", text, Path(__file__).parents[1] / "docs" / "neural.md")


if __name__ == "__main__":
    main()
