"""What every test runs under: one thread, no network, no window, the same examples each time."""

import os

from hypothesis import HealthCheck, settings

# Read when torch, transformers and pygame are first imported, which is after this file.
# Two workers on two cores: a second thread each only adds waiting, and changes the last digits.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["SDL_VIDEODRIVER"] = "dummy"
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # HF_HUB_OFFLINE=0 with -m network

settings.register_profile(
    "deterministic",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("deterministic")
