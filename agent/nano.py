"""`nano`: a small Llama to train from scratch, with a tokenizer made for these worlds.

`python -m scripts.nano_tokenizer` trains that tokenizer again.
"""

from collections.abc import Iterable, Iterator
from itertools import cycle
from pathlib import Path

import torch
from minigrid.core.constants import OBJECT_TO_IDX
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

import envs
from agent.conversation import remember
from agent.induction import give_induction
from agent.prompts import system_text
from agent.replies import ReplyMode, complaint
from agent.types import ReplyStatus
from envs.actions import MOVES
from envs.expert import expert_for
from envs.grid_world import GridWorld
from envs.phrasing import TRAINING_WORDINGS
from envs.senses import COLOURS, HEADINGS, STATES

TOKENIZER_FILE = Path(__file__).with_name("nano_tokenizer.json")
VOCABULARY = 1280
CONTEXT = 2048
EMBEDDING = 3.0
"""How much larger embeddings are at birth than Llama's. Logits are read with them, too,
and with small ones a model needs most of its cold start to become sure of anything."""

PAD, END = "<|pad|>", "<|end|>"
DELIMITERS = (PAD, "<|system|>", "<|user|>", "<|assistant|>", END)
"""The frame of a conversation, in the order of their ids: control tokens, not text."""
TAGS = ("<think>", "</think>", "<answer>", "</answer>")
"""The tags of a reply: one token each, and text all the same."""

CHAT_TEMPLATE = """\
{%- for message in messages -%}
{%- if message.role not in ("system", "user", "assistant") -%}
{{- raise_exception("a turn is of system, user or assistant, not of " + message.role) -}}
{%- endif -%}
{{- "<|" + message.role + "|>" + message.content + "<|end|>" -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- "<|assistant|>" -}}{%- endif -%}"""
"""Renders `<|system|>...<|end|><|user|>...<|end|><|assistant|>...<|end|>`."""

LATER_TASKS = {
    *("mixed-lessons", "mixed-ordered", "questions", "questions-easy", "questions-apart"),
}
"""Tasks that the tokenizer has not seen."""

NAMES = (*OBJECT_TO_IDX, *COLOURS, *STATES, *HEADINGS)
_PLACE = r" ?\p{N}+ (?:ahead|left|right)\b(?: \p{N}+ (?:left|right)\b)?"
_DEED = r", so I [^.]*\."
_WHOLE = rf" ?\b(?:{'|'.join(NAMES)})\b|{_PLACE}|{_DEED}| ?\p{{N}}"
PIECES = Regex(rf"{_WHOLE}|(?:(?!{_WHOLE})[\s\S])+")
"""What no merge crosses: a name, a place, a deed, a digit, and what stands between two of them.

Phrases that recur ("You went forward.") become one token, which halves the tokens of an episode.
Names never melt into phrases or into one another, so that a pair never seen is read as its parts.
A place ("2 ahead 1 right") is one token, to be copied whole from what is sensed into a thought,
and a deed (", so I turn left.") is one, whatever it follows from.
"""


def nano_config(vocabulary: int) -> LlamaConfig:
    """The architecture, of two million parameters.

    Every query head has key/value heads of its own: with two for six the cache is smaller, and the
    cold start seems to learn later (docs/LOG.md). Its heads that copy need exact scores to learn
    from (`training.attention`).
    """
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=192,
        intermediate_size=544,
        num_hidden_layers=4,
        num_attention_heads=6,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        bos_token_id=None,
        pad_token_id=DELIMITERS.index(PAD),
        eos_token_id=DELIMITERS.index(END),
    )
    config.attention_in_fp32 = True
    return config


def build_nano(seed: int = 0) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """A fresh `nano`, the same for the same seed, and its tokenizer.

    Its weights are random but for a pair of layers that can copy (see `agent.induction`).
    """
    tokenizer = nano_tokenizer()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        model = LlamaForCausalLM(nano_config(len(tokenizer)))
        model.model.embed_tokens.weight *= EMBEDDING
        numbers, colours = _tokens(tokenizer, "0123456789"), _tokens(tokenizer, COLOURS)
        give_induction(model, numbers, colours, seed)
    return model, tokenizer


def _tokens(tokenizer: PreTrainedTokenizerFast, words: Iterable[str]) -> list[int]:
    """The tokens that are one of these words, be it behind a space."""
    texts = tokenizer.batch_decode([[token] for token in range(len(tokenizer))])
    return [token for token, text in enumerate(texts) if text.strip() in {*words}]


def nano_tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer that ships with the code."""
    return _wrapped(Tokenizer.from_file(str(TOKENIZER_FILE)))


def train_tokenizer(texts: Iterable[str], vocabulary: int = VOCABULARY) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer: any text can be written, and there is no unknown token.

    The same texts in the same order give the same tokenizer. Where they have no more pairs to
    merge, its vocabulary stays smaller than asked.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(PIECES, behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(TAGS),
        special_tokens=list(DELIMITERS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(tag, normalized=False) for tag in TAGS])
    return _wrapped(tokenizer)


def _wrapped(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        additional_special_tokens=list(DELIMITERS[1:4]),
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
        chat_template=CHAT_TEMPLATE,
    )


def demonstrated_texts(episodes: int = 30, turns: int = 30) -> Iterator[str]:
    """What is read and written in training, in every phrasing that may be trained on, with the
    mistakes that a teacher may be asked for.

    Lessons and questions came later. They are spelt with what is there, since another tokenizer
    would be another `nano`.

    Args:
        episodes: of each task in each phrasing, from the training seeds.
        turns: of an episode, at most.
    """
    complaints = cycle(complaint(status) for status in ReplyStatus if status is not ReplyStatus.OK)
    for name in (name for name in envs.TASKS if name not in LATER_TASKS):
        for phrasing in (*TRAINING_WORDINGS, "map"):
            try:
                envs.refuse_held_out(name, {"phrasing": phrasing})
            except ValueError:
                continue
            world = envs.make(name, phrasing=phrasing)
            for seed in envs.seeds(envs.Split.TRAIN, episodes):
                observation, info = world.reset(seed=seed)
                yield from (system_text(info["mission"], info["actions"], m) for m in ReplyMode)
                assert isinstance(world, GridWorld)
                expert = expert_for(world)
                taken: list[str] = []
                for turn in range(turns):
                    advice = expert.advise()
                    if turn % 5 > 2 and world.last_action in MOVES:
                        advice = expert.instead(world.last_action)
                    yield from (remember(taken), observation, advice.thought, advice.action)
                    slips = turn % 5 == 1
                    action = "" if slips else advice.action
                    taken.append(advice.action)
                    observation, _, terminated, truncated, _ = world.step(action)
                    if terminated or truncated:
                        break
                    if slips:
                        observation = f"{next(complaints)} {observation}"
