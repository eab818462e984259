"""benchmarks/whole.py and run.py: memory of a whole tree, the same work for both sides, sections that outlive a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "contestants"))

import run as all_of_them
import whole_sets
from arithmetic import flops
from process_tree import MIB, held, ran

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PAGES = 64 * MIB
FAMILY = f"""
import os, sys
pages = b"x" * {PAGES}
print("ready", flush=True) if os.fork() else None
sys.stdin.read() if os.getppid() != int(sys.argv[1]) else None
os.wait() if os.getppid() == int(sys.argv[1]) else None
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="proportional set size is Linux's")
def test_pages_that_a_tree_shares_count_once() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", FAMILY, str(os.getpid())], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    try:
        assert parent.stdout.readline() == b"ready\n"
        tree = psutil.Process(parent.pid)
        assert len(tree.children()) == 1
        assert PAGES < held(tree) < 1.8 * PAGES  # the child's copy is the parent's
        assert sum(each.memory_info().rss for each in [tree, *tree.children()]) > 2 * PAGES
    finally:
        parent.stdin.close()
        parent.wait()


def test_a_command_that_fails_says_its_last_words() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)ended with 3:.*no such thing"):
        ran([sys.executable, "-c", "import sys; print('no such thing'); sys.exit(3)"], os.environ)


def test_a_linear_layer_has_the_work_that_is_known() -> None:
    from torch import nn

    assert flops(nn.Linear(3, 5), 3) == {"predict": 2 * 3 * 5, "train": 2 * 2 * 3 * 5}


@pytest.mark.parametrize("name", ["ConvResidual", "UNet", "UNetConvLSTM"])
def test_plain_networks_have_as_many_weights_as_ours(name: str) -> None:
    import plain_networks

    from holdfast.recipe.registry import parse

    ours, plain, shape, outputs = {
        "ConvResidual": ({"conv_residual": {"width": 8}}, (6, 5, 8), (64, 6), 5),
        "UNet": ({"unet": {"width": 4}}, (3, 4), (3, 32, 32), 1),
        "UNetConvLSTM": ({"unet_conv_lstm": {"width": 4}}, (3, 4), (3, 32, 32), 1),
    }[name]
    made = parse("model", ours).build(shape, outputs)
    person = getattr(plain_networks, name)(*plain)
    assert sum(p.numel() for p in person.parameters()) == sum(p.numel() for p in made.parameters())


@pytest.mark.parametrize("kind", list(whole_sets.KINDS))
def test_every_row_of_a_set_is_in_a_fold_and_its_recipe_is_whole(kind: str, tmp_path: Path) -> None:
    from holdfast.recipe.load import load_recipe
    from holdfast.train import prepare

    size = whole_sets.KINDS[kind].sizes["cpu"]
    size = whole_sets.Size(64, size.epochs, size.batch, size.model)
    recipe = whole_sets.write(tmp_path, whole_sets.KINDS[kind], size, 4, "32")
    work = prepare(load_recipe({**recipe, "threads": 1}), tmp_path).work
    assert [sum(work.folds.fold[0] == k) for k in range(4)] == [16] * 4
    assert list(work.members) == ["net"]


def test_sections_are_written_though_one_script_fails(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Benchmarks\n\n## Frames through Holdfast\n\nold\n\n## Whole runs\n\nold\n\n## Mine\n\nstays\n"
    )

    def measure(benchmark: all_of_them.Benchmark) -> str:
        if benchmark.title == "Frames through Holdfast":
            raise subprocess.CalledProcessError(2, benchmark.command)
        return "new"

    (failed,) = all_of_them.written(["frames", "whole"], measure, page)
    assert failed.startswith("frames failed: ")
    assert page.read_text() == (
        "# Benchmarks\n\n## Frames through Holdfast\n\nold\n\n## Whole runs\n\nnew\n\n## Mine\n\nstays\n"
    )


def test_every_benchmark_has_a_script_and_a_title_of_its_own() -> None:
    held = all_of_them.BENCHMARKS.values()
    assert all((BENCHMARKS / one.command.split()[0]).is_file() for one in held)
    assert len({one.title for one in held}) == len(held)


def test_an_unknown_name_is_refused_and_the_known_are_listed() -> None:
    made = subprocess.run(
        [sys.executable, str(BENCHMARKS / "run.py"), "--only", "holes"], capture_output=True, text=True
    )
    assert made.returncode == 2
    assert "invalid choice: 'holes'" in made.stderr
    assert "whole" in made.stderr


@pytest.mark.slow
def test_whole_runs_of_every_kind_stand_beside_the_script() -> None:
    arguments = ("--rounds", "1", "--samples", "64", "--epochs", "1", "--k", "2", "--threads", "1")
    made = subprocess.run(
        [sys.executable, str(BENCHMARKS / "whole.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert made.returncode == 0, made.stderr[-3000:]
    lines = [line for line in made.stdout.splitlines() if line.startswith("|")][2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    float32 = [row[:2] for row in rows if row[1].endswith("float32")]
    assert float32 == [
        [kind, f"{name} float32"]
        for kind, said in whole_sets.KINDS.items()
        for name in ("Holdfast", "script", *(("tuned script",) if said.tuned else ()))
    ]
    assert all(float(row[2]) > 0 and float(row[5]) > 100 for row in rows)
    assert "matmul float32" in made.stdout
