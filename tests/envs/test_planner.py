"""Shortest plans on small maps, worked out by hand."""

import pytest

from envs.actions import Action
from envs.exploration import in_sight, revealing
from envs.memory import Memory, Thing, ahead_of
from envs.planner import Plan, Planner, State, facing, facing_beside, walk
from tests.support.maps import draw

EAST, SOUTH, WEST, NORTH = range(4)
LETTERS = {
    Action.LEFT: "L",
    Action.RIGHT: "R",
    Action.FORWARD: "F",
    Action.PICKUP: "P",
    Action.DROP: "D",
    Action.TOGGLE: "T",
}


def spelled(plan: Plan | None) -> str:
    assert plan is not None
    return "".join(LETTERS[action] for action in plan.actions)


def anything(_: Thing) -> bool:
    return True


@pytest.mark.parametrize(
    ("place", "actions"),
    [
        ((3, 1), "F"),  # two ahead
        ((1, 3), "RF"),  # two to the right
        ((3, 3), "FFRF"),  # forward until it is beside, then a turn
        ((2, 1), ""),  # faced already
    ],
)
def test_walks_in_the_open_go_straight_then_turn(place, actions):
    cells = draw("#####", "#...#", "#...#", "#...#", "#####")
    assert spelled(walk(cells, ((1, 1), EAST), facing(place))) == actions


def test_walks_around_what_is_in_the_way():
    cells = draw("#####", "#...#", "#.b.#", "#...#", "#####")
    # Either way is as short: by the left.
    assert spelled(walk(cells, ((1, 2), EAST), facing((3, 2)))) == "LFRFFR"


def test_a_thing_behind_is_turned_to_by_the_left():
    cells = draw("#####", "#...#", "#####")
    assert spelled(walk(cells, ((3, 1), EAST), facing((1, 1)))) == "LLF"


def test_nothing_leads_over_lava_or_unseen_cells():
    assert walk(draw("#####", "#.~.#", "#####"), ((1, 1), EAST), facing((4, 1))) is None
    assert walk(draw("#####", "#. .#", "#####"), ((1, 1), EAST), facing((4, 1))) is None


def test_goes_into_the_goal_past_open_doors():
    planner = Planner(draw("######", "#.o.G#", "######"))
    plan = planner.search(State(((1, 1), EAST)), lambda state: state.pose[0] == (4, 1))
    assert spelled(plan) == "FFF"


def test_fetches_the_key_unlocks_the_door_and_empties_its_hands_for_the_box():
    cells = draw("########", "#.k.D.x#", "########")
    planner = Planner(cells, anything)
    plan = planner.search(
        State(((1, 1), EAST)), lambda state: state.carried == Thing("box", "blue")
    )
    # On the threshold it turns around to put the key down behind it: ahead it would be in the way.
    assert spelled(plan) == "PFFTFLLDLLFP"


def test_only_what_is_wanted_is_picked_up():
    cells = draw("#####", "#.kG#", "#####")
    at_goal = lambda state: state.pose[0] == (3, 1)  # noqa: E731
    assert Planner(cells, lambda thing: thing.kind == "ball").search(
        State(((1, 1), EAST)), at_goal
    ) is None  # fmt: skip
    assert spelled(Planner(cells, anything).search(State(((1, 1), EAST)), at_goal)) == "PFF"


def test_the_wrong_key_opens_nothing():
    cells = draw("#####", "#.DG#", "#####")
    for colour, plan in (("yellow", "TFF"), ("red", None)):
        start = State(((1, 1), EAST), Thing("key", colour))
        found = Planner(cells, anything).search(start, lambda state: state.pose[0] == (3, 1))
        assert (found and spelled(found)) == plan


def test_every_plan_can_be_followed_on_its_own_map():
    cells = draw("#######", "#.k.D.#", "#..##.#", "#.b#x.#", "#######")
    planner = Planner(cells, anything)
    plan = planner.search(
        State(((1, 3), NORTH)), lambda state: state.carried == Thing("box", "blue")
    )
    assert plan is not None
    for action, state, following in zip(
        plan.actions, plan.states[:-1], plan.states[1:], strict=True
    ):
        assert (action, following) in planner.next_states(state)


def test_among_equally_short_plans_the_most_worth_wins():
    cells = draw("...", "...", "...")
    worth = {((1, 1), NORTH): 1, ((1, 1), SOUTH): 3, ((0, 1), EAST): 9}
    plan = walk(cells, ((1, 1), EAST), lambda pose: worth.get(pose, 0))
    assert spelled(plan) == "R"


def test_gives_up_at_its_limit():
    cells = draw("......", "......", "......")
    assert Planner(cells).search(State(((0, 0), EAST)), lambda state: 0, limit=10) is None


def test_a_free_cell_beside_a_thing():
    cells = draw("#####", "#..b#", "#####")
    plan = walk(cells, ((1, 1), EAST), facing_beside(cells, (3, 1)))
    assert spelled(plan) == ""
    assert ahead_of(plan.states[-1].pose) == (2, 1)


def test_looks_for_unseen_cells_that_a_pose_would_show():
    memory = Memory()
    memory.cells = draw("#####", "#...#", "#   #")
    memory.pose = ((1, 1), NORTH)
    memory.poses = {memory.pose}
    worth = revealing(memory)
    assert worth(((1, 1), NORTH)) == 0  # been there
    assert worth(((2, 1), NORTH)) == 0  # looks away
    assert worth(((2, 1), SOUTH)) == 3
    assert spelled(walk(memory.cells, memory.pose, worth)) == "R"


def test_walls_and_closed_doors_end_sight_and_things_do_not():
    cells = draw("..#..", "..b..", "..d..", "..o..")
    seen = [in_sight(cells, (0, y), (4, y)) for y in range(4)]
    assert seen == [False, True, False, True]
