"""Whether the Hugging Face hub can be reached."""

import urllib.error
import urllib.request

from huggingface_hub import constants

SECONDS = 5.0
"""How long it may take to answer."""


def answers() -> bool:
    """Whether the hub answers soon, be it with an error.

    Its own library tries for half a minute where there is no network, and says so many times.
    """
    if constants.HF_HUB_OFFLINE:
        return False
    request = urllib.request.Request(constants.ENDPOINT, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=SECONDS):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
