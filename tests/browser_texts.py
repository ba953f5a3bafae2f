"""Text that would act in a page that let it."""

from __future__ import annotations

EVIL = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    '"><svg onload=alert(3)>',
    "<!--<script>",
    "javascript:alert(4)",
    "]]>&lt;b&gt;\u2028\u2029{{data}}",
]


def evil(number):
    return EVIL[number % len(EVIL)]
