"""What `mosh` hands over in the environment reaches the client once, and nothing that makes no sense does."""

from __future__ import annotations

import os

import pytest

from mosh_client.handed_over import HandedOver, take_over
from mosh_client.stages import ANSWER, SCREEN, Stages
from mosh_common.clock import now_ms

pytestmark = pytest.mark.system


def pipe_with(data: bytes) -> int:
    read_end, write_end = os.pipe()
    os.write(write_end, data)
    os.close(write_end)
    return read_end


def test_nothing_is_handed_over_by_anybody_else() -> None:
    assert take_over({"HOME": "/"}) == HandedOver()


def test_what_was_typed_comes_out_of_the_pipe_which_is_closed() -> None:
    pipe = pipe_with(b"ls\r")
    environment = {"MOSH_TYPED": str(pipe), "MOSH_LEFT": "12 34", "HOME": "/"}
    handed = take_over(environment)
    assert (handed.typed, handed.left, handed.stages) == (b"ls\r", (12, 34), None)
    assert environment == {"HOME": "/"}
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(pipe)


@pytest.mark.parametrize(
    ("said", "taken"), [("-p 7 me@host", "-p 7 me@host"), ("a\x1b[31m", ""), ("\u202ea", ""), ("x" * 513, "")]
)
def test_the_way_back_is_text_that_can_be_shown(said: str, taken: str) -> None:
    environment = {"MOSH_WAY_BACK": said}
    assert take_over(environment).way_back == taken
    assert environment == {}


def test_a_pipe_that_somebody_still_writes_to_is_not_waited_for() -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, b"a")
    assert take_over({"MOSH_TYPED": str(read_end)}).typed == b"a"
    os.close(write_end)


@pytest.mark.parametrize("number", ["0", "2", "-3", "1000000", "9" * 15, "9" * 30, "x", "٣", ""])
def test_what_names_no_pipe_is_passed_over(number: str) -> None:
    assert take_over({"MOSH_TYPED": number, "MOSH_LEFT": "x -1", "MOSH_BEGUN": "x"}) == HandedOver()


def test_a_descriptor_that_is_no_pipe_is_left_alone() -> None:
    file = os.open(os.devnull, os.O_RDONLY)
    assert take_over({"MOSH_TYPED": str(file)}).typed == b""
    os.close(file)


def test_stages_are_noted_in_another_process_and_told_in_milliseconds_since_the_beginning() -> None:
    stages = take_over({"MOSH_BEGUN": str(now_ms() - 1000)}).stages
    assert stages is not None
    child = os.fork()
    if not child:
        stages.reached(ANSWER)
        os._exit(0)
    os.waitpid(child, 0)
    [line] = stages.lines()
    assert line.startswith("mosh:   1")
    assert line.endswith(" ms  first answer over UDP")


def test_of_a_stage_the_first_time_counts() -> None:
    stages = Stages(begun=now_ms())
    stages.reached(SCREEN)
    before = stages.lines()
    while now_ms() < stages._begun + 2000 and int(before[0].split()[1]) == now_ms() - stages._begun:
        pass
    stages.reached(SCREEN)
    assert stages.lines() == before


def test_a_screen_is_an_answer_though_the_link_is_not_told_of() -> None:
    stages = Stages(begun=now_ms())
    stages.reached(SCREEN)
    assert [line.split(" ms  ")[1] for line in stages.lines()] == ["first answer over UDP", "first screen"]
