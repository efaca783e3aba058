"""Train nano's tokenizer again, on demonstrations, and write it where `agent.nano` reads it."""

from agent.nano import TOKENIZER_FILE, demonstrated_texts, train_tokenizer


def main() -> None:
    """Train and write."""
    print("playing demonstrations: half a minute")
    tokenizer = train_tokenizer(demonstrated_texts())
    tokenizer.backend_tokenizer.save(str(TOKENIZER_FILE))
    print(f"wrote {TOKENIZER_FILE.name}: {len(tokenizer)} tokens")


if __name__ == "__main__":
    main()
