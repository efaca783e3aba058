"""Heads that can copy from birth: after what is read now, what came the last time?

A thought begins by repeating what was sensed: "I see the red box" calls for the place that stood
behind "red box". Attention heads that look such things up form late in training, and suddenly
(induction heads, https://arxiv.org/abs/2209.11895). A hundred demonstrations are not enough for
them, and a mind without them guesses. So a small model may be born with them. All else in it stays
random, and nothing keeps training from changing them.

Two layers work together, as in the heads that training finds. In the first, one head looks one
token back and another two, and each leaves a note of what stands there. In the second, a head
looks for the place whose notes say what is read here and one token before, and copies what stands
there: so of "red box" and "red ball" it finds the right one.

Two tokens do not always tell what is meant: in "1 rotate left 2 rotate right" both "rotate" look
alike, and so do the ends of a red and a blue "wug" that is spelt in three tokens. There, marks
tell: numbers that list, colours that name. For each kind of mark, a head of the first layer notes
the latest one, and one of the second looks for the place behind the same mark, and the same token.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from transformers import LlamaForCausalLM

BACK = (1, 2)
"""How far back two heads of the first layer look."""
FAST = (1.0, 1.0, 0.6)
"""Weights of the pairs of rotary dimensions that tell how far back: those that turn fastest."""
SLOW = 10
"""Pairs that compare tokens: they turn too slowly for distance to blur what is compared."""
NEAR = slice(3, 8)
"""Pairs that together tell what is near from what is far, within some thirty tokens."""
MARK = 0.3
"""How loud a mark is, against `here`."""
SHARP = 20.0
"""What the scores of attention reach at the right place."""
COPY = 16.0
"""How loud a copy is, against the token that stands there."""
MARKED = (10.0, 6.0)
"""The same of what is found by its number, or its colour: in most texts they say little."""
READERS = tuple(f"{name}_proj.weight" for name in ("q", "k", "v", "gate", "up"))
"""Weights that read what a layer is given."""


@torch.no_grad()
def give_induction(
    model: LlamaForCausalLM, numbers: Sequence[int], colours: Sequence[int], seed: int = 0
) -> None:
    """Set four heads of the first layer, three of the second, and what they need of the embedding.

    Args:
        model: freshly initialised, with a key/value head for each query head, heads of 20
            dimensions or more, and at least two layers.
        numbers: the tokens that number a list.
        colours: the tokens that are a colour.
        seed: of the directions that carry the notes.
    """
    size = model.config.hidden_size
    head = size // model.config.num_attention_heads
    first, second = (layer.self_attn for layer in list(model.model.layers)[:2])
    embedding = cast(Tensor, model.get_input_embeddings().weight)
    loud = float(embedding.square().mean().sqrt())

    kinds = len(MARKED)
    width = min(head, (size - 1 - kinds * (1 + SLOW)) // 4)
    widths = [1, *[1] * kinds, *[SLOW] * kinds, *[width] * 4]
    drawn = torch.randn(size, sum(widths), generator=torch.Generator().manual_seed(seed))
    parts = torch.linalg.qr(drawn).Q.split(widths, dim=1)  # [size, width], all at right angles
    here, marks, items = parts[0], parts[1 : 1 + kinds], parts[1 + kinds : 1 + 2 * kinds]
    word, one_back, two_back, copied = parts[-4:]

    # Notes have directions to themselves. `here` is the same in every token: to look back, a query
    # needs something that is always there; nothing else shall read it.
    own = torch.cat([here, *marks, *items, one_back, two_back], dim=1)
    embedding -= embedding @ own @ own.T
    embedding += loud * size**0.5 * here.T
    for tokens, mark in zip((numbers, colours), marks, strict=True):
        embedding[list(tokens)] += MARK * loud * size**0.5 * mark.T
    for name, weight in model.named_parameters():
        if name.endswith(READERS):
            weight.sub_(weight @ here @ here.T)

    query = torch.zeros(head)
    query[: len(FAST)] = torch.tensor(FAST).div(sum(FAST)).sqrt()
    scale = (SHARP * head**0.5 / (size / 2)) ** 0.5  # `here` is half of a normed token
    for index, (back, note) in enumerate(zip(BACK, (one_back, two_back), strict=True)):
        _set_head(
            first,
            index,
            query=scale * query[:, None] @ here.T,
            key=scale * _turned(query, back, model)[:, None] @ here.T,
            value=word.T,
            output=note * loud * 2**0.5,
        )

    near = torch.zeros(head)
    near[NEAR] = (NEAR.stop - NEAR.start) ** -0.5
    for index, (mark, item) in enumerate(zip(marks, items, strict=True), start=len(BACK)):
        _set_head(
            first,
            index,
            query=scale * near[:, None] @ here.T,
            key=scale / MARK * near[:, None] @ mark.T,
            value=word[:, :SLOW].T,
            output=item * loud * 2**0.5,
        )

    slow = torch.arange(head // 2 - SLOW, head // 2)
    slow = torch.cat([slow, slow + head // 2])
    share = size / (2 * size + 2 * width)  # of a normed token's square, in each of its parts
    scale = (SHARP * head**0.5 / (len(slow) * share)) ** 0.5
    looks = [(one_back, two_back), *zip(items, items, strict=True)]
    for index, ((asked, noted), aloud) in enumerate(zip(looks, (COPY, *MARKED), strict=True)):
        query, key = torch.zeros(head, size), torch.zeros(head, size)
        query[slow] = torch.cat([word[:, :SLOW], asked[:, :SLOW]], dim=1).T
        key[slow] = torch.cat([one_back[:, :SLOW], noted[:, :SLOW]], dim=1).T
        _set_head(second, index, scale * query, scale * key, copied.T, copied * loud * aloud)


def _set_head(
    attention: nn.Module, number: int, query: Tensor, key: Tensor, value: Tensor, output: Tensor
) -> None:
    """Put the projections of one head in their place; `value` may leave rows as they are."""
    first = number * len(query)
    for name, rows in (("q_proj", query), ("k_proj", key), ("v_proj", value)):
        cast(Tensor, attention.get_submodule(name).weight)[first : first + len(rows)] = rows
    out = cast(Tensor, attention.get_submodule("o_proj").weight)
    out[:, first : first + output.shape[1]] = output


def _turned(query: Tensor, back: int, model: LlamaForCausalLM) -> Tensor:
    """The key that rotary positions (https://arxiv.org/abs/2104.09864) bring to meet this query
    where it stands `back` tokens before it. Only the first half of `query` may be filled."""
    half = len(query) // 2
    angle = back * cast(Tensor, model.model.rotary_emb.inv_freq)
    return torch.cat([query[:half] * angle.cos(), query[:half] * angle.sin()])
