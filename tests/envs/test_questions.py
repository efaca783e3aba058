"""Questions: one choice is right, by the simulator; none is told by words, length or place."""

import re
from collections import Counter

import numpy as np
import pytest
import torch
from gymnasium.error import ResetNeeded

from envs.questions import CONTROLS, FAMILIES, OUTCOME, Item, Perspective, QuestionWorld
from envs.questions.scenes import draw_scene
from envs.questions.suite import read_suite
from envs.tasks import SEEDS_PER_SPLIT, Split
from envs.text_world import EpisodeStatus

DRAWN = 120
"""Items of a family that is not in the suite, and cheap to draw."""


def drawn(family: str, perspective: Perspective, count: int) -> list[Item]:
    """Items of every difficulty in turn."""
    kind = FAMILIES[family]
    return [
        kind.draw(np.random.default_rng(seed), 1 + seed % len(kind.difficulties), perspective)
        for seed in range(count)
    ]


@pytest.fixture(scope="module")
def items() -> dict[tuple[str, Perspective], list[Item]]:
    """Those of the fixed suite, which is what the families draw, and controls."""
    found: dict[tuple[str, Perspective], list[Item]] = {}
    for one in read_suite():
        found.setdefault((one.family, one.perspective), []).append(one)
    assert {family for family, _ in found} == set(OUTCOME)
    here = Perspective.EGOCENTRIC
    return found | {(name, here): drawn(name, here, DRAWN) for name in CONTROLS}


Items = dict[tuple[str, Perspective], list[Item]]


def test_each_has_one_right_choice(items: Items) -> None:
    for (family, perspective), some in items.items():
        for one in some:
            assert (one.family, one.perspective) == (family, perspective)
            assert len(set(one.choices)) == len(one.choices)
            assert one.right == one.choices[one.answer]
            assert one.chance == pytest.approx(FAMILIES[family].chance)
            assert one.text.endswith(f"Choices: {'; '.join(one.choices)}.")
            assert one.thought


def test_the_seed_fixes_the_item() -> None:
    for family in FAMILIES:
        assert drawn(family, Perspective.EGOCENTRIC, 4) == drawn(family, Perspective.EGOCENTRIC, 4)


def test_no_room_that_is_asked_about_is_one_of_a_task() -> None:
    seeds = [draw_scene(np.random.default_rng(number)).seed for number in range(20)]
    assert min(seeds) > len(Split) * SEEDS_PER_SPLIT
    assert len(set(seeds)) == 20


def test_no_place_among_the_choices_is_likelier(items: Items) -> None:
    for some in items.values():
        count = len(some[0].choices)
        places = np.bincount([one.answer for one in some], minlength=count)
        expected = len(some) / count
        chi2 = float(((places - expected) ** 2 / expected).sum())
        assert chi2 < 20, places  # four places: p = 2e-4; and every test draws the same items


def test_no_length_is_likelier(items: Items) -> None:
    for some in items.values():
        for extreme in (max, min):
            picked = [extreme(one.choices, key=len) for one in some]
            right = np.mean([pick == one.right for pick, one in zip(picked, some, strict=True)])
            chance = some[0].chance
            assert right < chance + 4 * np.sqrt(chance * (1 - chance) / len(some))


def features(one: Item, words: dict[str, int]) -> torch.Tensor:
    """A row for each choice: its words, its length, its place, and what it shares with the text."""
    rows = torch.zeros(len(one.choices), len(words) + 7)
    asked = Counter(re.findall(r"\w+", one.question))
    for number, choice in enumerate(one.choices):
        said = re.findall(r"\w+", choice)
        for word in said:
            rows[number, words[word]] += 1
        rows[number, len(words)] = len(choice) / 30
        rows[number, len(words) + 1] = len(set(said) & set(asked)) / 3
        rows[number, len(words) + 2 + min(number, 4)] = 1
    return rows


def read_by_its_words(train: list[Item], test: list[Item]) -> float:
    """How often a linear classifier over bags of words is right on items it was not fitted on."""
    words = {
        word: i
        for i, word in enumerate(
            sorted({w for one in train + test for c in one.choices for w in re.findall(r"\w+", c)})
        )
    }
    rows = torch.stack([features(one, words) for one in train])
    answers = torch.tensor([one.answer for one in train])
    weights = torch.zeros(rows.shape[-1], requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=60, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = torch.nn.functional.cross_entropy(rows @ weights, answers)
        value = value + 0.01 * weights.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    with torch.no_grad():
        told = [int((features(one, words) @ weights).argmax()) == one.answer for one in test]
    return sum(told) / len(told)


@pytest.mark.parametrize("family", OUTCOME)
def test_a_bag_of_words_stays_at_chance(items: Items, family: str) -> None:
    some = [one for perspective in Perspective for one in items[family, perspective]][::-1]
    some = some[::2] + some[1::2]  # both halves have both perspectives
    half = len(some) // 2
    right = np.mean(
        [read_by_its_words(some[:half], some[half:]), read_by_its_words(some[half:], some[:half])]
    )
    chance = some[0].chance
    assert right < chance + 3.5 * np.sqrt(chance * (1 - chance) / len(some))


def test_the_classifier_would_find_a_cue(items: Items) -> None:
    some = [
        Item(one.family, 1, one.perspective, one.question, one.choices, 0, one.thought)
        for perspective in Perspective
        for one in items["predict", perspective]
    ]
    assert read_by_its_words(some[::2], some[1::2]) > 0.9


def test_predictions_agree_with_a_walk_on_paper(items: Items) -> None:
    """Offsets turned by hand: a step ahead brings a thing nearer, a turn moves it round."""
    for one in items["predict", Perspective.EGOCENTRIC]:
        seen, told = re.fullmatch(r"You see a (.*?)\. You (.*?)\. Where .*", one.question).groups()  # type: ignore[union-attr]
        ahead, right = read_place(seen)
        for part in told.split(", "):
            for _ in range(int((re.findall(r"\d+", part) or ["1"])[0])):
                if part.startswith("go"):
                    ahead -= 1
                elif "left" in part:
                    ahead, right = -right, ahead
                else:
                    ahead, right = right, -ahead
        assert read_place(one.right) == (ahead, right), one.text


def read_place(text: str) -> tuple[int, int]:
    ahead = right = 0
    for number, way in re.findall(r"(\d+) (ahead|behind|left|right)", text):
        ahead += int(number) * {"ahead": 1, "behind": -1}.get(way, 0)
        right += int(number) * {"right": 1, "left": -1}.get(way, 0)
    return ahead, right


def test_orders_agree_with_the_words(items: Items) -> None:
    for one in items["decompose", Perspective.EGOCENTRIC]:
        mission = one.question.split(": ")[1].split(". In which")[0]
        parts = mission.split(", then ")
        if " after you " in parts[-1]:
            last, first = parts[-1].split(" after you ")
            parts = [*parts[:-1], first, last]
        names = [part.split(" the ")[1] for part in parts]
        assert one.right == ", ".join(names)


def test_what_happens_follows_from_the_rules(items: Items) -> None:
    """MiniGrid's rules, written down once more."""
    some = [
        one for one in items["affordance and cause", Perspective.EGOCENTRIC] if one.difficulty == 1
    ]
    for one in some:
        front, hands, deed = re.fullmatch(
            r"You see (.*?) 1 ahead\. You carry (.*?)\. You (.*?)\. What happens\?", one.question
        ).groups()  # type: ignore[union-attr]
        colour = front.split()[-2] if " " in front else ""
        happens = {
            "go forward": front == "nothing" or "open" in front,
            "pick up": front.endswith("ball") and hands == "nothing",
            "drop": front == "nothing",
            "toggle": "locked" not in front or hands == f"a {colour} key",
        }[deed]
        assert (one.right != "nothing changes") == happens, one.text


class TestWorld:
    def test_an_answer_is_right_or_wrong(self) -> None:
        world = QuestionWorld()
        for seed in range(20):
            text, info = world.reset(seed=seed)
            assert text == world.item.text
            assert info["turns_left"] == 1
            assert info["actions"] == ()
            right = seed % 2 == 0
            answer = world.item.right.upper() if right else "42"
            told, reward, terminated, truncated, info = world.step(answer)
            assert (reward, terminated, truncated) == (float(right), True, False)
            assert info["status"] is (EpisodeStatus.SUCCESS if right else EpisodeStatus.FAILURE)
            assert told.startswith("Right" if right else "Wrong")
            with pytest.raises(ResetNeeded, match="ended in"):
                world.step(answer)

    def test_the_seed_fixes_it_all(self) -> None:
        one, other = QuestionWorld(), QuestionWorld()
        for seed in (3, 1, 3):
            assert one.reset(seed=seed) == other.reset(seed=seed)

    def test_options_are_kept(self) -> None:
        world = QuestionWorld(families=("plan", "counting"), hardest=2, perspective="allocentric")
        found = set()
        for seed in range(40):
            _, info = world.reset(seed=seed)
            found.add((info["truth"]["family"], info["truth"]["difficulty"]))
            assert info["truth"]["perspective"] == "allocentric"
        assert found == {("plan", 1), ("plan", 2), ("counting", 1), ("counting", 2)}

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            ({"families": ("predikt",)}, "did you mean 'predict'"),
            ({"families": "predict"}, "expected a list"),
            ({"families": ()}, "at least one"),
            ({"perspective": "egocentrik"}, "did you mean 'egocentric'"),
            ({"hardest": 0}, "at least 1, got 0"),
        ],
    )
    def test_what_is_wrong_is_said(self, options: dict[str, object], says: str) -> None:
        with pytest.raises(ValueError, match=says):
            QuestionWorld(**options)  # type: ignore[arg-type]
