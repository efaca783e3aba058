"""What the documents point to exists."""

import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
IDS = [str(path.relative_to(ROOT)) for path in DOCUMENTS]


def text_of(document: Path) -> str:
    """What a reader sees: without comments."""
    return re.sub(r"<!--.*?-->", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS, ids=IDS)
def test_links_lead_somewhere(document: Path) -> None:
    prose = re.sub(r"```.*?```", "", text_of(document), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", prose)
    missing = []
    for target in targets:
        path, _, heading = target.partition("#")
        if re.match(r"\w+:", path):
            continue
        page = document.parent / path if path else document
        if not page.exists() or (heading and heading not in anchors(page)):
            missing.append(target)
    assert missing == []


def anchors(document: Path) -> set[str]:
    """Names a link can use for the headings of a page, made as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=IDS)
def test_commands_exist(document: Path) -> None:
    text = text_of(document)
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", text, flags=re.MULTILINE)) - targets == set()

    modules = re.findall(r"python -m ((?:envs|agent|training|scripts)[\w.]*)", text)
    paths = {module: ROOT / f"{module.replace('.', '/')}.py" for module in modules}
    assert [module for module, path in paths.items() if not path.exists()] == []


def test_options_exist(capsys: pytest.CaptureFixture[str]) -> None:
    scripts = [
        path.stem for path in (ROOT / "scripts").glob("*.py") if "__main__" in path.read_text()
    ]
    for script in scripts:
        main = import_module(f"scripts.{script}").main
        for command in [["env"], ["engine"]] if script == "bench" else [[]]:
            with pytest.raises(SystemExit):
                main([*command, "--help"])
    option = re.compile(r"(?<![\w-])--[a-z][\w.-]*\w")
    known = set(option.findall(capsys.readouterr().out)) | {"--logdir"}  # TensorBoard's
    for document in DOCUMENTS:
        assert set(option.findall(text_of(document))) - known == set()
