"""The cache in a bucket: on S3, as moto's server plays it, over the loopback."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.pipeline.counting_steps import Doubled, N, Summed, engine_on, numbers
from tests.pipeline.test_store import KEY, PARTS, a, plain

from crosspan.core.errors import MissingDependencyError, OutputError
from crosspan.pipeline import bucket_store, engine, load_recipe, plan_recipe
from crosspan.pipeline.bucket_store import BucketStore, store_at
from crosspan.pipeline.folder_store import FolderStore

pytest.importorskip("s3fs")
pytest.importorskip("moto")


@pytest.fixture(scope="module")
def s3():
    """Where a server of S3 listens."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3, monkeypatch, tmp_path):
    """The URL of an empty bucket; a process that is started finds it, too."""
    import fsspec

    monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(bucket_store, "user_cache", lambda: tmp_path / "user")
    fsspec.filesystem("s3").clear_instance_cache()
    name = tmp_path.name.replace("_", "-")
    fsspec.filesystem("s3").mkdir(name)
    return f"s3://{name}/run"


def files_in(store):
    store._fs.invalidate_cache()
    return store._fs.find(store._root)


def test_what_is_put_in_comes_out(bucket):
    store = BucketStore(bucket)
    store.try_writing()
    entry = store.put(KEY, PARTS, {"sentences": 2})
    store.put("cd" * 32, {"scores": a(1)}, {})
    other = BucketStore(bucket)
    assert other.find(KEY) == entry
    for name, part in PARTS.items():
        assert plain(other.part(entry, name)) == plain(part), name
    assert [found and found.key for found in other.find_all(["ef" * 32, "cd" * 32, KEY])] == [None, "cd" * 32, KEY]
    assert len(files_in(store)) == 2


def test_it_holds_the_bytes_of_a_folder(bucket, tmp_path):
    folder, store = FolderStore(tmp_path / "cache"), BucketStore(bucket)
    assert folder.put(KEY, PARTS, {"n": 1}) == store.put(KEY, PARTS, {"n": 1})
    assert store._fs.cat_file(store._path(KEY)) == folder.path(KEY).read_bytes()


def test_who_comes_second_takes_what_is_there(bucket):
    first = BucketStore(bucket).put(KEY, {"a": a(1)}, {})
    second = BucketStore(bucket)
    assert second.put(KEY, {"a": a(2)}, {}) == first
    assert second.part(first, "a") == a(1)
    replaced = second.put(KEY, {"a": a(3)}, {}, replace=True)
    assert BucketStore(bucket).part(replaced, "a") == a(3)
    with pytest.raises(OutputError, match="changed while it was in use"):
        BucketStore(bucket).part(first, "a")
    assert second.part(first, "a") == a(1)  # who has read it has it
    assert BucketStore(bucket).find(KEY) == replaced  # what is intact stays


def test_of_many_that_put_at_once_all_have_the_same(bucket):
    stores = [BucketStore(bucket) for _ in range(4)]
    ready = threading.Barrier(len(stores))

    def put(number):
        ready.wait()
        store = stores[number]
        return store.part(store.put(KEY, {"a": a(number)}, {}), "a").values

    with ThreadPoolExecutor(len(stores)) as pool:
        assert len({*pool.map(put, range(len(stores)))}) == 1


def test_two_runs_begin_at_different_places_and_find_what_the_other_has_made(bucket, log, monkeypatch):
    begins = iter((0, N // 2))
    monkeypatch.setattr(engine.secrets, "randbelow", lambda n: next(begins))
    ready = threading.Barrier(2)

    def run(number):
        found = engine_on(BucketStore(bucket))
        ready.wait()
        found.run(Doubled(log=str(log), seconds=0.1))
        return found

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(run, range(2))
    assert numbers(one) == numbers(two) == [2 * index for index in range(N)]
    assert one.products["doubled"] == two.products["doubled"]
    assert len(log.read_text().splitlines()) <= N + 4  # the last of each may be begun by both
    assert one.reports[1].computed < N


def test_a_damaged_result_is_none(bucket):
    store = BucketStore(bucket)
    entry = store.put(KEY, {"a": a("Accra"), "b": a("Kumasi")}, {"sentences": 1})
    data = store._fs.cat_file(store._path(KEY))
    end = data.index(b"\n", data.index(b"\n") + 1) + 1
    for at in range(0, end, 7):
        store._fs.pipe_file(store._path(KEY), data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])
        assert BucketStore(bucket).find(KEY) is None, at
    assert store.put(KEY, {"a": a("Accra"), "b": a("Kumasi")}, {"sentences": 1}) == entry  # in its place
    assert store._fs.cat_file(store._path(KEY)) == data
    store._fs.pipe_file(store._path(KEY), data[: end + 3])  # a part is damaged: it is found when that is read
    again = BucketStore(bucket)
    with pytest.raises(OutputError, match="changed while it was in use"):
        again.part(entry, "a")
    assert again.find(KEY) is None  # and the next run works it out anew


def test_long_heads_and_large_parts(bucket, monkeypatch):
    monkeypatch.setattr(bucket_store, "_BEGINNING", 16)
    monkeypatch.setattr(bucket_store, "_WHOLE", 20)
    store = BucketStore(bucket)
    entry = store.put(KEY, PARTS, {"first": "x" * 99})
    assert store.find(KEY) == entry
    for name, part in PARTS.items():
        assert plain(store.part(entry, name)) == plain(part), name


def test_an_unsure_result_is_made_anew(bucket):
    store = BucketStore(bucket)
    store.put(KEY, {"a": a(1)}, {"unsure": True})
    assert store.find(KEY) is None
    assert store.part(store.put(KEY, {"a": a(2)}, {}), "a") == a(2)


def test_a_store_that_does_not_write(bucket):
    silent = BucketStore(bucket, write=False)
    entry = silent.put(KEY, {"a": a(1)}, {"n": 1})
    assert silent.find(KEY) is None
    assert BucketStore(bucket).put(KEY, {"a": a(1)}, {"n": 1}) == entry


def test_unfinished_work_stays_on_this_machine_until_its_result_is_there(bucket):
    store = BucketStore(bucket)

    def interrupted():
        with store.unfinished(KEY) as place:
            (place / "half").write_text("a")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with store.unfinished(KEY) as again, BucketStore(bucket).unfinished(KEY) as other:
        assert (again / "half").read_text() == "a"
        assert other is None  # who comes second begins anew
    with store.unfinished(KEY) as place:
        store.put(KEY, {"a": a(1)}, {})
    assert not place.exists()


def test_an_engine_goes_on_there(bucket, log):
    first = engine_on(BucketStore(bucket))
    with pytest.raises(KeyError):
        first.run(Doubled(log=str(log), fails=7))
    begun = len(log.read_text().splitlines())
    second = engine_on(BucketStore(bucket))
    second.run(Doubled(log=str(log)))
    second.run(Summed())
    assert (second.reports[1].computed, second.reports[1].cached) == (N - begun + 1, begun - 1)
    assert numbers(second) == [2 * index for index in range(N)]


def test_a_run_keeps_there_what_it_has_finished(place, bucket):
    path = place.recipe(place.PROJECT)
    here = place.run(path, out=place.folder / "here")
    there = place.run(path, out=place.folder / "there", cache=bucket)
    assert place.results(there.out) == place.results(here.out)
    assert str(there.cache) == bucket
    assert not (there.out / ".cache").exists()
    again = place.run(path, out=place.folder / "again", cache=bucket, clean_cache=True)
    assert place.results(again.out) == place.results(here.out)
    assert {computed for computed, _ in place.shards(again).values()} == {0}
    assert again.removed == 0
    planned = plan_recipe(load_recipe(path, out=place.folder / "again"), cache=bucket)
    assert [stage.cached for stage in planned.stages] == [stage.cached for stage in again.stages]
    other = place.run(path, "align.hmm_iterations=2", out=place.folder / "other", cache=bucket, clean_cache=True)
    assert other.removed > 0


def test_a_bucket_that_cannot_be_used_is_one_clear_error(place, bucket):
    path = place.recipe(place.PROJECT)
    with pytest.raises(OutputError, match=r"the cache cannot be used .*bucket does not exist") as error:
        place.run(path, cache="s3://no-such-bucket/run")
    assert error.value.where == "s3://no-such-bucket/run"
    assert not (place.folder / "crosspan-out").exists()


def test_a_package_that_is_missing_is_named(monkeypatch):
    import fsspec

    def missing(url):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec, "url_to_fs", missing)
    with pytest.raises(MissingDependencyError, match=r"pip install 'crosspan\[s3\]'"):
        store_at("s3://bucket/run")
