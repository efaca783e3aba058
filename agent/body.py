"""The body of a watched episode: where it has been, what it touched, what it could know."""

import numpy as np

from envs.actions import Action
from envs.claims import check, claims_in
from envs.grid_world import GridWorld
from envs.memory import Memory
from envs.text_world import TextWorld
from envs.thoughts import unnumbered
from envs.viewer.scene import Claim, Picture, Verdict


class Body:
    """Where an episode's body is and has been, and what it has observed."""

    def __init__(self, world: TextWorld) -> None:
        self._world = world
        self._path: list[tuple[int, int]] = []
        self._pose: tuple[tuple[int, int], int] | None = None
        self.memory = Memory()

    def observe(self, acted: bool) -> Picture | None:
        """Take note of what is there now; the picture of it, where the world can be drawn.

        acted: whether an action was taken since the last look.
        """
        world = self._world
        if not isinstance(world, GridWorld):
            return None
        raw = world.raw
        self.memory.observe(raw)
        x, y = (int(one) for one in raw.agent_pos)
        pose = (x, y), int(raw.agent_dir)
        touched = None
        done = acted and world.last_action is not Action.DONE
        if done and pose == self._pose:  # whatever was done was done to what is ahead
            ahead = raw.front_pos
            touched = int(ahead[0]), int(ahead[1])
        self._pose = pose
        if not self._path or self._path[-1] != pose[0]:
            self._path.append(pose[0])
        if world.render_mode != "rgb_array":
            return None
        pixels = np.ascontiguousarray(world.render(), dtype=np.uint8)
        return Picture(pixels, (raw.width, raw.height), tuple(self._path), touched)

    def judge(self, thought: str) -> tuple[Claim, ...]:
        """The sentences of a thought, each with what had been observed says to it."""
        sentences = [one.strip(" .") for one in unnumbered(thought).split(". ")]
        return tuple(Claim(f"{one}.", self._verdict(one)) for one in sentences if one)

    def _verdict(self, sentence: str) -> Verdict:
        if not isinstance(self._world, GridWorld):
            return Verdict.UNCHECKED
        sentence = self._world.in_plain_words(sentence)
        for form in (sentence, f"{sentence}. I look for a free place, so I turn left"):
            held = [
                one for claim in claims_in(form) if (one := check(claim, self.memory)) is not None
            ]
            if held:
                return Verdict.TRUE if all(held) else Verdict.FALSE
        return Verdict.UNCHECKED
