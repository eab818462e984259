"""An epoch of every fold of a small network: one fold after another, two at a time, or all in one model."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable
from typing import Any

from turns import Clock, Turns, settings

SIDE_BY_SIDE = 2


def epoch(said: dict[str, Any], orders: Any, step: Callable[[Any], None]) -> None:
    """Steps over the rows `(folds, n)` of each batch."""
    for start in range(0, said["samples"], said["batch"]):
        step(orders[:, start : start + said["batch"]])


class Folds:
    """New networks, one a fold, and simulated windows."""

    def __init__(self, said: dict[str, Any]):
        import torch

        from holdfast.models.base import Network
        from holdfast.recipe.registry import parse

        self.said, self.device = said, "cuda" if torch.cuda.is_available() else "cpu"
        model = parse("model", said["model"])
        assert isinstance(model, Network)
        torch.manual_seed(0)
        shape = tuple(said["shape"])
        self.X = torch.randn(said["samples"], *shape, device=self.device)
        self.y = torch.randint(10, (said["samples"],), device=self.device)
        self.nets = [model.build(shape, 10).to(self.device).train() for _ in range(said["folds"])]

    def orders(self) -> Any:
        """Each fold's own order."""
        import torch

        return torch.stack([torch.randperm(len(self.X), device=self.device) for _ in self.nets])

    def one_after_another(self, mine: list[int]) -> Callable[[], None]:
        from one_model import Alone

        alone = Alone(self.nets)

        def go() -> None:
            for fold in mine:
                epoch(
                    self.said,
                    self.orders()[:1],
                    lambda rows, fold=fold: alone.fold_step(fold, self.X[rows[0]], self.y[rows[0]]),
                )
            self.wait()

        return go

    def together(self, model: Any) -> Callable[[], None]:
        def go() -> None:
            epoch(self.said, self.orders(), lambda rows: model.step(self.X[rows], self.y[rows]))
            self.wait()

        return go

    def wait(self) -> None:
        import torch

        if self.device == "cuda":
            torch.cuda.synchronize()


def worker(said: dict[str, Any], ends: Any) -> None:
    """A process with one thread: trains the folds that it is told, and says what processor time that took."""
    import torch

    torch.set_num_threads(1)
    folds = Folds(said)
    while (mine := ends.recv()) is not None:
        with Clock() as clock:
            folds.one_after_another(mine)()
        ends.send(clock.cpu)


def main() -> None:
    said = settings()
    import torch
    from one_model import Grouped, Stacked

    torch.set_num_threads(said["threads"])
    turns, context = Turns(), multiprocessing.get_context("spawn")
    ends = []
    for _ in range(SIDE_BY_SIDE):
        near, far = context.Pipe()
        context.Process(target=worker, args=(said, far), daemon=True).start()
        ends.append(near)
    ways: dict[str, Callable[[], None]] = {"one": Folds(said).one_after_another(list(range(said["folds"])))}
    cpu = 0.0

    def two() -> float:
        for i, end in enumerate(ends):
            end.send(list(range(i, said["folds"], SIDE_BY_SIDE)))
        return sum(end.recv() for end in ends)

    makers = {"stacked": Stacked, "grouped": Grouped}
    for command in turns:
        if command == "cpu":  # of the turn before
            turns.answer(cpu)
            continue
        if command in makers and command not in ways:
            try:
                folds = Folds(said)
                ways[command] = folds.together(makers[command](folds.nets))
                ways[command]()
            except (RuntimeError, AttributeError) as error:
                print(f"{command}: {said['model']}: {error}", file=sys.stderr)
                turns.answer(float("nan"))
                continue
        others = 0.0
        with Clock() as clock:
            if command == "two":
                others = two()
            else:
                ways[command]()
        cpu = clock.cpu + others
        turns.answer(clock.seconds)
    for end in ends:
        end.send(None)


if __name__ == "__main__":
    main()
