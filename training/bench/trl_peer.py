"""TRL's side of a benchmark. It runs where TRL is installed and this project is not.

Reads its work from the first line it is given, then takes one step for each line, and writes how
many seconds it took.
"""

import json
import sys
import tempfile
import time
from typing import TextIO

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl.trainer.grpo_config import GRPOConfig
from trl.trainer.grpo_trainer import GRPOTrainer


class TakeTurns(TrainerCallback):
    """Waits before each step, and tells how long it took."""

    def __init__(self, out: TextIO) -> None:
        self.out = out

    def on_step_begin(self, *_: object, **__: object) -> None:
        """Wait for a line."""
        sys.stdin.readline()
        self.began = time.perf_counter()

    def on_step_end(self, *_: object, **__: object) -> None:
        """Write the seconds."""
        self.out.write(f"{time.perf_counter() - self.began}\n")
        self.out.flush()


def main() -> None:
    """Train on random rewards."""
    out, sys.stdout = sys.stdout, sys.stderr  # what TRL prints is no answer
    work = json.loads(sys.stdin.readline())
    torch.set_num_threads(work["threads"])
    dtype = torch.bfloat16 if work["precision"] == "bf16" else torch.float32
    tokenizer = AutoTokenizer.from_pretrained(work["model"])
    texts = [tokenizer.decode(ids) for ids in work["prompts"]]
    rows = len(texts) * work["members"]
    trainer = GRPOTrainer(
        model=AutoModelForCausalLM.from_pretrained(work["model"], dtype=dtype),
        processing_class=tokenizer,
        reward_funcs=lambda completions, **_: torch.rand(len(completions)).tolist(),
        train_dataset=Dataset.from_dict({"prompt": texts * work["steps"]}),
        callbacks=[TakeTurns(out)],
        args=GRPOConfig(
            output_dir=tempfile.mkdtemp(),
            per_device_train_batch_size=rows,
            num_generations=work["members"],
            max_completion_length=work["reply"],
            generation_kwargs={"min_new_tokens": work["reply"]},
            gradient_checkpointing=False,
            bf16=False,
            learning_rate=work["learning_rate"],
            max_steps=work["steps"],
            beta=0.0,
            use_cpu=not torch.cuda.is_available(),
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            logging_strategy="no",
        ),
    )
    trainer.train()


if __name__ == "__main__":
    main()
