"""The queue: bounded, shared fairly, and nothing is done for nobody."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from web_fakes import Held, flat

from deepfake_detector.types import Failure
from deepfake_detector.web import Limits, create_app
from deepfake_detector.web.queue import Full, Queue, Waiting


class Bench:
    """A queue whose work waits until it is let go; keeps what it was asked."""

    def __init__(self, bound: int, threads: int) -> None:
        self.begun, self.free = threading.Semaphore(0), threading.Event()
        self.asked: list[list[bytes]] = []
        self.seen: list[tuple[str, int]] = []
        self.queue = Queue(self.judge, bound, threads, 60, lambda kind, _, count: self.seen.append((kind, count)))

    def judge(self, pictures: Sequence[Waiting]) -> list[bytes]:
        self.begun.release()
        assert self.free.wait(30)
        self.asked.append([picture.getvalue() for picture in pictures])
        return [picture.getvalue() * 2 for picture in pictures]


@pytest.fixture()
def bench() -> Iterator[Callable[[int, int], Bench]]:
    made: list[Bench] = []

    def make(bound: int, threads: int) -> Bench:
        made.append(Bench(bound, threads))
        return made[-1]

    yield make
    for one in made:
        one.free.set()
        one.queue.stop()


def test_beyond_the_bound_there_is_no_place(bench: Callable[[int, int], Bench]) -> None:
    queue = bench(3, 1).queue
    with queue.enter() as place, queue.enter():
        assert queue.used == 2
        with queue.enter():
            with pytest.raises(Full) as full:
                queue.enter()
            assert 1 <= full.value.seconds <= 60
        with pytest.raises(Full):
            place.judge([b"a", b"b", b"c"])
        assert queue.used == 2
    assert queue.used == 0


def test_what_could_not_be_done_in_time_has_no_place(bench: Callable[[int, int], Bench]) -> None:
    queue = bench(60, 2).queue
    queue._seconds = 10.0  # a picture, as measured
    with contextlib.ExitStack() as places:
        for _ in range(13):
            places.enter_context(queue.enter())  # the last found 12 pictures of 10 s for 2 threads: the 60 s allowed
        with pytest.raises(Full) as full:
            queue.enter()
        assert full.value.seconds == 33  # half of 13 * 10 / 2
    with queue.enter():  # an empty queue always takes one
        pass


def test_nobody_waits_for_his_own_place(bench: Callable[[int, int], Bench]) -> None:
    one = bench(64, 1)
    one.queue._seconds = 61.0  # beyond the patience of 60 s
    one.free.set()
    with one.queue.enter() as place:
        futures = place.judge([b"a", b"b", b"c"])
        assert [future.result(30) for future in futures] == [b"aa", b"bb", b"cc"]


def test_pictures_that_wait_are_judged_together(bench: Callable[[int, int], Bench]) -> None:
    made = bench(20, 1)
    with made.queue.enter() as first, made.queue.enter() as second, made.queue.enter() as third:
        futures = first.judge([b"1"])
        assert made.begun.acquire(timeout=30)  # the only thread is at work on it
        futures += second.judge([b"2", b"3"])
        futures += third.judge([b"4", b"5", b"6"])
        made.free.set()
        assert [future.result(30) for future in futures] == [b"11", b"22", b"33", b"44", b"55", b"66"]
    assert made.asked == [[b"1"], [b"2", b"3", b"4", b"5"], [b"6"]]
    assert made.seen == [("predict", 1), ("predict", 4), ("predict", 1)]
    assert made.queue.used == 0


def test_two_threads_share_what_waits(bench: Callable[[int, int], Bench]) -> None:
    made = bench(20, 2)
    with made.queue.enter() as place:
        busy = [*place.judge([b"1"]), *place.judge([b"2"])]
        assert made.begun.acquire(timeout=30)
        assert made.begun.acquire(timeout=30)
        rest = place.judge([b"3", b"4", b"5"])
        made.free.set()
        for future in [*busy, *rest]:
            future.result(30)
    assert max(map(len, made.asked)) == 2  # not three for one and none for the other


def test_what_nobody_waits_for_is_not_begun(bench: Callable[[int, int], Bench]) -> None:
    made = bench(9, 1)
    with made.queue.enter() as place:
        [future] = place.judge([b"1"])
        assert made.begun.acquire(timeout=30)
        with made.queue.enter() as leaving:
            waiting = leaving.judge([b"2", b"3"])
            assert made.queue.used == 3
        assert made.queue.used == 1
        assert all(one.cancelled() for one in waiting)
        made.free.set()
        future.result(30)
    assert made.asked == [[b"1"]]


def test_a_picture_whose_client_has_left_is_not_read() -> None:
    picture = Waiting(b"bytes")
    picture.abandoned = True
    with pytest.raises(ValueError, match="nobody"):
        picture.read()


def test_long_work_goes_one_at_a_time_and_stops_when_nobody_waits(
    bench: Callable[[int, int], Bench],
) -> None:
    made = bench(20, 2)
    made.free.set()
    running, ended = threading.Semaphore(0), threading.Event()

    def work(step: Callable[[int], object]) -> None:
        running.release()
        try:
            while True:
                step(1)
        finally:
            ended.set()

    with made.queue.enter() as place:
        first, second = place.work("explain", work, 4), place.work("explain", work, 4)
        assert running.acquire(timeout=30)
        [picture] = place.judge([b"1"])
        assert picture.result(30) == b"11"  # though both came before it
        assert not second.running()
        assert made.queue.used == 8
    assert ended.wait(30)
    with pytest.raises(Exception):  # noqa: B017  whichever way it ended
        first.result(30)
    assert second.cancelled()


def test_work_that_costs_more_than_the_bound_has_it_to_itself(bench: Callable[[int, int], Bench]) -> None:
    made = bench(3, 1)
    with made.queue.enter() as place:
        assert place.work("explain", lambda _: "done", 8).result(30) == "done"


def test_a_thread_that_outlives_a_stop_serves_no_longer(
    bench: Callable[[int, int], Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, others = bench(4, 1), set(threading.enumerate())
    with one.queue.enter() as place:
        place.judge([b"a"])
        assert one.begun.acquire(timeout=30)
    (old,) = set(threading.enumerate()) - others
    join = threading.Thread.join
    with monkeypatch.context() as patched:  # the stop does not wait for what is under way
        patched.setattr(threading.Thread, "join", lambda thread, timeout=None: join(thread, 0.01))
        one.queue.stop()
    one.queue.start()
    one.free.set()
    old.join(30)
    assert not old.is_alive()
    with one.queue.enter() as place:
        (found,) = place.judge([b"b"])
        assert found.result(30) == b"bb"


def test_a_failure_goes_to_those_who_wait(bench: Callable[[int, int], Bench]) -> None:
    made = bench(5, 1)

    def fail(_: object) -> None:
        raise KeyError("x")

    with made.queue.enter() as place:
        with pytest.raises(KeyError):
            place.work("explain", fail).result(30)
        made.free.set()
        assert place.judge([b"1"])[0].result(30) == b"11"  # the thread lives on


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


def _talk(app: FastAPI, talk: Callable[[httpx.AsyncClient], Any]) -> None:
    """Run a conversation on one event loop, as a server does."""

    async def run() -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service", timeout=60) as client:
            await talk(client)

    try:
        asyncio.run(run())
    finally:
        app.state.service.stop()


def test_the_service_answers_429_when_it_is_full_and_health_all_the_while(toy: str) -> None:
    held = Held(toy)
    app = create_app(held, Limits(queue=3, files=3, threads=1))
    queue = app.state.service.queue

    async def talk(client: httpx.AsyncClient) -> None:
        waiting = [asyncio.create_task(client.post("/v1/predict", content=flat(255)))]
        await _until(lambda: len(held.calls) == 1)
        waiting += [asyncio.create_task(client.post("/v1/predict", content=flat(255))) for _ in range(2)]
        await _until(lambda: len(queue._jobs) == 2)
        full = await client.post("/v1/predict", content=flat(255))
        assert (full.status_code, full.json()["code"]) == (429, "TooManyRequests")
        assert int(full.headers["retry-after"]) >= 1
        assert (await client.get("/healthz")).status_code == 200  # the event loop waits for nobody
        assert "queue_depth 3.0" in (await client.get("/metrics")).text
        held.free.set()
        assert [(await one).status_code for one in waiting] == [200, 200, 200]
        many = await client.post("/v1/predict", files=[("f", ("a", flat(0)))] * 3)
        assert many.status_code == 200

    _talk(app, talk)
    assert held.calls[:2] == [1, 2]  # the first alone, the two that waited together


def test_too_long_is_503_and_what_still_waits_is_dropped(toy: str) -> None:
    held = Held(toy)
    app = create_app(held, Limits(threads=1, timeout=1))
    queue = app.state.service.queue

    async def talk(client: httpx.AsyncClient) -> None:
        first = asyncio.create_task(client.post("/v1/predict", content=flat(255)))
        await _until(lambda: len(held.calls) == 1)
        others = (client.post("/v1/predict", content=flat(255)) for _ in range(2))
        late = await asyncio.gather(first, *others)
        assert [(one.status_code, one.json()["code"]) for one in late] == [(503, "Timeout")] * 3
        assert queue.used == 1  # the one in hand
        held.free.set()
        await _until(lambda: queue.used == 0)
        assert (await client.post("/v1/predict", content=flat(255))).status_code == 200

    _talk(app, talk)
    assert held.calls == [1, 1]


def test_who_waits_when_the_service_stops_is_told(toy: str) -> None:
    held = Held(toy)
    app = create_app(held, Limits(threads=1))
    queue = app.state.service.queue

    async def talk(client: httpx.AsyncClient) -> None:
        first = asyncio.create_task(client.post("/v1/predict", content=flat(255)))
        await _until(lambda: len(held.calls) == 1)
        second = asyncio.create_task(client.post("/v1/predict", content=flat(255)))
        await _until(lambda: len(queue._jobs) == 1)
        stopping = asyncio.create_task(asyncio.to_thread(queue.stop))
        told = await second
        assert (told.status_code, told.json()["code"]) == (503, "NotReady")
        held.free.set()
        assert (await first).status_code == 200  # what was in hand
        await stopping

    _talk(app, talk)


def test_a_body_that_dribbles_in_is_cut_off(toy: str) -> None:
    app = create_app(Held(toy), Limits(timeout=1))

    async def talk(client: httpx.AsyncClient) -> None:
        async def body() -> Any:
            yield b"\x89PNG"
            await asyncio.sleep(30)

        late = await client.post("/v1/predict", content=body())
        assert (late.status_code, late.json()["code"]) == (408, "UploadTimeout")
        assert app.state.service.queue.used == 0

    _talk(app, talk)


@pytest.mark.parametrize("within_body", [True, False])
def test_a_client_that_leaves_takes_its_picture_along(toy: str, within_body: bool) -> None:
    held = Held(toy)
    app = create_app(held, Limits(threads=1))
    queue = app.state.service.queue
    sent: list[Any] = []

    async def leave() -> None:
        gone = asyncio.Event()
        messages = [{"type": "http.request", "body": flat(255), "more_body": within_body}]

        async def receive() -> dict[str, Any]:
            if messages:
                return messages.pop()
            if not within_body:
                await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/v1/predict", "query_string": b"", "headers": []}
        running = asyncio.create_task(app(scope, receive, send))
        if not within_body:
            await _until(lambda: len(queue._jobs) == 1)
            gone.set()
        await running

    async def talk(client: httpx.AsyncClient) -> None:
        first = asyncio.create_task(client.post("/v1/predict", content=flat(0)))
        await _until(lambda: bool(held.calls))
        await leave()
        assert queue.used == 1
        held.free.set()
        assert (await first).status_code == 200

    _talk(app, talk)
    assert held.calls == [1]
    assert sent[0]["status"] == 499


def test_an_abandoned_picture_of_a_batch_is_a_failure_that_nobody_sees(toy: str) -> None:
    held = Held(toy)
    held.free.set()
    left = Waiting(flat(255))
    left.abandoned = True
    judged, dropped = held.predict_batch([Waiting(flat(255)), left], 1)
    assert not isinstance(judged, Failure)
    assert isinstance(dropped, Failure)
