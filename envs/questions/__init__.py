"""Questions about the grid world, told in text alone: what follows from what, where things are."""

from envs.questions.families import CONTROLS, FAMILIES, OUTCOME
from envs.questions.item import Item, Perspective
from envs.questions.question_world import QuestionWorld

__all__ = ["CONTROLS", "FAMILIES", "OUTCOME", "Item", "Perspective", "QuestionWorld"]
