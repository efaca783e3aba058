"""What a thought told, whoever had it: the way back from `envs.thoughts.tell`."""

import re

from envs.claims import Fact, claims_in, places_of
from envs.memory import Memory
from envs.thoughts import Told


def heard(thought: str, memory: Memory, last: Told) -> Told:
    """What one who had this thought knows of the thing aimed at.

    A place counts where it is true of what was observed. "Behind me" is true of many: of these, the
    one told before is meant, where it is among them.

    Args:
        thought: of this turn, in plain words.
        memory: what had been observed when it was thought.
        last: what the thought before told.
    """
    look = re.search(r"look (\d)", thought)
    looks = int(look[1]) if look else 0
    for claim in claims_in(thought):
        if claim.fact in (Fact.IN_VIEW, Fact.OUT_OF_VIEW):
            places = places_of(claim, memory)
            meant = last.place if last.place in places else next(iter(places), None)
            return Told(meant, looks)
    return Told(None, looks)
