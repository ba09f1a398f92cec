"""An image whose program is what its params say, so that tests state programs where they judge them."""

from pathlib import Path

IMAGE = "example.org/script:1"
_LOCK = """version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "script"
version = "1"
source = { virtual = "." }
"""
_PROGRAM = """import json, os, pathlib
params = json.loads(pathlib.Path(os.environ["QUANTOS_PARAMS"]).read_text())
exec(params["code"])
"""


def write_script_image(images: Path) -> Path:
    """Write its folder, and return the folder of images."""
    folder = images / "script"
    (folder / "script").mkdir(parents=True)
    (folder / "script" / "__main__.py").write_text(_PROGRAM)
    (folder / "image.toml").write_text(f'image = "{IMAGE}"\ncommand = ["python", "-m", "script"]\ncode = ["script"]\n')
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "script"\nversion = "1"\nrequires-python = ">=3.11"\n\n[tool.uv]\npackage = false\n'
    )
    (folder / "uv.lock").write_text(_LOCK)
    return images


def write_program(folder: Path) -> Path:
    """Write what such an image has of its program where a pod runs it, and return the folder."""
    (folder / "code" / "script").mkdir(parents=True)
    (folder / "code" / "script" / "__main__.py").write_text(_PROGRAM)
    (folder / "image.toml").write_text('command = ["python", "-m", "script"]\n')
    return folder


def script(code: str, *, node: str = "a", **more: object) -> dict[str, object]:
    """A node that runs some code."""
    return {"id": node, "kind": "python_task", "image": IMAGE, "params": {"code": code}, **more}


def gives(name: str, expression: str) -> str:
    """Code that gives the text of an expression."""
    return (
        f"pathlib.Path('{name}.txt').write_text(str({expression}))\n"
        f"pathlib.Path(os.environ['QUANTOS_OUTPUTS']).write_text(json.dumps({{'{name}': '{name}.txt'}}))\n"
    )
