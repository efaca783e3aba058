"""What rows open with alike is found, and read once."""

import torch
import transformers as hf
from hypothesis import given
from hypothesis import strategies as st

from training.openings import can_share, find_openings, read

ROWS = st.integers(2, 6).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 2), min_size=width, max_size=width), min_size=1, max_size=8
    )
)


@given(ROWS, st.integers(-1, 6))
def test_no_length_spares_more(rows: list[list[int]], most: int) -> None:
    ids = torch.tensor(rows)
    most = min(most, len(rows[0]) - 1)
    found = find_openings(ids, most)

    def spared(length: int) -> int:
        return length * (len(rows) - len({tuple(row[:length]) for row in rows}))

    assert spared(found.length) == max(spared(length) for length in range(max(most, 0) + 1))
    for row, opening in zip(rows, found.of_row.tolist(), strict=True):
        assert row[: found.length] == found.ids[opening].tolist()
    assert len({tuple(one) for one in found.ids.tolist()}) == len(found.ids)


def test_the_opening_is_read_once() -> None:
    torch.manual_seed(0)
    size = {"hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 4}
    model = hf.LlamaModel(hf.LlamaConfig(vocab_size=50, num_hidden_layers=2, **size))
    seen = []
    model.embed_tokens.register_forward_hook(lambda _, ids, __: seen.append(ids[0].numel()))
    ids = torch.randint(0, 50, (1, 9)).repeat(6, 1)
    ids[:, 7:] = torch.randint(0, 50, (6, 2))
    read(model, ids, find_openings(ids, 7))
    assert sum(seen) == 7 + 6 * 2


def test_who_can_share() -> None:
    size = {"hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 4}
    size |= {"vocab_size": 50, "num_hidden_layers": 2}
    assert can_share(hf.LlamaModel(hf.LlamaConfig(**size)))
    assert not can_share(hf.MistralModel(hf.MistralConfig(**size, sliding_window=4)))
    recomputing = hf.LlamaModel(hf.LlamaConfig(**size)).train()
    recomputing.gradient_checkpointing_enable()
    assert not can_share(recomputing)
