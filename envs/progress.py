"""How far a BabyAI mission has come: which of its parts are done, and what remains."""

from typing import Any

from minigrid.envs.babyai.core.verifier import (
    AfterInstr,
    BeforeInstr,
    GoToInstr,
    OpenInstr,
    PickupInstr,
    PutNextInstr,
    SeqInstr,
)

from envs.memory import Deed, Memory

Instruction = Any
"""One of minigrid's instructions, which declare no types: a verb with its object, or a `SeqInstr`
of two, `instr_a` and `instr_b`, with `a_done` and `b_done` equal to "success" when they are done.
In "a after you b" it is b that comes first."""

_DEEDS: dict[type, str] = {
    GoToInstr: "reach",
    PickupInstr: "pick up",
    OpenInstr: "open",
    PutNextInstr: "drop",
}
"""The deed that finishes each kind of instruction."""


def is_a(instruction: Instruction, *kinds: type) -> bool:
    """`isinstance`, but type checkers go on believing that the instruction has its attributes."""
    return isinstance(instruction, kinds)


def takes_several_steps(instruction: Instruction) -> bool:
    """Whether things may be wanted for different reasons, so that the reason is worth saying."""
    return is_a(instruction, SeqInstr, PutNextInstr)


def remaining(instruction: Instruction) -> Instruction:
    """The part of an ordered mission that is still to be done; of any other, all of it."""
    if is_a(instruction, BeforeInstr) and instruction.a_done == "success":
        return instruction.instr_b
    if is_a(instruction, AfterInstr) and instruction.b_done == "success":
        return instruction.instr_a
    return instruction


def last_done(instruction: Instruction, memory: Memory) -> Deed | None:
    """The deed that finished the last finished part of a mission; None when no part is done."""
    if not is_a(instruction, SeqInstr):
        return None
    parts = [
        (instruction.instr_b, instruction.b_done),
        (instruction.instr_a, instruction.a_done),
    ]
    if is_a(instruction, AfterInstr):
        parts.reverse()
    for part, done in parts:
        deed = _finished(part, memory) if done == "success" else last_done(part, memory)
        if deed:
            return deed
    return None


def _finished(instruction: Instruction, memory: Memory) -> Deed | None:
    """The last deed that such an instruction asks for."""
    if is_a(instruction, SeqInstr):
        return _finished(instruction.instr_b, memory)
    moves = is_a(instruction, PutNextInstr)
    wanted = instruction.desc_move if moves else instruction.desc
    verb = _DEEDS[type(instruction)]
    for deed in reversed(memory.deeds):
        if deed.verb == verb and deed.thing.matches(wanted.type, wanted.color):
            return deed
    return None
