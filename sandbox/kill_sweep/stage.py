"""Where points are tried: an environment brought up once, of which every trial gets a copy of its own.

Moto, the bus and the program that tries a point are one process, so that a copy of the account is a fork of it.
"""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lambdas import runtime
from quantos.catalog.catalog import Catalog, load_catalog
from quantos.deployment.adapters.layers import LayerStacks
from quantos.environment.functions import topic_partitions
from quantos.environment.load import load_environment
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.messaging.adapters.memory import MemoryBus
from quantos.operations.bring_up import bring_up
from quantos.policy.adapters.packs import render_packs
from sandbox.child_process import ProcessMark, start_time
from sandbox.engine.locate import find_engine
from sandbox.errors import SandboxError
from sandbox.kill_sweep.account_gate import GatedServer
from sandbox.kill_sweep.seccomp import require_support
from sandbox.lifecycle import ONE_CHECKPOINT, Sandbox, make_state_key, write_plugins
from sandbox.project_folder import write_project
from stacks.programs import declare

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

ROOT: Final = Path(__file__).resolve().parents[2]
ENVIRONMENT: Final = "dev"
LAYERS: Final = ("foundation", "capacity", "control")
"""The platform layer has no part in a resize."""
LEASE_SECONDS: Final = 3600
_MOTO: Final = {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true", "MOTO_LAMBDA_STUB_ECR": "true"}


@dataclass(frozen=True)
class Stage:
    """An environment that is up, in this process's moto and in a folder.

    Attributes:
        folder: of everything; each copy is a folder beside the first.
        started: plan time of the first plan.
    """

    folder: Path
    settings: EnvironmentSettings
    catalog: Catalog
    sandbox: Sandbox
    application: "WSGIApplication"
    bus: MemoryBus
    started: datetime

    def copied(self, name: str) -> "Stage":
        """The same under another name; to be called in a fork, since moto's state stays this process's."""
        folder = self.folder.with_name(name)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder, symlinks=True)
        sandbox = replace(self.sandbox, state_dir=folder, project_dir=folder / "project")
        return replace(self, folder=folder, sandbox=sandbox)

    @contextmanager
    def served(self) -> "Iterator[tuple[GatedServer, dict[str, str]]]":
        """The account on an address, and the variables by which programs target it; this process's too, meanwhile."""
        server = GatedServer(self.application, self.bus)
        thread = threading.Thread(target=server.serve_forever, name="account", daemon=True)
        thread.start()
        before = dict(os.environ)
        variables = {**before, **replace(self.sandbox, endpoint_url=server.url).environ()}
        os.environ.update(variables)
        try:
            yield server, variables
        finally:
            os.environ.clear()
            os.environ.update(before)
            server.shutdown()
            thread.join()
            server.server_close()


def open_stage(folder: Path) -> Stage:
    """Bring the environment up in a new `folder`. Raises SandboxError, also where no call can be held."""
    require_support()
    catalog = load_catalog()
    settings = _unhurried(load_environment(ENVIRONMENT, root=runtime.ENVIRONMENTS, catalog=catalog))
    folder.mkdir(parents=True)
    for name in ("pulumi", "logs", "tmp"):
        (folder / name).mkdir()
    (folder / "aws-config").write_text("[default]\n", encoding="utf-8")
    write_plugins(folder / "bin")
    write_project(ROOT, folder=folder / "project")
    process = ProcessMark(os.getpid(), start_time(os.getpid()))
    sandbox = Sandbox(folder, folder / "project", "", process, find_engine().bin_dir)
    started = datetime.now(tz=UTC).replace(minute=0, second=0, microsecond=0)
    stage = Stage(folder, settings, catalog, sandbox, _moto(), MemoryBus(topic_partitions()), started)
    channel, far = get_context("fork").Pipe()
    worker = get_context("fork").Process(target=_bring_up, args=(stage, far))
    worker.start()
    with stage.served() as (server, variables):
        make_state_key(server.url)
        channel.send(variables)
        worker.join()
    if worker.exitcode != 0:
        raise SandboxError("the sweep's environment did not come up", remedy=f"read {folder / 'logs' / 'up.log'}")
    return stage


def _unhurried(settings: EnvironmentSettings) -> EnvironmentSettings:
    """With a lease so long that no renewal of it comes by the clock, which would be another effect on a slow day.

    Who holds it dead is seen to be dead, however long it is.
    """
    actuator = settings.actuator.model_copy(update={"lease_seconds": LEASE_SECONDS})
    return settings.model_copy(update={"actuator": actuator})


def _moto() -> "WSGIApplication":
    os.environ.update(_MOTO)
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")
    from moto.server import DomainDispatcherApplication, create_backend_app  # noqa: PLC0415  reads the above

    return DomainDispatcherApplication(create_backend_app)


def _bring_up(stage: Stage, channel: Connection) -> None:
    """In a process of its own: the engine's gRPC must leave nothing in the one that is forked."""
    os.environ.update(channel.recv())
    log = os.open(stage.folder / "logs" / "up.log", os.O_WRONLY | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    packs = render_packs(stage.settings, packs_root=ROOT / "policy_packs", folder=stage.folder / "policy")
    stacks = LayerStacks(stage.sandbox.project_dir, {**os.environ, **ONE_CHECKPOINT}, packs, declare)
    for layer in LAYERS:
        run = bring_up(stage.settings, stacks, layer, progress=lambda _name, _done: None)
        if run.violations:
            raise SandboxError(f"{run.stack} was refused: {run.violations[0].message}", remedy="correct the program")
