"""Minds that read and write text: language models, and the policies they are compared with."""

from agent.loading import load

__all__ = ["load"]
