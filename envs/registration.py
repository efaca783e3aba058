"""Which worlds there are: found in gymnasium's registry, and tried; no list is kept by hand."""

from contextlib import redirect_stdout
from functools import cache

import gymnasium
import minigrid  # noqa: F401  (registers its own)
from gymnasium.envs.registration import EnvSpec

from envs.errors import unknown

PREFIX = "text/"
MIXED_ID = "Grounded-Mixed-v0"
"""The level of `envs.mixed_level`."""


def register(world_id: str) -> str:
    """Make a MiniGrid level that gymnasium knows as `world_id` a text world too, and say its id.

    Stock levels need no such call. A level of one's own becomes a text world like this:

        gymnasium.register("MyLevel-v0", entry_point="my_package:MyLevel")
        gymnasium.make(envs.register("MyLevel-v0"))
    """
    raw_spec(world_id)
    text_id = PREFIX + world_id
    if text_id not in gymnasium.registry:
        gymnasium.register(
            text_id, entry_point="envs.grid_world:GridWorld", kwargs={"world_id": world_id}
        )
    return text_id


def register_all() -> None:
    """Register every level of MiniGrid and BabyAI, and our own, as a text world."""
    if MIXED_ID not in gymnasium.registry:
        gymnasium.register(MIXED_ID, entry_point="envs.mixed_level:MixedLevel")
    for world_id in stock_ids():
        register(world_id)


def stock_ids() -> list[str]:
    """The ids of MiniGrid's and BabyAI's levels and of our own, whether they work or not."""
    return [
        world_id
        for world_id, spec in gymnasium.registry.items()
        if str(spec.entry_point).startswith(("minigrid.", "envs.mixed_level"))
    ]


def raw_spec(world_id: str) -> EnvSpec:
    """Gymnasium's specification of a level; `ValueError` with the nearest name if it has none."""
    if world_id not in gymnasium.registry:
        raise unknown("world", world_id, stock_ids())
    return gymnasium.registry[world_id]


@cache
def trouble(world_id: str) -> str | None:
    """Why a level cannot be played here, found by making and resetting it; None if it can."""
    try:
        level = gymnasium.make(raw_spec(world_id), disable_env_checker=True).unwrapped
        with redirect_stdout(None):
            level.reset(seed=0)
    except Exception as error:  # whatever goes wrong in there is the answer
        return f"{type(error).__name__}: {error}"
    return None


def worlds() -> list[str]:
    """The ids of every text world that can be played here. The first call takes a second."""
    return [PREFIX + world_id for world_id in stock_ids() if trouble(world_id) is None]


def unavailable() -> dict[str, str]:
    """The ids of the text worlds that cannot be played here, each with the reason."""
    reasons = {PREFIX + world_id: trouble(world_id) for world_id in stock_ids()}
    return {world_id: reason for world_id, reason in reasons.items() if reason is not None}
