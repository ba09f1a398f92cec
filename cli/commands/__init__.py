"""What every command takes and what its help says; its work is imported when it is run.

Help, usage errors and shell completion read these modules alone, so none of them imports a program or an SDK: a command
is a function here whose signature and docstring are what people see, and whose body imports the module of `cli/` that
does the work. A test holds which modules each command may bring in.
"""
