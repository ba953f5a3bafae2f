"""A program that uses tiny neural models and then forks: ``python -m tests.faults.models_in_forks FOLDER``.

The folder holds the models that :func:`tests.faults.test_threads.models` makes. Models of PyTorch work on in the
processes that were forked; those with threads of their own say that they cannot.
"""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path

import torch

from crosspan.align import make_aligner
from crosspan.core.errors import CrosspanError
from crosspan.core.threads import torch_threads
from crosspan.demo import load_corpus
from crosspan.tag import load_tagger
from crosspan.translate import make_translator

_here = {}


def make(folder):
    sentences = load_corpus("en")[:20]
    tokens = [(one.tokens, other.tokens) for one, other in zip(sentences, load_corpus("de")[:20], strict=True)]
    texts = [" ".join(one.tokens) for one in sentences]

    def tag(tagger):
        return lambda: [one.spans for one in tagger.tag(sentences)]

    def translate(translator):
        return lambda: [one.text for one in translator.translate(texts, source="en", target="es")]

    aligner = make_aligner("simalign", threads=2, model=str(folder / "mbert"), layer=1)
    return {
        "transformers": tag(load_tagger(f"transformers:{folder / 'tagger'}", threads=2)),
        "simalign": lambda: [one.to_pharaoh() for one in aligner.align_tokens(tokens)],
        "translator": translate(make_translator("transformers", str(folder / "nllb"), threads=2, beams=1)),
        "onnx": tag(load_tagger(f"onnx:{folder / 'onnx'}", threads=2)),
        "ctranslate2": translate(
            make_translator("ctranslate2", str(folder / "nllb"), threads=2, beams=1, cache=str(folder / "converted"))
        ),
    }


def large():
    """A sum that PyTorch makes in as many threads as it may use."""
    with torch_threads(2):
        return float((torch.arange(1 << 22) % 7).sum()), torch.get_num_threads()


def work(name):
    try:
        found = repr(_here[name]())
    except CrosspanError as error:
        return str(error)
    return ("same" if found == _here["alone"][name] else "different"), large()


def main(folder):
    _here.update(make(folder))
    names = list(_here)
    _here["alone"] = {name: repr(_here[name]()) for name in names}
    print("here", large(), flush=True)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for name, found in zip(names, pool.map(work, names, chunksize=1), strict=True):
            print(name, *found if isinstance(found, tuple) else [found], flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
