"""Pre-trained models: loading them safely, feeding them batches that fit, and cutting words into their pieces.

What the neural backends of :mod:`crosspan.translate`, :mod:`crosspan.tag`, :mod:`crosspan.align` and
:mod:`crosspan.project` have in common. Needs ``crosspan[neural]``, and imports it only when a model is loaded.
"""
