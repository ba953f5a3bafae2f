"""How many sentence pairs a second the aligners by vectors link, beside the packages whose methods they follow.

    python -m benchmarks.neural_aligners                 # 100 pairs, 3 runs in turn, 2 threads
    python -m benchmarks.neural_aligners --pairs 40 --runs 1 --json

All read the same model, of the shape of mBERT (12 layers, 768 numbers, 12 heads), with random weights, and the same
sentences (NTREX, English-German), in one process, in turn. Loading is not counted, nor is the first call, which
compiles. What is counted is processor time, of all threads together. ``simalign`` and ``awesome-align`` are left out
where they are not installed.

Random weights cost what trained ones cost. How many links another precision changes is measured as well, but that says
little of trained weights: their similarities lie further apart.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks import datasets
from crosspan.align import SimAlign, SimAlignOptions, make_aligner
from crosspan.core.tables import Column, Table, words
from crosspan.core.types import Alignment
from crosspan.models.loading import neural
from crosspan.testing.tiny_models import word_pieces

Pairs = list[tuple[list[str], list[str]]]
THREADS = 2
LAYER = 8
VOCABULARY = 8_000
SIMALIGN = {"argmax": "a", "itermax": "i", "match": "m", "all three": "mai"}
DTYPES = ("float32", "int8", "bfloat16")


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast one way of aligning is.

    Args:
        method: How links are chosen.
        tool: Whose code does it.
        dtype: Precision of the model.
        pairs_per_second: For each second of processor time, in the fastest of the runs: what else the machine does
            only makes them slower.
        ratio: Times the package's speed; ``None`` where it is not installed, or for the package itself.
        same_links: Share of links that are those of our own code in float32 (links of both, over links of either).
    """

    method: str
    tool: str
    dtype: str
    pairs_per_second: float
    ratio: float | None
    same_links: float | None


def save_base_model(folder: Path, pairs: Pairs) -> Path:
    """A BERT of the shape of mBERT with random weights, and pieces that cut these sentences as mBERT's would, about."""
    transformers = neural("the benchmark")
    neural("the benchmark", "torch").manual_seed(0)
    lines = [" ".join(words) for pair in pairs for words in pair]
    tokenizer = transformers.BertTokenizer(vocab=word_pieces(lines, VOCABULARY), do_lower_case=False)
    tokenizer.model_max_length = 512
    config = transformers.BertConfig(vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id)
    tokenizer.save_pretrained(folder)
    transformers.BertForMaskedLM(config).save_pretrained(folder)
    return folder


def simalign_runner(model: Path, methods: str, pairs: Pairs) -> Callable[[], Any] | None:
    """The package ``simalign``, a pair a call, as it is meant to be used."""
    try:
        package = import_module("simalign")
    except ImportError:
        return None
    aligner = package.SentenceAligner(model=str(model), token_type="bpe", matching_methods=methods, layer=LAYER)
    return lambda: [aligner.get_word_aligns(list(source), list(target)) for source, target in pairs]


def awesome_runner(model: Path, extraction: str, pairs: Pairs, folder: Path) -> Callable[[], Any] | None:
    """The package ``awesome-align`` with its own batches of 32, in this process."""
    made: dict[str, Any] = {}
    if "boto3" not in sys.modules:  # what it would download models with; nothing is downloaded here
        try:
            import_module("boto3")
        except ImportError:
            stores = ("boto3", "botocore", "botocore.config", "botocore.exceptions")
            made = {name: types.ModuleType(name) for name in stores}
            made["botocore.config"].Config = object
            made["botocore.exceptions"].ClientError = Exception
            sys.modules.update(made)
    try:
        names = ("modeling", "run_align", "configuration_bert", "tokenization_bert")
        parts: list[Any] = [import_module(f"awesome_align.{name}") for name in names]
    except ImportError:
        return None
    finally:
        for name in made:
            del sys.modules[name]
    modeling, run_align, configuration, tokenization = parts
    theirs = folder / "awesome"
    if not theirs.exists():
        _converted(model, theirs)
    tokenizer = tokenization.BertTokenizer.from_pretrained(str(theirs), do_lower_case=False)
    tokenizer.max_len = 512
    modeling.PAD_ID, modeling.CLS_ID = tokenizer.pad_token_id, tokenizer.cls_token_id
    modeling.SEP_ID = tokenizer.sep_token_id
    config = configuration.BertConfig.from_pretrained(str(theirs))
    network = modeling.BertForMaskedLM.from_pretrained(str(theirs), config=config)
    text = folder / "pairs.txt"
    text.write_text("".join(f"{' '.join(one)} ||| {' '.join(other)}\n" for one, other in pairs), encoding="utf-8")
    args = argparse.Namespace(
        data_file=str(text),
        output_file=str(folder / "links.txt"),
        output_prob_file=None,
        output_word_file=None,
        num_workers=0,
        batch_size=32,
        device="cpu",
        align_layer=LAYER,
        extraction=extraction,
        softmax_threshold=0.001,
    )

    def run() -> None:
        stdout, sys.stdout = sys.stdout, sys.stderr  # it prints
        try:
            run_align.word_align(args, network, tokenizer)
        finally:
            sys.stdout = stdout

    return run


def _converted(model: Path, folder: Path) -> None:
    """The model in the form that awesome-align reads."""
    transformers, torch = neural("the benchmark"), neural("the benchmark", "torch")
    folder.mkdir()
    vocabulary = transformers.AutoTokenizer.from_pretrained(model).get_vocab()
    pieces = sorted(vocabulary, key=vocabulary.__getitem__)
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in pieces), encoding="utf-8")
    torch.save(transformers.AutoModelForMaskedLM.from_pretrained(model).state_dict(), folder / "pytorch_model.bin")
    shutil.copy(model / "config.json", folder)


def our_runner(name: str, model: Path, pairs: Pairs, threads: int, **options: Any) -> Callable[[], list[Alignment]]:
    """Our own aligner of that name, loaded and compiled."""
    aligner = make_aligner(name, threads=threads, model=str(model), layer=LAYER, device="cpu", **options)
    aligner.fit_tokens(pairs)
    return lambda: list(aligner.iter_align_tokens(pairs))


def methods_runner(model: Path, pairs: Pairs, threads: int, **options: Any) -> Callable[[], list[Alignment]]:
    """Three methods of our own SimAlign from one reading of the sentences, as the package gives them."""
    aligner = SimAlign(SimAlignOptions(model=str(model), layer=LAYER, device="cpu", **options), threads=threads)
    aligner.fit_tokens(pairs)
    return lambda: list(chain.from_iterable(aligner.align_methods(pairs, ("argmax", "itermax", "match")).values()))


def measure(
    pairs: Pairs, runs: int, dtypes: Sequence[str] = DTYPES, *, threads: int = THREADS, only: str = ""
) -> Iterator[Speed]:
    """All ways, or those whose name holds ``only``, in turn."""
    neural("the benchmark", "torch").set_num_threads(threads)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = save_base_model(folder / "model", pairs)
        for method, letters in SIMALIGN.items():
            if only in f"simalign {method}":
                runner = simalign_runner(model, letters, pairs)
                yield from _compared("simalign", method, runner, model, pairs, runs, dtypes, threads)
        for extraction, theirs in (("softmax", "softmax"), ("entmax", "entmax15")):
            if only in f"awesome {extraction}":
                runner = awesome_runner(model, theirs, pairs, folder)
                yield from _compared("awesome", extraction, runner, model, pairs, runs, dtypes, threads)


def _compared(
    name: str,
    method: str,
    theirs: Callable[[], Any] | None,
    model: Path,
    pairs: Pairs,
    runs: int,
    dtypes: Sequence[str],
    threads: int,
) -> list[Speed]:
    """One method: the package, and ours in each precision, turn by turn."""
    key = "method" if name == "simalign" else "extraction"
    made: dict[str, Callable[[], list[Alignment]]] = {}
    for dtype in dtypes:
        if method == "all three":
            made[dtype] = methods_runner(model, pairs, threads, dtype=dtype)
        else:
            made[dtype] = our_runner(name, model, pairs, threads, dtype=dtype, **{key: method})
    links = {dtype: run() for dtype, run in made.items()}  # compiles
    times: dict[str, list[float]] = {tool: [] for tool in ("package", *dtypes)}
    for _ in range(runs):
        if theirs is not None:
            times["package"].append(_seconds(theirs))
        for dtype, run in made.items():
            times[dtype].append(_seconds(run))
    speed = {tool: len(pairs) / min(values) for tool, values in times.items() if values}
    package = "simalign" if name == "simalign" else "awesome-align"
    shown = f"{name} {method}"
    rows = [Speed(shown, package, "float32", speed["package"], None, None)] if theirs is not None else []
    for dtype in dtypes:
        ratio = speed[dtype] / speed["package"] if theirs is not None else None
        rows.append(Speed(shown, "crosspan", dtype, speed[dtype], ratio, same_links(links[dtypes[0]], links[dtype])))
    return rows


def same_links(one: Sequence[Alignment], other: Sequence[Alignment]) -> float:
    """Links that are in both, over links that are in either."""
    both = either = 0
    for first, second in zip(one, other, strict=True):
        a, b = (set(zip(x.source.tolist(), x.target.tolist(), strict=True)) for x in (first, second))
        both, either = both + len(a & b), either + len(a | b)
    return both / max(either, 1)


def _seconds(run: Callable[[], Any]) -> float:
    """Processor time, which other work on the machine changes least; of all threads together."""
    begin = time.process_time()
    run()
    return time.process_time() - begin


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("--only", default="", help="methods whose name holds this")
    parser.add_argument("--dtypes", default=",".join(DTYPES))
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    logging.disable(logging.INFO)
    rows = measure(
        datasets.ntrex("de")[: chosen.pairs], chosen.runs, chosen.dtypes.split(","), threads=chosen.threads,
        only=chosen.only,
    )  # fmt: skip
    if chosen.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return
    lines = []
    for row in rows:
        ratio = f"{row.ratio:.1f}" if row.ratio is not None else ""
        agreed = f"{100 * row.same_links:.1f}%" if row.same_links is not None else ""
        lines.append([row.method, row.tool, row.dtype, f"{row.pairs_per_second:.1f}", ratio, agreed])
    header: list[str | Column] = [*words("method", "tool", "precision"), "pairs/s", "times the package", "same links"]
    print(Table(header, lines).markdown())


if __name__ == "__main__":
    main()
