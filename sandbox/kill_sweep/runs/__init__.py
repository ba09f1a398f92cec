"""Kills the functions of orchestration before, in and after every effect that they have, while two submissions run.

An effect is a call that changes the account or a record on the bus. Effects are not listed anywhere: one story that
nobody kills is recorded. After each kill records are delivered again, people ask again, the executor tells again and
the sweeper sweeps; then everything has to be as it was in the story that nobody killed.
"""
