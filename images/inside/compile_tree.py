"""Compiles a folder as it will lie in an image; run by the image's own Python, which need have nothing but itself.

    compile_tree.py FOLDER SHOWN PART PARTS

`SHOWN` is the folder's path in the image. Of all modules in order every `PARTS`th is compiled, from the `PART`th on:
what is interned changes what is written, so that each module must always come after the same ones. Hashes are not
checked when a module is imported: nobody writes where it lies.
"""

import py_compile
import sys
from pathlib import Path


def compile_part(folder: Path, shown: str, *, part: int, parts: int) -> None:
    """Compile what can be; templates and code for other versions stay as they are."""
    for module in sorted(folder.rglob("*.py"))[part::parts]:
        name = f"{shown}/{module.relative_to(folder).as_posix()}"
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(str(module), dfile=name, quiet=2, invalidation_mode=mode)


if __name__ == "__main__":
    compile_part(Path(sys.argv[1]), sys.argv[2], part=int(sys.argv[3]), parts=int(sys.argv[4]))
