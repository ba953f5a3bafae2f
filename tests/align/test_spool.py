from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crosspan.align.spool import AlignmentSpool
from crosspan.core.types import Alignment

links_strategy = st.lists(
    st.none()
    | st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.floats(0, 1, width=32))).map(Alignment.from_links)
)


@given(st.lists(links_strategy, max_size=4))
def test_spool_gives_back_what_it_was_given(shards):
    with AlignmentSpool() as spool:
        for shard in shards:
            spool.append(shard)
        assert list(spool) == shards
        assert list(spool) == shards  # more than once
