"""What a layer's resources follow from, as a digest of files: the modules its program imports, and data beside them.

Imports are read from the sources, those inside functions too, and nothing is run. Where a module imports what only
running it tells, and it is not the one that picks a layer's program, everything counts.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import cast

from quantos.pull_request.python_source import parsed_python

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


@dataclass(frozen=True)
class SourceTree:
    """Files of the project.

    Attributes:
        listed: path from the root, with `/`, of each file that belongs to it, whatever its name; None where all that
            lies in the folder does.
    """

    root: Path
    listed: frozenset[str] | None = field(default=None, compare=False)
    _imported: dict[str, frozenset[str]] = field(default_factory=dict, compare=False)
    _calls: dict[str, tuple[ast.Call, ...]] = field(default_factory=dict, compare=False)

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Path from the root of each file, in order; links are files."""
        if self.listed is not None:
            return tuple(sorted(self.listed))
        files = (path for path in self.root.rglob("*") if path.is_symlink() or path.is_file())
        return tuple(sorted(path.relative_to(self.root).as_posix() for path in files))

    @cached_property
    def environments(self) -> tuple[str, ...]:
        """The environments that it declares."""
        return tuple(sorted(path.stem for path in (self.root / ENVIRONMENTS).glob("*.yaml")))

    @cached_property
    def layers(self) -> tuple[str, ...]:
        """The layers that it declares, as the module of names lists them; none where that lists them in another way."""
        names = self._assigned("quantos.environment.names", "LAYERS")
        return tuple(map(str, cast("Sequence[object]", names))) if isinstance(names, Sequence) else ()

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
            files |= {self.root / path for path in self.paths if path.endswith(".py")}
        files |= self._data_beside(modules) | {self.root / name for name in PROJECT_FILES}
        chosen = self.root / ENVIRONMENTS / f"{environment}.yaml"
        others = set((self.root / ENVIRONMENTS).iterdir()) if (self.root / ENVIRONMENTS).is_dir() else set()
        return self._digest((files - others) | {chosen})

    @cached_property
    def judges_digest(self) -> str:
        """Changes when anything changes by which a layer is judged: packs, what they import, prices, the sandbox."""
        return self._digest(self._pack_files | self._below(*INSTRUMENTS, *PROJECT_FILES))

    @cached_property
    def packs_digest(self) -> str:
        """Changes when anything changes from which the packs' rules follow, or how they are configured."""
        return self._digest(self._pack_files | self._below("quantos/policy"))

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
        return {
            path.relative_to(self.root).as_posix(): hashlib.sha256(_content(path)).hexdigest()
            for path in sorted(self._below(*places))
        }

    def parsed(self, module: str) -> ast.Module:
        """A module's syntax; an empty one where the tree has none of this name, or none that can be parsed."""
        path = self.file_of(module)
        syntax = parsed_python(path.read_bytes() if path is not None else b"")
        return syntax if isinstance(syntax, ast.Module) else ast.Module(body=[], type_ignores=[])

    def _program_module(self, layer: str) -> str:
        return self._program_modules.get(layer, f"stacks.{layer}")

    @cached_property
    def _program_modules(self) -> Mapping[str, str]:
        programs = self._assigned(DISPATCH, "PROGRAMS")
        known = cast("Mapping[object, object]", programs) if isinstance(programs, dict) else {}
        return {str(layer): str(module) for layer, module in known.items()}

    def _assigned(self, module: str, name: str) -> object:
        """The literal that a module assigns to a name at its top level; None for anything else."""
        for node in self.parsed(module).body:
            if isinstance(node, ast.Assign) and name in {getattr(target, "id", "") for target in node.targets}:
                with suppress(ValueError):
                    return ast.literal_eval(node.value)
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
        nodes = list(ast.walk(self.parsed(module)))
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
        folders = {path.parent.relative_to(self.root).as_posix() for path in self.files_of(modules)}
        return {path for path in self._below(*folders) if path.suffix != ".py"}

    def _below(self, *places: str) -> set[Path]:
        """Files at places, or in folders of these names."""
        wanted = frozenset(places)
        return {self.root / path for path in self.paths if not wanted.isdisjoint(_with_folders(path))}

    def _digest(self, files: Iterable[Path]) -> str:
        digest = hashlib.sha256()
        for path in sorted(path for path in files if path.is_symlink() or path.is_file()):
            digest.update(f"{path.relative_to(self.root)}\0".encode())
            digest.update(hashlib.sha256(_content(path)).digest())
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


def _with_folders(path: str) -> Iterator[str]:
    """A file's own path, then those of the folders above it; `.` is the root."""
    yield path
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
    yield "."


def _content(path: Path) -> bytes:
    """What a file holds; where a link leads."""
    return f"link to {path.readlink()}".encode() if path.is_symlink() else path.read_bytes()
