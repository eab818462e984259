"""What a job costs, and what a cluster would make of it: measured here, simulated for up to 100 nodes.

    python benchmarks/scale.py [--engines processes,ray] [--workers 1,2,4] [--nodes 1,2,5,10] [--write docs/scale.md]
    python benchmarks/scale.py --run runs/motion --data 2e8

First a run of simulated windows, one repeat, with one worker and with two: seconds and bytes of each member's jobs, what
a worker's start costs, a member's first job in it, a job beside the training (given out, unpacked, taken in, scored), and
how much two jobs side by side slow one another down. From these figures the simulation in `cluster.py` says how long two
repeats of the same members take with 1, 2 and 4 workers, in processes and on a local Ray cluster; then that is run, and
both stand side by side. Last, the plan: the same simulation for clusters of many nodes. Its figures are SIMULATED: nobody
ran them. It takes jobs `--longer` times as long as the measured ones, or those of a finished run (`--run`).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import mean, median

from cluster import Simulation, Task, bounds
from job_costs import (
    FOLDS,
    Costs,
    Made,
    bytes_of,
    contention,
    costs_of,
    local_cluster,
    measured,
    seconds_of,
    writing,
)
from section import facts, write_section
from simulated_work import write_folder
from table import table

TITLE = "Figures"  # of the section of docs/scale.md
ENGINES = ("processes", "ray")
STUDENT = "student"  # of the plan: as long as the first member, and needs the second's job of the same fold


def jobs_of(costs: Costs, repeats: int, folds: int = FOLDS, times: float = 1.0) -> list[Task]:
    """The tasks of a run, in the engines' order: member by member, each over all folds."""
    return [costs.task(name, times) for name in costs.seconds for _ in range(repeats * folds)]


def with_student(costs: Costs, repeats: int, folds: int, times: float) -> list[Task]:
    """The tasks of a run with a student, which needs its teacher's task of the same fold."""
    tasks, each = jobs_of(costs, repeats, folds, times), repeats * folds
    teachers = range(each, 2 * each) if len(costs.seconds) > 1 else range(each)
    taught = [costs.task(next(iter(costs.seconds)), times, (teacher,)) for teacher in teachers]
    return [*tasks, *(replace(task, member=STUDENT) for task in taught)]


def ablation(costs: Costs, sides: int, folds: int, times: float) -> list[list[Task]]:
    """An ablation's rounds, each to its end before the next: a fold of all members of all variants, then of students."""
    members = [costs.task(name, times) for _ in range(sides) for name in costs.seconds]
    student = replace(costs.task(next(iter(costs.seconds)), times), member=STUDENT)
    students = [student] * sides
    return [members, students] * folds


def check(costs: dict[str, Costs], made: dict[tuple[str, int], Made], cores: int, repeats: int) -> str:
    """Predicted and measured seconds, side by side."""
    rows = []
    for (engine, workers), run in made.items():
        cluster = costs[engine].cluster(slots=workers, cores=cores, ray=engine == "ray")
        said = Simulation(cluster).run(jobs_of(costs[engine], repeats))
        rows.append([
            engine, str(workers), str(len(run.ends)), f"{said:.1f}", f"{run.wall:.1f}", f"{said / run.wall - 1:+.0%}",
        ])  # fmt: skip
    return table(["engine", "workers", "jobs", "predicted s", "measured s", "error"], rows)


def model_table(costs: dict[str, Costs]) -> str:
    rows = []
    for engine, one in costs.items():
        for name, seconds in one.seconds.items():
            rows.append(
                [engine, name, f"{seconds:.2f}", f"{one.warm[name]:.2f}", f"{one.returns[name] / 1e3:.0f}"]
            )
    told = [
        f"{engine}: a worker starts in {one.start:.1f} s; a job costs {1000 * one.beside:.0f} ms around its training in"
        f" the worker, {1000 * one.submit:.1f} ms of the driver to give out, {1000 * one.receive:.1f} ms to take in and"
        f" score; two jobs side by side take {one.slow:.2f} times as long; the driver writes {one.written / 1e6:.0f} MB/s"
        for engine, one in costs.items()
    ]
    return "\n".join([table(["engine", "member", "s a job", "first + s", "kB back"], rows), "", *told])


def planned(costs: Costs, said: argparse.Namespace) -> str:
    """The plan's tables. Everything in them is simulated."""
    times = 1.0 if said.run else said.longer
    link = said.gbit * 1e9 / 8
    folds = said.folds * said.repeats
    whole = [with_student(costs, said.repeats, said.folds, times)]
    rounds = ablation(costs, said.variants + 1, folds, times)
    sizes = f"{len(costs.seconds)} members and a student, {said.folds} folds, {said.repeats} repeats"
    named = {
        f"SIMULATED: one run, {sizes}: {len(whole[0])} jobs": whole,
        f"SIMULATED: an ablation of {said.variants} variants, {sizes}: {folds} rounds of {len(rounds[0])} jobs and"
        f" {len(rounds[1])} students": rounds,
    }
    texts = []
    for title, parts in named.items():
        rows, first = [], 0.0
        for nodes in said.nodes:
            node = {"slots": said.slots, "cores": said.slots, "data": said.data}
            cluster = costs.cluster(nodes=nodes, inbound=link, outbound=link, ray=True, **node)
            simulation = Simulation(cluster)
            took = sum(simulation.run(part) for part in parts)
            first = first or took * nodes
            begun = replace(cluster, start=0.0, warm={})  # later rounds may find all workers warm
            each = [bounds(part, begun if number else cluster) for number, part in enumerate(parts)]
            holds = {what: sum(one[what] for one in each) for what in each[0]}
            worst = max(holds, key=lambda what: holds[what])
            rows.append([
                str(nodes), str(nodes * said.slots), f"{took / 60:.1f}", f"{first / took:.1f}",
                f"{first / took / nodes:.0%}", worst, f"{holds[worst] / 60:.1f}",
            ])  # fmt: skip
        header = ["nodes", "slots", "minutes", "× one node", "efficiency", "bound by", "its minutes"]
        texts.append(f"{title}\n\n{table(header, rows)}")
    return "\n\n".join(texts)


def of_run(path: Path, like: Costs) -> Costs:
    """The model with the seconds and bytes of a finished run's jobs in place of the measured ones."""
    folds = {each: sorted(each.glob("fold-*")) for each in sorted((path / "members").iterdir())}
    if not any(folds.values()):
        sys.exit(f"--run: {path} holds no finished folds")
    seconds = {each.name: median(map(seconds_of, there)) for each, there in folds.items()}
    returns = {each.name: mean(map(bytes_of, there)) for each, there in folds.items()}
    return replace(like, seconds=seconds, returns=returns, warm={})


def numbers(text: str) -> list[int]:
    return [int(one) for one in text.split(",")]


def names(text: str) -> list[str]:
    if not set(text.split(",")) <= set(ENGINES):
        raise argparse.ArgumentTypeError(f"expected some of {','.join(ENGINES)}")
    return text.split(",")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--samples", type=int, default=480, help="simulated windows of the measured runs")
    add("--workers", type=numbers, default=[1, 2, 4], help="of the runs that check the simulation, by comma")
    add("--engines", type=names, default=list(ENGINES), help="by comma; the plan takes the last one's costs")
    add(
        "--nodes",
        type=numbers,
        default=[1, 2, 5, 10, 20, 50, 100],
        help="of the simulated clusters, by comma",
    )
    add("--slots", type=int, default=16, help="of a simulated node: cores, a job each")
    add("--gbit", type=float, default=10.0, help="of the simulated driver's link, each way, a second")
    add("--data", type=float, default=1e9, help="bytes that each simulated node gets")
    add(
        "--longer",
        type=float,
        default=200.0,
        help="times that the plan's jobs take longer than the measured ones",
    )
    add("--folds", type=int, default=5, help="of the plan")
    add("--repeats", type=int, default=10, help="of the plan")
    add("--variants", type=int, default=24, help="of the plan's ablation")
    add("--run", type=Path, help="a finished run whose jobs the plan takes, as long as they were")
    add("--write", type=Path, metavar="PAGE", help="a page whose section is written anew")
    return parser.parse_args()


def main() -> None:
    from holdfast.engine.threads import cores

    said = options()
    repeats, costs, made = 2, dict[str, Costs](), dict[tuple[str, int], Made]()
    with tempfile.TemporaryDirectory(prefix="holdfast-scale-") as temporary, ExitStack() as later:
        folder = Path(temporary)
        entry = write_folder(folder / "data", "windows", said.samples)
        written = writing(folder / "written")
        for engine in said.engines:
            address = later.enter_context(local_cluster(max(said.workers))) if engine == "ray" else None

            def go(
                name: str, workers: int, repeats: int, engine: str = engine, address: str | None = address
            ) -> Made:
                return measured(entry, folder / f"{engine}-{name}", engine, workers, repeats, address)

            alone = go("alone", 1, 1)
            slow = contention(alone, go("pair", 2, 1)) if cores() > 1 else 1.0
            costs[engine] = replace(costs_of(alone, written, engine == "ray"), slow=slow)
            for workers in said.workers:
                made[engine, workers] = go(f"{workers}", workers, repeats)
    like = list(costs.values())[-1]
    plan = planned(like if said.run is None else of_run(said.run, like), said)
    text = "\n\n".join([
        f"**The cost model**, measured on {said.samples} simulated windows, {FOLDS} folds, jobs of one thread,"
        f" {cores()} cores:",
        model_table(costs),
        f"**Predicted** by the simulation from these figures, **and measured**, {repeats} repeats:",
        check(costs, made, cores(), repeats),
        f"**The plan, simulated**: nodes of {said.slots} cores, {said.gbit:g} Gbit/s, {said.data / 1e9:g} GB of data;"
        + (f" jobs as in {said.run.name}." if said.run else f" jobs {said.longer:g} times as long as those above."),
        plan,
        "Bound by: of what the run cannot beat, each thing for itself, the one that takes longest, and its minutes.",
    ])  # fmt: skip
    print(text)
    if said.write:
        write_section(said.write, TITLE, f"{facts(cores(), {})}\n\n{text}")


if __name__ == "__main__":
    main()
