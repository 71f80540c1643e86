"""Invariant: any text for -p is one range of ports from 0 to 65535 or one sentence, the same for both programs."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.fuzzing import fuzzed

from mosh_bootstrap.options import parse_options
from mosh_common.errors import UsageError
from mosh_server.options import parse

NUMBERS = st.one_of(st.integers(-2, 70_000).map(str), st.sampled_from(["", "0", "00", "65535", "65536", "٣", "1_0"]))
TEXTS = st.one_of(
    st.text(max_size=8), st.text("0123456789:+- _", max_size=8), st.lists(NUMBERS, max_size=4).map(":".join)
).filter(bool)  # an empty one is an option without its value


def one_line(error: UsageError, text: str) -> None:
    assert "\n" not in str(error).replace(text, "")


def server_ports(text: str) -> tuple[int, int] | None:
    """Return what mosh-server makes of it; None for a complaint."""
    try:
        ports = parse(["new", f"-p{text}"]).ports
    except UsageError as error:
        one_line(error, text)
        return None
    assert ports is not None
    return ports


def bootstrap_takes(text: str) -> bool:
    try:
        return parse_options([f"--port={text}", "host"], {}).port == text
    except UsageError as error:
        one_line(error, text)
        return False


@example("9" * 5000)  # longer than Python makes a number of
@example("1:" + "9" * 5000)
@example("0:5")
@example("5:4")
@fuzzed
@given(TEXTS)
def test_a_port_range_is_one_or_is_refused(text: str) -> None:
    ports = server_ports(text)
    if ports is not None:
        low, high = ports
        assert 0 <= low <= high <= 65535
        assert low > 0 or high == 0
    assert bootstrap_takes(text) == (ports is not None)
