"""The window: takes frames, strings and numbers only, and knows nothing of minds."""
