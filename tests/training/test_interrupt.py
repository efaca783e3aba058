"""Being asked to stop: once, the step under way is finished; twice, it stops at once."""

import signal

import pytest

from training.interrupt import between_steps


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_first_request_waits_and_the_second_does_not(how: signal.Signals) -> None:
    before = signal.getsignal(how)
    with between_steps() as stop:
        signal.raise_signal(how)
        assert stop.asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(how)
    assert signal.getsignal(how) is before
