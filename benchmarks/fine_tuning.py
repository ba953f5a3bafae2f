"""Speed of fine-tuning beside the stock Trainer of transformers, on the same model, data and settings.

    python -m benchmarks.fine_tuning --shape base --steps 6 --threads 1

The Trainer is set up as the token-classification example of transformers does it: words cut into pieces beforehand, a
label at the first piece of each word, padding to the longest sentence of a batch, AdamW, a rate that falls in a line.
Both go twice through the same sentences, in batches of the same number, from the same random weights. Time is that of
the second pass, on a CPU that of the processor, so that what else the machine does counts little; they take turns.
Memory is that of the whole process at its peak, or of the GPU.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from crosspan.core.tables import Table
from crosspan.models.loading import neural

SHAPES = {
    "tiny": {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 512},
    "half": {"hidden_size": 768, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 3072},
    "base": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072},
}
TAGS = ["O", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "B-PER", "I-PER"]
RATE = 2e-5


def sentences(n: int) -> list[Any]:
    """Sentences of the demonstration corpus, of 5 to 60 words: real text has such a spread."""
    from crosspan.core.types import Sentence, Span
    from crosspan.demo import load_corpus

    chance = random.Random(0)
    source = [one for one in load_corpus("en") if {span.label for span in one.spans} <= {"LOC", "ORG", "PER"}]
    found = []
    for _ in range(n):
        words: list[str] = []
        spans: list[Span] = []
        wanted = min(60, max(5, round(chance.lognormvariate(2.9, 0.5))))
        while len(words) < wanted:
            one = chance.choice(source)
            spans += [Span(len(words) + span.start, len(words) + span.end, span.label) for span in one.spans]
            words += one.tokens
        found.append(Sentence(tuple(words[:wanted]), tuple(span for span in spans if span.end <= wanted), lang="en"))
    return found


def save_encoder(folder: Path, shape: str) -> None:
    """An XLM-R of this shape with random weights and a small vocabulary, so that a CPU can do some steps."""
    torch, transformers = neural("the benchmark", "torch"), neural("the benchmark")
    from crosspan.testing.tiny_models import corpus_lines, unigram_pieces

    pieces = unigram_pieces(corpus_lines(), ["<s>", "<pad>", "</s>", "<unk>"], size=4_000)
    tokenizer = transformers.XLMRobertaTokenizer(vocab=[*pieces, ("<mask>", 0.0)])
    tokenizer.model_max_length = 512
    config = transformers.XLMRobertaConfig(
        vocab_size=len(tokenizer), max_position_embeddings=514, pad_token_id=1, type_vocab_size=1, **SHAPES[shape]
    )
    torch.manual_seed(0)
    tokenizer.save_pretrained(folder)
    transformers.XLMRobertaModel(config, add_pooling_layer=False).save_pretrained(folder)


def now(args: argparse.Namespace) -> float:
    """Time in seconds: of the processor, or of the clock where a GPU works."""
    return time.process_time() if args.device == "cpu" else time.perf_counter()


def ours(encoder: Path, data: list[Any], out: Path, args: argparse.Namespace) -> list[float]:
    """Times of the ends of steps."""
    from crosspan.train.token_classifier import TokenClassifierOptions, train_token_classifier

    options = TokenClassifierOptions(
        encoder=str(encoder), max_steps=2 * args.steps, epochs=1_000, batch_size=args.batch, learning_rate=RATE,
        save_every=10_000, device=args.device,
    )  # fmt: skip
    ends: list[float] = []
    train_token_classifier(data, out, options=options, threads=args.threads, progress=lambda *_: ends.append(now(args)))
    return ends


def trainers(encoder: Path, data: list[Any], out: Path, args: argparse.Namespace) -> list[float]:
    """The same with the Trainer."""
    torch, transformers = neural("the benchmark", "torch"), neural("the benchmark")
    if args.threads:
        torch.set_num_threads(args.threads)
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder)
    names = {"id2label": dict(enumerate(TAGS)), "label2id": {tag: index for index, tag in enumerate(TAGS)}}
    torch.manual_seed(0)
    model = transformers.AutoModelForTokenClassification.from_pretrained(encoder, **names)
    rows = []
    for one in data:
        row = tokenizer(list(one.tokens), is_split_into_words=True, truncation=True)
        words, tags = row.word_ids(), one.tags()
        first = [word is not None and (at == 0 or words[at - 1] != word) for at, word in enumerate(words)]
        labels = [TAGS.index(tags[word]) if begins else -100 for word, begins in zip(words, first, strict=True)]
        rows.append({"input_ids": row["input_ids"], "attention_mask": row["attention_mask"], "labels": labels})
    ends: list[float] = []

    class Clock(transformers.TrainerCallback):  # type: ignore[misc, name-defined]
        def on_step_end(self, *_: Any, **__: Any) -> None:
            if torch.cuda.is_available() and args.device != "cpu":
                torch.cuda.synchronize()
            ends.append(now(args))

    half = args.device != "cpu" and torch.cuda.is_available()
    how = transformers.TrainingArguments(
        output_dir=str(out), max_steps=2 * args.steps, per_device_train_batch_size=args.batch, learning_rate=RATE,
        weight_decay=0.01, warmup_steps=0.1, save_strategy="no", report_to=[], disable_tqdm=True, bf16=half,
        use_cpu=args.device == "cpu", logging_strategy="no",
    )  # fmt: skip
    transformers.Trainer(
        model=model, args=how, train_dataset=rows, processing_class=tokenizer, callbacks=[Clock()],
        data_collator=transformers.DataCollatorForTokenClassification(tokenizer),
    ).train()  # fmt: skip
    return ends


def one_run(args: argparse.Namespace) -> None:
    """Train once, and write the time of the steps and the memory as JSON."""
    data = sentences(args.steps * args.batch)
    with tempfile.TemporaryDirectory() as folder:
        run = ours if args.only == "crosspan" else trainers
        ends = run(Path(args.encoder), data, Path(folder) / "out", args)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    torch = neural("the benchmark", "torch")
    if torch.cuda.is_available() and args.device != "cpu":
        peak = torch.cuda.max_memory_allocated() / 2**20
    seconds = ends[2 * args.steps - 1] - ends[args.steps - 1]
    sys.stdout.write(json.dumps({"rate": args.steps * args.batch / seconds, "peak": peak}) + "\n")


def main() -> None:
    """Let both take turns, and write a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=[*SHAPES], default="tiny")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", choices=["crosspan", "Trainer"], help=argparse.SUPPRESS)
    parser.add_argument("--encoder", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        one_run(args)
        return
    found: dict[str, list[dict[str, float]]] = {"crosspan": [], "Trainer": []}
    with tempfile.TemporaryDirectory() as folder:
        encoder = Path(folder) / "encoder"
        save_encoder(encoder, args.shape)
        given = [word for name in ("shape", "steps", "batch", "threads", "device")
                 for word in (f"--{name}", str(getattr(args, name)))]  # fmt: skip
        for _ in range(args.rounds):
            for name, rows in found.items():
                command = [sys.executable, "-m", "benchmarks.fine_tuning", "--only", name, "--encoder", str(encoder)]
                done = subprocess.run([*command, *given], check=True, stdout=subprocess.PIPE, text=True)
                rows.append(json.loads(done.stdout.splitlines()[-1]))
    lines = []
    for name, rows in found.items():
        rate, peak = (statistics.median(row[key] for row in rows) for key in ("rate", "peak"))
        lines.append([name, f"{rate:.1f}", f"{peak:.0f}"])
    what = f"{args.shape}, {args.steps} steps of {args.batch}"
    print(Table([what, "sentences/s", "peak memory, MB"], lines).markdown())
    ratios = [a["rate"] / b["rate"] for a, b in zip(*found.values(), strict=True)]
    print(f"\nratio of the rates, round by round: {', '.join(f'{one:.2f}' for one in ratios)}")


if __name__ == "__main__":
    main()
