"""All families of questions by name."""

from envs.questions.cause import affordance_and_cause
from envs.questions.controls import arithmetic, counting, sorting
from envs.questions.item import Family
from envs.questions.order import before_and_after, decompose
from envs.questions.space import permanence, plan, predict, relations

OUTCOME = {
    family.name: family
    for family in (
        Family(
            "predict", predict, range(1, 7), 0.25,
            "where a thing is after one to six moves",
        ),
        Family(
            "plan", plan, range(1, 6), 0.25,
            "which moves lead before a thing that is three to seven steps away",
        ),
        Family(
            "decompose", decompose, range(1, 4), 0.25,
            "in which order a mission of three to five parts is to be done",
        ),
        Family(
            "relations", relations, range(1, 3), 0.25,
            "how one thing lies from another, told over one or two between them",
        ),
        Family(
            "before and after", before_and_after, range(1, 6), 0.25,
            "what came right before or after one of five to nine events",
        ),
        Family(
            "permanence", permanence, range(1, 6), 1 / 3,
            "on which side a thing is that went out of view in two to six moves",
        ),
        Family(
            "affordance and cause", affordance_and_cause, range(1, 3), 0.5,
            "what an action does, and would have done had one thing been otherwise",
        ),
    )
}  # fmt: skip
"""What reasoning is measured on."""

CONTROLS = {
    family.name: family
    for family in (
        Family("counting", counting, range(1, 4), 0.25, "how often a word is told"),
        Family("sorting", sorting, range(1, 4), 0.25, "numbers in words, in order"),
        Family("arithmetic", arithmetic, range(1, 4), 0.25, "sums in words"),
    )
}
"""What shares no skill with the outcome."""

FAMILIES = {**OUTCOME, **CONTROLS}
