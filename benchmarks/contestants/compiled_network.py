"""Training steps of one network, as it is and through torch.compile: both in one process, on the same batch."""

from __future__ import annotations

import os
import sys

from turns import Clock, Turns, settings

said = settings()
os.environ["TORCHINDUCTOR_CACHE_DIR"] = said["cache"]

import torch  # noqa: E402

from holdfast.fit.loop import make_optimizer  # noqa: E402
from holdfast.fit.memory import keep_freed_memory  # noqa: E402
from holdfast.models.base import Network  # noqa: E402
from holdfast.recipe.registry import parse  # noqa: E402
from holdfast.recipe.schema import Fit  # noqa: E402

UNTIL_STILL = 3  # first steps: traced, compiled, and once more

torch.set_num_threads(said["threads"])
keep_freed_memory()
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = parse("model", said["model"])
assert isinstance(model, Network)
torch.manual_seed(0)
net = model.build(tuple(said["shape"]), said["outputs"]).to(device).train()
optimizer = make_optimizer(Fit(), net)
X = torch.randn(said["batch"], *said["shape"], device=device)
with torch.no_grad():
    goal = torch.randn_like(net(X))  # any loss will do: its cost is small beside the network's
ways = {"eager": net, "compiled": torch.compile(net)}


def step(network: torch.nn.Module) -> None:
    with torch.autocast(device.type, torch.bfloat16, enabled=said["precision"] == "bf16"):
        loss = torch.nn.functional.mse_loss(network(X).float(), goal)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()


def timed(way: str, steps: int) -> Clock:
    with Clock() as clock:
        for _ in range(steps):
            step(ways[way])
        if device.type == "cuda":
            torch.cuda.synchronize()
    return clock


turns, cpu = Turns(), 0.0
for command in turns:
    if command == "compile":
        try:
            turns.answer(timed("compiled", UNTIL_STILL).seconds)
        except Exception as error:
            print(f"{said['model']} is not compiled: {error}", file=sys.stderr)
            turns.answer(float("nan"))
    elif command == "cpu":  # of a step of the turn before
        turns.answer(cpu)
    else:
        clock = timed(command, said["steps"])
        cpu = clock.cpu / said["steps"]
        turns.answer(clock.seconds / said["steps"])
