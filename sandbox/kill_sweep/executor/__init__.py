"""Kills an executor and its workers before, in and after every effect that they have, while five attempts come to ends.

Executor, workers and programs are real processes. An effect is a request that changes the bucket or the bus, or what
lasts on this machine: a commit of SQLite, a file or a folder of an attempt, a start of a process, a signal. Effects are
not listed anywhere: one story that nobody kills is recorded, twice, and what comes by the clock is left out, such as
every beat of a worker but its first. After each kill of an executor another one begins. What functions make of the
ends that are told, each once or more often and always the same, is the sweep of runs.

What `in` means:

- a request: its sender dies, then it comes about, and the answer goes nowhere;
- an effect of several system calls: its process dies between two of them, by SIGKILL while the kernel holds the call:
  of SQLite's commit between a frame's head and its page in the log, of a checkpoint before the log is removed, of a
  file that is put whole before its rename or link, of a folder's removal with half of it there;
- the start of a process: whoever starts it dies between fork and exec, and the process begins all the same;
- a plain file: as of the resize's sweep, cut to half;
- a single system call (a signal, a folder that is made, a rename): it is let go, and its process killed in that moment.
"""
