"""What a layer's resources follow from, as a digest of files: the modules its program imports, and data beside them.

Imports are read from the sources, those inside functions too, and nothing is run. Where a module imports what only
running it tells, and it is not the one that picks a layer's program, everything counts.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ENVIRONMENTS = Path("stacks/environments")
DISPATCH = "stacks.programs"
"""Imports the program of a layer by the name that its `PROGRAMS` gives it; that module is a root of its own here."""
PROJECT_FILES = ("Pulumi.yaml", "pyproject.toml", "uv.lock")
INSTRUMENTS = (
    "policy_packs",
    "quantos/adapters",
    "quantos/deployment",
    "quantos/operations",
    "quantos/policy",
    "quantos/pull_request",
    "sandbox/engine",
    "sandbox/lifecycle.py",
    "sandbox/moto_server.py",
    "sandbox/project_folder.py",
    "sandbox/providers",
    "sandbox/pull_request",
)
"""By what a change is judged. All of a folder counts, read or not."""
IMPORTING = frozenset({"import_module", "__import__", "exec", "eval", "run_path", "run_module"})
IGNORED = frozenset({"__pycache__", ".git", ".venv", ".quantos", "out"})


@dataclass(frozen=True)
class SourceTree:
    """A checkout of the project."""

    root: Path
    _imported: dict[str, frozenset[str]] = field(default_factory=dict, compare=False)
    _calls: dict[str, tuple[ast.Call, ...]] = field(default_factory=dict, compare=False)

    @cached_property
    def environments(self) -> tuple[str, ...]:
        """The environments that it declares."""
        return tuple(sorted(path.stem for path in (self.root / ENVIRONMENTS).glob("*.yaml")))

    @cached_property
    def layers(self) -> tuple[str, ...]:
        """The layers that it declares, as the module of names lists them; none where that lists them in another way."""
        value = self._assigned("quantos.environment.names", "LAYERS")
        return () if value is None else tuple(map(str, ast.literal_eval(value)))

    def program(self, layer: str) -> str:
        """Path of the file with which a layer's program begins, where the layer is there or would be."""
        path = self.file_of(self._program_module(layer))
        return path.relative_to(self.root).as_posix() if path is not None else f"stacks/{layer}.py"

    def reads(self, layer: str) -> frozenset[str] | None:
        """Layers whose outputs a program reads; None where that cannot be told from its sources."""
        read: set[str] = set()
        for module in self.reached([self._program_module(layer)]):
            for call in self._calls_of(module):
                if _called(call) == "StackReference":
                    name = _stack_named(call)
                    if name is None:
                        return None
                    read.add(name)
        return frozenset(read)

    def layer_digest(self, layer: str, environment: str) -> str:
        """Changes when anything changes from which the resources of a layer could follow; empty without the layer."""
        program = self._program_module(layer)
        if self.file_of(program) is None:
            return ""
        modules = self.reached([program, DISPATCH, "stacks.__main__"])
        files = self.files_of(modules)
        if any(self._imports_blindly(module) for module in modules - {DISPATCH}):
            files |= set(_files(self.root, "*.py"))
        files |= self._data_beside(modules) | {self.root / name for name in PROJECT_FILES}
        chosen = self.root / ENVIRONMENTS / f"{environment}.yaml"
        others = set((self.root / ENVIRONMENTS).iterdir()) if (self.root / ENVIRONMENTS).is_dir() else set()
        return self._digest((files - others) | {chosen})

    @cached_property
    def judges_digest(self) -> str:
        """Changes when anything changes by which a layer is judged: packs, what they import, prices, the sandbox."""
        files = self._pack_files
        for name in INSTRUMENTS:
            folder = self.root / name
            files |= {folder} if folder.is_file() else set(_files(folder, "*"))
        return self._digest(files | {self.root / name for name in PROJECT_FILES})

    @cached_property
    def packs_digest(self) -> str:
        """Changes when anything changes from which the packs' rules follow, or how they are configured."""
        return self._digest(self._pack_files | set(_files(self.root / "quantos/policy", "*")))

    @cached_property
    def _pack_files(self) -> set[Path]:
        packs = [f"policy_packs.{path.parent.name}.__main__" for path in self.root.glob("policy_packs/*/__main__.py")]
        modules = self.reached(packs)
        return self.files_of(modules) | self._data_beside(modules)

    def reached(self, roots: Iterable[str]) -> set[str]:
        """The first-party modules that modules import, directly or not, and they themselves."""
        reached: set[str] = set()
        waiting = list(roots)
        while waiting:
            module = waiting.pop()
            if module in reached or self.file_of(module) is None:
                continue
            reached.add(module)
            waiting.extend(self._imports(module))
        return reached

    def files_of(self, modules: Iterable[str]) -> set[Path]:
        """The files of modules, where there are any."""
        return {path for module in modules if (path := self.file_of(module)) is not None}

    def text(self, path: str) -> str:
        """What a file holds, by its path from the root; nothing where the tree does not have it."""
        file = self.root / path
        return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""

    def contents(self, places: Iterable[str]) -> dict[str, str]:
        """Digest by path of each file in folders, with all below, and of single files, where they are there."""
        files: set[Path] = set()
        for name in places:
            place = self.root / name
            files |= {place} if place.is_file() else set(_files(place, "*"))
        return {
            path.relative_to(self.root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(files)
        }

    def _program_module(self, layer: str) -> str:
        return self._program_modules.get(layer, f"stacks.{layer}")

    @cached_property
    def _program_modules(self) -> Mapping[str, str]:
        value = self._assigned(DISPATCH, "PROGRAMS")
        return {} if value is None else dict(ast.literal_eval(value))

    def _assigned(self, module: str, name: str) -> ast.expr | None:
        """What a module assigns to a name at its top level, as written."""
        path = self.file_of(module)
        for node in ast.parse(path.read_bytes()).body if path is not None else ():
            if isinstance(node, ast.Assign) and name in {getattr(target, "id", "") for target in node.targets}:
                return node.value
        return None

    def _imports(self, module: str) -> frozenset[str]:
        """First-party names that a module imports; packages above each are imported with it."""
        if module not in self._imported:
            self._read(module)
        return self._imported[module]

    def _calls_of(self, module: str) -> tuple[ast.Call, ...]:
        if module not in self._calls:
            self._read(module)
        return self._calls[module]

    def _read(self, module: str) -> None:
        path = self.file_of(module)
        nodes = list(ast.walk(ast.parse(path.read_bytes()))) if path is not None else []
        named = {name for node in nodes for name in _named(node, module, path)}
        self._imported[module] = frozenset(above for name in named for above in _with_parents(name))
        self._calls[module] = tuple(node for node in nodes if isinstance(node, ast.Call))

    def _imports_blindly(self, module: str) -> bool:
        """Whether a module imports by a name that its source does not hold."""
        return any(
            _called(call) in IMPORTING and not (call.args and isinstance(call.args[0], ast.Constant))
            for call in self._calls_of(module)
        )

    def file_of(self, module: str) -> Path | None:
        """The file of a first-party module; None where the tree has none of this name."""
        path = self.root.joinpath(*module.split("."))
        for candidate in (path.with_name(f"{path.name}.py"), path / "__init__.py"):
            if candidate.is_file():
                return candidate
        return None

    def _data_beside(self, modules: Iterable[str]) -> set[Path]:
        """Files that are not Python, in the folders of the modules and below."""
        folders = {path.parent for path in self.files_of(modules)}
        return {path for folder in folders for path in _files(folder, "*") if path.suffix != ".py"}

    def _digest(self, files: Iterable[Path]) -> str:
        digest = hashlib.sha256()
        for path in sorted(path for path in files if path.is_file()):
            digest.update(f"{path.relative_to(self.root)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()


def _named(node: ast.AST, module: str, path: Path | None) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = _absolute(node, module, path)
        yield base
        yield from (f"{base}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and node.args and _called(node) in IMPORTING:
        name = node.args[0]
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            yield name.value


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _stack_named(reference: ast.Call) -> str | None:
    """`foundation` of `StackReference(names.qualified_stack("foundation"))`; None for any other way to name one."""
    named = reference.args[0] if len(reference.args) == 1 else None
    if not isinstance(named, ast.Call) or _called(named) != "qualified_stack" or len(named.args) != 1:
        return None
    layer = named.args[0]
    return layer.value if isinstance(layer, ast.Constant) and isinstance(layer.value, str) else None


def _absolute(node: ast.ImportFrom, module: str, path: Path | None) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    package = parts if path is not None and path.name == "__init__.py" else parts[:-1]
    kept = package[: len(package) - node.level + 1]
    return ".".join([*kept, node.module] if node.module else kept)


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        yield ".".join(parts[:length])


def _files(folder: Path, pattern: str) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for path in folder.rglob(pattern):
        if path.is_file() and not IGNORED.intersection(path.relative_to(folder).parts):
            yield path
