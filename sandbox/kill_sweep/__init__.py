"""Kills a resize before, in and after every effect it has, and holds what the next plans make of it to be whole.

An effect is what outlasts the process: a call that changes the account, a record on the bus, a file of the engine's
state, a start or an end of the engine. Effects are not listed anywhere: one good resize is recorded.
"""
