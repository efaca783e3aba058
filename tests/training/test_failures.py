"""Failures sorted by cause: each cause is made on purpose, and found."""

from collections.abc import Sequence

import envs
from agent.policies import ExpertPolicy, LiveEpisode, Response
from agent.replies import ReplyMode, render
from agent.rollout import play
from agent.types import Episode, Start
from envs.claims import Fact, read_claims
from training.failures import Cause, count_causes, failures, failures_report


class Stubborn:
    """Replies the same, whatever happens."""

    name = "stubborn"
    mode = ReplyMode.THINK

    def __init__(self, reply: str) -> None:
        self.reply = reply

    def respond(self, live: Sequence[LiveEpisode]) -> list[Response]:
        return [Response(self.reply) for _ in live]


class Dreamer(ExpertPolicy):
    """Does what an expert would do, but turns; what it says is made by the test."""

    def __init__(self, said: str) -> None:
        super().__init__()
        self.said = said

    def _response(self, one: LiveEpisode) -> Response:
        thought = self._experts[one.key].advise().thought
        claims = read_claims(thought)
        thing = next((claim.thing for claim in claims if claim.fact is Fact.IN_VIEW), "")
        return Response(render(self.said.format(thing=thing), "turn left", self.mode))


def played(
    policy: ExpertPolicy | Stubborn, task: str = "mixed-goto", count: int = 4
) -> list[Episode]:
    return play(policy, [(Start(task, seed), 0) for seed in range(count)])


def causes(policy: ExpertPolicy | Stubborn, task: str = "mixed-goto") -> set[Cause]:
    return {one.cause for one in failures(played(policy, task), envs.make)}


def test_what_succeeds_is_no_failure() -> None:
    assert failures(played(ExpertPolicy()), envs.make) == []


def test_what_cannot_be_read() -> None:
    assert causes(Stubborn("onward!")) == {Cause.FORMAT}


def test_a_thought_of_another_thing() -> None:
    said = "I see the green door nowhere, look 1, so I turn left."
    assert causes(Dreamer(said)) == {Cause.WRONG_SUBGOAL}


def test_a_thought_of_what_is_not_there() -> None:
    assert Cause.PERCEPTION in causes(Dreamer("I see the {thing} 6 ahead, so I turn left."))


def test_words_of_its_own_while_it_turns_round() -> None:
    found = failures(played(Dreamer("Onward!")), envs.make)
    assert {one.cause for one in found} <= {Cause.LOOP, Cause.LOST_TARGET}
    assert all(one.states <= 4 for one in found)
    assert all(one.untrue == 0 == one.astray for one in found)


def test_the_report_counts_them() -> None:
    found = failures(played(Stubborn("onward!")), envs.make)
    assert count_causes(found) == {Cause.FORMAT: 4}
    report = failures_report("<b>", found, 9, ["format.png"])
    assert "4 failures among 9 episodes" in report
    assert "| format | 4 |" in report
    assert "<b>" not in report
    assert "](format.png)" in report
