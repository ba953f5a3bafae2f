"""Speed of a tagger in PyTorch, in ONNX and in ONNX with int8, on a CPU.

    python -m benchmarks.onnx_taggers --shape base --sentences 32 --rounds 3

The model is shaped as XLM-R, with random weights and a small vocabulary: speed does not depend on what it has learned,
agreement does, and is therefore to be looked at on a tagger of one's own (``crosspan export --check``). All three label
the same sentences in the same batches and take turns. Time is that of the processor, so that what else the machine does
counts little.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.fine_tuning import SHAPES, TAGS, save_encoder, sentences
from crosspan.core.tables import Table
from crosspan.models.loading import neural


def save_tagger(folder: Path, shape: str) -> None:
    """An encoder of this shape with a layer of tags, all random."""
    torch, transformers = neural("the benchmark", "torch"), neural("the benchmark")
    save_encoder(folder, shape)
    names = {"id2label": dict(enumerate(TAGS)), "label2id": {tag: index for index, tag in enumerate(TAGS)}}
    torch.manual_seed(0)
    transformers.AutoModelForTokenClassification.from_pretrained(folder, **names).save_pretrained(folder)


def size_of(folder: Path) -> float:
    """Megabytes of the weights in a folder."""
    return sum(path.stat().st_size for end in ("*.safetensors", "model.onnx*") for path in folder.glob(end)) / 1e6


def main() -> None:
    """Let the three take turns, and write a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=[*SHAPES], default="base")
    parser.add_argument("--sentences", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    from crosspan.tag import load_tagger
    from crosspan.tag.onnx_export import export_onnx

    data: list[Any] = sentences(args.sentences)
    with tempfile.TemporaryDirectory() as place:
        folders = {name: Path(place) / name for name in ("transformers", "onnx", "int8")}
        save_tagger(folders["transformers"], args.shape)
        reports = {
            name: export_onnx(
                folders["transformers"], folders[name], data[:8], int8=name == "int8", tolerance=1.0,
                threads=args.threads,
            )
            for name in ("onnx", "int8")
        }  # fmt: skip
        taggers = {
            name: load_tagger(f"{'onnx' if name == 'int8' else name}:{folder}", threads=args.threads)
            for name, folder in folders.items()
        }
        for tagger in taggers.values():
            tagger.tag(data[:2])
        rates: dict[str, list[float]] = {name: [] for name in taggers}
        for _ in range(args.rounds):
            for name, tagger in taggers.items():
                began = time.process_time()
                tagger.tag(data)
                rates[name].append(len(data) / (time.process_time() - began))
        sizes = {name: size_of(folder) for name, folder in folders.items()}
    rows = []
    for name, found in rates.items():
        ratios = ", ".join(f"{a / b:.2f}" for a, b in zip(found, rates["transformers"], strict=True))
        apart = f"{reports[name].largest:.1g}" if name in reports else ""
        rows.append([name, f"{statistics.median(found):.1f}", ratios, f"{sizes[name]:.0f}", apart])
    what = f"{args.shape}, {len(data)} sentences"
    print(Table([what, "sentences/s", "times PyTorch, round by round", "MB", "differs by"], rows).markdown())


if __name__ == "__main__":
    main()
