"""Heads that can copy from birth."""

import torch
from transformers import LlamaForCausalLM

from agent.nano import build_nano


def _twice(length: int, seed: int = 3) -> torch.Tensor:
    """Random tokens, then the same again."""
    drawn = torch.randint(10, 1000, (length,), generator=torch.Generator().manual_seed(seed))
    return torch.cat([drawn, drawn])[None]


def _looked_at(model: LlamaForCausalLM, ids: list[int], mark: int, copy: int) -> tuple[int, int]:
    """The tokens that a head of the first layer and one of the second look at from the last."""
    model.set_attn_implementation("eager")
    with torch.no_grad():
        first, second, *_ = model(torch.tensor([ids]), output_attentions=True).attentions
    return ids[int(first[0, mark, -1].argmax())], ids[int(second[0, copy, -1].argmax())]


def test_a_newborn_nano_copies_what_came_the_last_time() -> None:
    ids = _twice(30)
    right = 0.0
    for seed in range(5):
        model, _ = build_nano(seed)
        with torch.no_grad():
            likeliest = model(ids).logits[0].argmax(-1)
        right += float((likeliest[32:-1] == ids[0, 33:]).float().mean()) / 5
    assert right > 0.85

    torch.manual_seed(0)
    with torch.no_grad():
        for layer in model.model.layers:  # type: ignore[union-attr]
            layer.self_attn.q_proj.weight.normal_(std=0.02)
        likeliest = model(ids).logits[0].argmax(-1)
    assert (likeliest[32:-1] == ids[0, 33:]).float().mean() < 0.3  # the heads did it


def test_the_heads_look_where_they_should() -> None:
    model, _ = build_nano(1)
    model.set_attn_implementation("eager")
    length = 30
    with torch.no_grad():
        first, second, *_ = model(_twice(length), output_attentions=True).attentions

    assert first[0, 0].diagonal(-1)[5:].mean() > 0.9  # one token back
    assert first[0, 1].diagonal(-2)[5:].mean() > 0.9  # two tokens back
    assert second[0, 0].diagonal(1 - length)[2:].mean() > 0.8  # behind the last such pair


def test_of_two_red_things_the_right_one_is_found() -> None:
    places = {"box": " 1 ahead 2 left", "key": " 2 ahead 1 right"}
    seen = f"You see a red key{places['key']}, a red box{places['box']}. You face east. I see the"
    found = []
    for seed in range(20):
        model, tokenizer = build_nano(seed)
        for name, where in places.items():
            with torch.no_grad():
                logits = model(torch.tensor([tokenizer.encode(f"{seen} red {name}")])).logits
            found.append([int(logits[0, -1].argmax())] == tokenizer.encode(where))
    assert sum(found) >= 34  # of 40; what is not set in a newborn is random


def test_what_is_listed_behind_a_number_is_found_by_it() -> None:
    listed = "act: 1<answer>step left</answer> 2<answer>step right</answer> 3<answer>go</answer>."
    found = []
    for seed in range(20):
        model, tokenizer = build_nano(seed)
        for number, side in ((1, " left"), (2, " right")):
            ids = tokenizer.encode(f"{listed} I see 12 red. {number}</think><answer>step")
            mark, copied = _looked_at(model, ids, 2, 1)
            assert mark == tokenizer.encode(f" {number}")[0]
            found.append(copied == tokenizer.encode(side)[0])
    assert sum(found) >= 34  # of 40


def test_a_thing_whose_name_is_spelt_is_found_by_its_colour() -> None:
    places = {"red": " 1 ahead 2 left", "blue": " 2 right"}
    seen = f"You see a red wug{places['red']}, a blue wug{places['blue']}. You face east. I see the"
    found = []
    for seed in range(20):
        model, tokenizer = build_nano(seed)
        for colour, where in places.items():
            ids = tokenizer.encode(f"{seen} {colour} wug")
            assert len(tokenizer.encode(" wug")) > 2  # so its end does not tell its colour
            mark, copied = _looked_at(model, ids, 3, 2)
            assert mark == tokenizer.encode(f" {colour}")[0]
            found.append(copied == tokenizer.encode(where)[0])
    assert sum(found) >= 34  # of 40


def test_a_newborn_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    (one, _), (same, _), (other, _) = build_nano(4), build_nano(4), build_nano(5)
    for name, weight in one.state_dict().items():
        assert torch.equal(weight, same.state_dict()[name])
    assert not torch.equal(one.lm_head.weight, other.lm_head.weight)
