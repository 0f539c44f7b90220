"""A model that failed several times is left alone, then tried by one request."""

from bot.drafting.breaker import Breaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def broken(clock: Clock) -> Breaker:
    breaker = Breaker(failures=3, rest_s=60, clock=clock)
    for _ in range(3):
        assert breaker.lets_through()
        breaker.failed()
    return breaker


def test_it_opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker(failures=2, clock=Clock())
    for _ in range(5):
        breaker.failed()
        breaker.answered()
    assert breaker.lets_through()


def test_after_a_rest_one_trial_goes_and_the_others_wait_for_it() -> None:
    clock = Clock()
    breaker = broken(clock)
    assert not breaker.lets_through()
    clock.now = 61
    assert [breaker.lets_through() for _ in range(3)] == [True, False, False]
    breaker.answered()
    assert [breaker.lets_through() for _ in range(3)] == [True, True, True]


def test_a_failed_trial_begins_another_rest() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now = 61
    assert breaker.lets_through()
    breaker.failed()
    clock.now = 120
    assert not breaker.lets_through()


def test_a_trial_that_never_ends_is_not_waited_for_for_ever() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now = 61
    assert breaker.lets_through()
    clock.now = 125
    assert breaker.lets_through()


def test_the_provider_may_ask_for_a_longer_rest() -> None:
    clock = Clock()
    breaker = Breaker(failures=1, rest_s=60, clock=clock)
    breaker.failed(after_s=300)
    clock.now = 299
    assert not breaker.lets_through()
    clock.now = 301
    assert breaker.lets_through()
