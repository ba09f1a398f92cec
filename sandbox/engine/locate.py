"""Find the Pulumi engine: on PATH, kept from before, downloaded, or built."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

from quantos.errors import EngineError
from sandbox.engine.build import GoBuild
from sandbox.engine.cache import EngineCache, cache_of
from sandbox.engine.download import Download
from sandbox.engine.executable import Engine, Refusal, engine_at, engine_on_path
from sandbox.engine.progress import ProgressListener, Reporter, ignore_progress


class EngineSource(Protocol):
    """A way to get an engine that is not there yet."""

    @property
    def origin(self) -> Literal["download", "built"]:
        """What the engine's `source` will say."""
        ...

    @property
    def entry_name(self) -> str:
        """The name in the cache; differs for every different engine this source could give."""
        ...

    def fill(self, staging: Path, *, environment: Mapping[str, str], reporter: Reporter) -> None:
        """Put the executables into `staging`/bin. Raises EngineError where it cannot."""
        ...


def default_sources() -> tuple[EngineSource, ...]:
    """The ways to get an engine, in the order they are tried."""
    return (Download(), GoBuild())


def installed_engine(
    *, environment: Mapping[str, str] | None = None, sources: Sequence[EngineSource] | None = None
) -> Engine | None:
    """The engine that `find_engine` would give without downloading or building, or None."""
    environment = os.environ if environment is None else environment
    sources = default_sources() if sources is None else sources
    on_path = engine_on_path(environment)
    if isinstance(on_path, Engine):
        return on_path
    return _kept_engine(cache_of(environment), sources, environment)


def find_engine(
    *,
    progress: ProgressListener = ignore_progress,
    environment: Mapping[str, str] | None = None,
    sources: Sequence[EngineSource] | None = None,
) -> Engine:
    """The engine of this machine, got once if need be: PATH, cache, official download, build from source.

    Getting one takes a minute by download and about five by build; of several processes one does it and the others
    wait. Where it is interrupted, the next call starts over with what Go's own caches hold.

    Args:
        progress: told what is happening, how far and how long so far, about twice a second.
        environment: PATH, HOME and XDG_CACHE_HOME are read from it; this process's own by default.
        sources: tried in this order where no engine is there yet.

    Raises:
        EngineError: there is none and none could be got; says why for every way.
    """
    environment = os.environ if environment is None else environment
    sources = default_sources() if sources is None else sources
    reporter = Reporter(progress)
    reporter.report("Looking for the Pulumi engine")
    on_path = engine_on_path(environment)
    if isinstance(on_path, Engine):
        return on_path
    cache = cache_of(environment)
    kept = _kept_engine(cache, sources, environment)
    if kept is not None:
        return kept
    reporter.report(f"Not on PATH: {on_path.reason}")
    with cache.lock(reporter):
        kept = _kept_engine(cache, sources, environment)
        return kept or _got_engine(cache, sources, environment=environment, reporter=reporter, refusal=on_path)


def _kept_engine(cache: EngineCache, sources: Sequence[EngineSource], environment: Mapping[str, str]) -> Engine | None:
    for source in sources:
        bin_dir = cache.folder(source.entry_name) / "bin"
        if bin_dir.is_dir():
            engine = engine_at(bin_dir, source.origin, environment=environment)
            if isinstance(engine, Engine):
                return engine
    return None


def _got_engine(
    cache: EngineCache,
    sources: Sequence[EngineSource],
    *,
    environment: Mapping[str, str],
    reporter: Reporter,
    refusal: Refusal,
) -> Engine:
    reasons = [refusal.reason]
    remedy = "Put pulumi and pulumi-language-python on PATH."
    for source in sources:
        try:
            return _filled_engine(cache, source, environment=environment, reporter=reporter)
        except EngineError as exc:
            reporter.report(exc.what)
            reasons.append(exc.what)
            remedy = exc.remedy
    raise EngineError("no Pulumi engine: " + "; ".join(reasons), remedy=remedy)


def _filled_engine(
    cache: EngineCache, source: EngineSource, *, environment: Mapping[str, str], reporter: Reporter
) -> Engine:
    with cache.staging() as staging:
        source.fill(staging, environment=environment, reporter=reporter)
        trial = engine_at(staging / "bin", source.origin, environment=environment)
        if isinstance(trial, Refusal):
            raise EngineError(
                f"the engine just got is not usable: {trial.reason}", remedy="Report this with the message above."
            )
        folder = cache.publish(staging, source.entry_name)
    return Engine(bin_dir=folder / "bin", version=trial.version, source=source.origin)
