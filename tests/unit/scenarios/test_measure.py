from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rehearsal.scenarios.measure import BUCKETS, Sample, measure, percentile


def sample(started: float, milliseconds: float = 10, error: str = "", path: str = "/") -> Sample:
    return Sample(started, path, kept_alive=False, status=0 if error else 200, milliseconds=milliseconds, error=error)


def test_percentiles_are_values_that_occurred() -> None:
    ordered = [float(number) for number in range(1, 101)]
    assert (percentile(ordered, 50), percentile(ordered, 99), percentile(ordered, 100)) == (50, 99, 100)
    assert percentile([7.0], 99) == 7
    assert percentile([], 50) is None


def test_lost_requests_count_in_no_latency() -> None:
    requests = measure([sample(1, 10), sample(2, 9999, "HTTP 502"), sample(3, 30)])
    assert (requests.sent, requests.lost, requests.p99_ms, requests.slowest_ms) == (3, 1, 30, 30)


def test_losses_are_grouped_and_dated() -> None:
    lost = [sample(5, error="HTTP 502"), sample(6.5, error="HTTP 502"), sample(6, error="refused", path="/db-check")]
    requests = measure([sample(1), *lost])
    assert [(loss.error, loss.path, loss.count, loss.first, loss.last) for loss in requests.losses] == [
        ("HTTP 502", "/", 2, 5, 6.5),
        ("refused", "/db-check", 1, 6, 6),
    ]
    assert requests.lost_seconds == 1.5


def test_nothing_lost_is_no_time_lost() -> None:
    assert measure([sample(1)]).lost_seconds is None


def test_no_requests_at_all() -> None:
    requests = measure([])
    assert (requests.sent, requests.lost, requests.p50_ms, requests.buckets) == (0, 0, None, ())


@given(st.lists(st.tuples(st.floats(0, 3000), st.booleans()), min_size=1, max_size=200))
def test_the_series_holds_every_request_once(rows: list[tuple[float, bool]]) -> None:
    requests = measure([sample(1e9 + offset, error="lost" if lost else "") for offset, lost in rows])
    assert sum(bucket.sent for bucket in requests.buckets) == len(rows)
    assert sum(bucket.lost for bucket in requests.buckets) == requests.lost == sum(lost for _, lost in rows)
    assert len(requests.buckets) <= BUCKETS + 1
    assert sum(loss.count for loss in requests.losses) == requests.lost
