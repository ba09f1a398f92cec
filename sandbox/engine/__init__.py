"""The Pulumi engine of this machine: found on PATH, downloaded, or built once into the user's cache.

`locate.find_engine` is the way in; `python -m sandbox.engine` is the same from a shell.
"""
