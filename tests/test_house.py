"""The rules of the house, read off the source itself."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LAYERS = ("envs", "agent", "training", "scripts")
"""Each imports only itself and what stands before it."""

WORLDS_NEED = {"gymnasium", "minigrid", "numpy", "pygame", "reasoning_gym"}
"""All that `envs` may import besides Python itself: worlds know nothing of models."""

RUNS_CODE = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "torch.load"}
"""Reading a file with these can run what is in it; `torch.save` writes such files."""

MACHINE_PATH = re.compile(
    r"(?<![\w.])/(?:home|root|work|opt|srv|mnt|Users)/\w|[A-Z]:\\Users|\.\./shared"
)


def sources(*folders: str) -> Iterator[tuple[str, str]]:
    """Path, relative to the root, and text of each Python file."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def nodes(*folders: str) -> Iterator[tuple[str, ast.AST]]:
    """Each node of each syntax tree, with the place to look it up: `file:line`."""
    for name, text in sources(*folders):
        for node in ast.walk(ast.parse(text)):
            yield f"{name}:{getattr(node, 'lineno', 0)}", node


def imports(node: ast.AST) -> list[str]:
    """What an import statement brings in, in full: `from torch import optim` is `torch.optim`."""
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), names=names, level=0):
            return [f"{module}.{alias.name}" for alias in names]
    return []


def dotted(node: ast.AST) -> str:
    """`a.b.c` where the code says so, else nothing."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            return f"{dotted(value)}.{attribute}"
    return ""


def uses(node: ast.AST, names: set[str]) -> bool:
    """Whether the node imports one of these names, or something inside it, or spells it out."""
    found = [*imports(node), dotted(node)]
    return any(used == name or used.startswith(f"{name}.") for used in found for name in names)


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_run_one_way(layer: str) -> None:
    above = set(LAYERS[LAYERS.index(layer) + 1 :]) | {"tests"}
    assert [
        place for place, node in nodes(layer) if any(_top(i) in above for i in imports(node))
    ] == []


def test_worlds_need_no_model() -> None:
    allowed = sys.stdlib_module_names | WORLDS_NEED | {"envs"}
    strangers = [
        (place, name)
        for place, node in nodes("envs")
        for name in imports(node)
        if _top(name) not in allowed
    ]
    assert strangers == []


def test_minds_hold_no_optimizer() -> None:
    assert [place for place, node in nodes("agent") if uses(node, {"torch.optim"})] == []


def test_nothing_read_can_run_code() -> None:
    forbidden = RUNS_CODE | {"torch.save"}
    assert [place for place, node in nodes(*LAYERS) if uses(node, forbidden)] == []

    switches = {"trust_remote_code", "allow_pickle"}
    on = [
        place
        for place, node in nodes(*LAYERS)
        if isinstance(node, ast.keyword) and node.arg in switches
        if ast.unparse(node.value) not in ("False", "is_trusted()")
    ]
    assert on == []


def test_the_library_logs_and_scripts_print() -> None:
    library = nodes("envs", "agent", "training")
    printed = [
        p for p, node in library if isinstance(node, ast.Call) and dotted(node.func) == "print"
    ]
    assert printed == []


def test_no_file_holds_two_ideas() -> None:
    long = {
        name: lines for name, text in sources(*LAYERS, "tests") if (lines := _lines(text)) > 400
    }
    assert long == {}


def test_scripts_are_thin() -> None:
    thick = {name: lines for name, text in sources("scripts") if (lines := _lines(text)) >= 100}
    assert thick == {}


def test_no_file_names_a_place_on_one_machine() -> None:
    folders = (*LAYERS, "tests", "docs", ".ci")
    files = [path for path in ROOT.iterdir() if path.is_file() and path.name != ".git"]
    files += [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in sorted(files)
        if path.suffix not in {".png", ".gif", ".ttf", ".pyc", ".safetensors"}
        for match in MACHINE_PATH.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("layer", ["envs", "agent"])
def test_importing_is_quiet_and_opens_no_window(layer: str) -> None:
    """In a process of its own, every module of the layer, with no video driver to pretend with."""
    modules = [name.removesuffix(".py").replace("/", ".") for name, _ in sources(layer)]
    check = (
        "import importlib, sys\n"
        f"for name in {modules}: importlib.import_module(name)\n"
        "import pygame\n"
        "assert not pygame.display.get_init(), 'a window was opened'\n"
        f"assert {layer == 'agent'} or 'torch' not in sys.modules, 'a world imported torch'\n"
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SDL_")}
    done = subprocess.run(
        [sys.executable, "-c", check],
        capture_output=True, text=True, cwd=ROOT, env=environment, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def _top(name: str) -> str:
    return name.partition(".")[0]


def _lines(text: str) -> int:
    return text.count("\n")
