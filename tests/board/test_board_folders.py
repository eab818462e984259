"""No page leads out of the runs folder, and nothing that a run folder holds is run."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import yaml
from fastapi.testclient import TestClient

from holdfast.board.folders import NotThere, run_at
from holdfast.board.settings import Settings
from holdfast.errors import BadInput

Opened = Callable[..., TestClient]
OUT = (
    "../second/secret", "..", "../project", "first/../../secret", "%2e%2e/secret", "..%2fsecret", "first/..%2f..%2fsecret",
    "%2fetc", "//etc/passwd", "first//", "./first", ".hidden", "..%5csecret", "first%00", "~root", "", "x" * 300, "%ff",
)  # fmt: skip


def secret(project: Path) -> Path:
    """A run outside the runs folder, with a word in its recipe that no page may show."""
    shutil.copytree(project / "runs" / "first", project / "secret")
    recipe = project / "secret" / "recipe.yaml"
    recipe.write_text(recipe.read_text() + "# hidden-word\n")
    return project / "secret"


@pytest.mark.parametrize("route", ["run", "live", "live-events", "mistakes", "report", "chart/folds"])
def test_no_name_leads_out_of_the_runs_folder(project: Path, opened: Opened, route: str) -> None:
    secret(project)
    board = opened(project / "runs")
    for name in OUT:
        written = name.replace("..", "%2e%2e").replace("./", "%2e/")  # or the client takes them out itself
        answer = board.get(f"http://127.0.0.1:8765/{route}/{written}")
        assert answer.status_code == 404, name
        assert "hidden-word" not in answer.text


def test_names_in_queries_do_not_either(project: Path, opened: Opened) -> None:
    secret(project)
    board = opened(project / "runs")
    for name in ("../secret", str(project / "secret"), "first/../../secret"):
        assert board.get("/sample", params={"run": name, "id": "s000"}).status_code == 404
        assert board.get("/sample-picture", params={"run": name, "id": "s000"}).status_code == 404
        text = board.get("/compare", params={"run": ["first", name]}).text
        assert "is no name of a run" in text
        assert "hidden-word" not in text


def test_a_link_that_leaves_is_not_followed(project: Path, opened: Opened) -> None:
    (project / "runs" / "linked").symlink_to(secret(project), target_is_directory=True)
    board = opened(project / "runs")
    for route in ("run", "live", "mistakes", "report"):
        answer = board.get(f"/{route}/linked")
        assert answer.status_code == 422
        assert "leads out" in answer.text
        assert "hidden-word" not in answer.text


@pytest.mark.parametrize(
    "file", ["recipe.yaml", "scores.json", "members/trees/fold-0/state.json", "report.html", "events.jsonl"]
)
def test_a_link_among_a_runs_files_that_leaves_is_refused(project: Path, file: str) -> None:
    run, outside = project / "runs" / "first", project / "outside"
    outside.write_text("{}")
    (run / file).unlink(missing_ok=True)
    (run / file).symlink_to(outside)
    with pytest.raises(BadInput, match="leads out"):
        run_at(Settings(project / "runs"), "first")


def test_a_link_within_the_runs_folder_is_followed(project: Path) -> None:
    (project / "runs" / "again").symlink_to("first", target_is_directory=True)
    assert run_at(Settings(project / "runs"), "again").finished


def test_a_folder_without_a_recipe_is_no_run(project: Path) -> None:
    with pytest.raises(NotThere):
        run_at(Settings(project / "runs"), "first/members")


class Bomb:
    """What a pickle may do when it is loaded."""

    def __init__(self, marker: Path):
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.marker),)


def planted(project: Path) -> Path:
    """A run whose files would all leave a marker if they were loaded or imported; returns the marker."""
    runs, marker = project / "runs", project / "marker"
    run = runs / "planted"
    shutil.copytree(runs / "first", run)
    for folder in (run / "members" / "trees").glob("fold-*"):
        joblib.dump(Bomb(marker), folder / "model.joblib")
    code = f"import os\nos.mkdir({str(marker)!r})\n"
    for name in ("components.py", "holdfast.py", "sitecustomize.py", "yaml.py"):
        (run / name).write_text(code)
    recipe = yaml.safe_load((run / "recipe.yaml").read_text())
    recipe["components"] = ["components.py"]
    (run / "recipe.yaml").write_text(
        yaml.safe_dump(recipe, sort_keys=False) + f"x: !!python/object/apply:os.mkdir ['{marker}']\n"
    )
    return marker


EVERY = (
    "/", "/run/planted", "/live/planted", "/live-events/planted", "/mistakes/planted", "/report/planted", "/submissions",
    "/compare?run=planted&run=first", "/compare?run=first&run=planted", "/sample?run=planted&id=s000",
    "/sample?run=first&id=s000", "/sample-picture?run=planted&id=s000", "/chart/folds/planted", "/chart/confusion/planted",
)  # fmt: skip


def test_nothing_of_a_run_folder_is_run(trained: Path, project: Path, opened: Opened) -> None:
    marker = planted(project)
    board = opened(project / "runs", data=trained)
    assert {board.get(page).status_code for page in EVERY} <= {200, 303, 404, 422}
    assert not marker.exists()
    recipe = (
        project / "runs" / "planted" / "recipe.yaml"
    )  # the same without the tag that no safe reader takes
    recipe.write_text(
        "\n".join(line for line in recipe.read_text().splitlines() if not line.startswith("x:")) + "\n"
    )
    assert board.get("/run/planted").status_code == 200
    assert board.get("/sample?run=planted&id=s000").status_code == 200
    assert {page: status for page in EVERY if (status := board.get(page).status_code) not in (200, 404)} == {}
    assert not marker.exists()
    assert "runs no code" in board.get("/compare?run=planted&run=first").text
    joblib.load(project / "runs" / "planted" / "members" / "trees" / "fold-0" / "model.joblib")
    assert marker.exists()  # the bombs are live


def test_arrays_that_are_pickles_are_not_loaded(project: Path, opened: Opened) -> None:
    run, marker = project / "runs" / "first", project / "marker"
    there = np.load(run / "oof-ensemble.npy")
    array = np.empty(len(there), dtype=object)
    array[0] = Bomb(marker)
    np.save(run / "oof-ensemble.npy", array, allow_pickle=True)
    board = opened(project / "runs")
    for page in (
        "/run/first",
        "/mistakes/first",
        "/sample?run=second&id=s000",
        "/compare?run=second&run=first",
    ):
        assert board.get(page).status_code in (200, 422)
    assert "cannot be read" in board.get("/mistakes/first").text
    with (run / "oof-ensemble.npy").open("wb") as file:
        pickle.dump(Bomb(marker), file)
    assert board.get("/mistakes/first").status_code == 422
    assert not marker.exists()


def test_a_damaged_run_is_told_and_hurts_no_other(project: Path, opened: Opened) -> None:
    for name, text in (("scores.json", "{"), ("findings.json", "[]"), ("environment.json", "3")):
        shutil.copytree(project / "runs" / "first", project / "runs" / name)
        (project / "runs" / name / name).write_text(text)
    board = opened(project / "runs")
    assert "cannot be read" in board.get("/run/scores.json").text
    assert board.get("/run/findings.json").status_code == 422
    assert board.get("/run/first").status_code == 200
    assert board.get("/").status_code == 200
    assert board.get("/sample?run=first&id=s000").status_code == 200


MARK = "<img src=x onerror=alert(1)>"


def test_what_a_run_folder_says_is_shown_as_text(project: Path, opened: Opened) -> None:
    first = project / "runs" / "first"
    run = project / "runs" / MARK.replace("/", "")
    shutil.copytree(first, run)
    scores = json.loads((run / "scores.json").read_text())
    scores["notes"] = [MARK]
    scores["members"][MARK] = scores["members"]["trees"]
    (run / "scores.json").write_text(json.dumps(scores))
    (run / "recipe.yaml").write_text((run / "recipe.yaml").read_text() + f"# {MARK}\n")
    finding = {
        "code": MARK,
        "name": MARK,
        "severity": MARK,
        "status": "found",
        "said": MARK,
        "advice": MARK,
        "total": 1,
    }
    (run / "findings.json").write_text(
        json.dumps({"accepted": [], "before": {"mark": "", "findings": [finding]}})
    )
    (run / "events.jsonl").write_text(json.dumps({"event": "note", "note": MARK}) + "\n")
    board = opened(project / "runs")
    for page in ("/", f"/?q={MARK}", f"/run/{MARK}", f"/live/{MARK}", f"/mistakes/{MARK}", f"/compare?run=first&run={MARK}",
                 f"/sample?run={MARK}&id=s000", "/submissions", f"/live-events/{MARK}", f"/run/{MARK}{MARK}"):  # fmt: skip
        answer = board.get(page)
        assert "onerror" in answer.text, page
        assert "<img src=x" not in answer.text, page


def test_a_name_that_is_no_text_hides_no_other_run(project: Path, opened: Opened) -> None:
    shutil.copytree(project / "runs" / "first", project / "runs" / os.fsdecode(b"bad\xff"))
    board = opened(project / "runs")
    assert "first" in board.get("/").text
    assert board.get("/submissions").status_code == 200


def test_a_report_is_a_stranger(project: Path, opened: Opened) -> None:
    (project / "runs" / "first" / "report.html").write_text("<script>alert(1)</script>")
    board = opened(project / "runs")
    policy = board.get("/report/first").headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts;")
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    missing = board.get("/report/second")
    assert missing.status_code == 404
    assert "holdfast report" in missing.text


def test_data_elsewhere_is_not_read(project: Path, opened: Opened) -> None:
    away = project.parent / "away"
    (project / "data").rename(away)
    (project / "runs" / "x").mkdir()
    for environment in (project / "runs").glob("*/environment.json"):
        held = json.loads(environment.read_text())
        held["recipe_folder"] = os.path.relpath(project, environment.parent)
        environment.write_text(json.dumps(held))
        recipe = yaml.safe_load((environment.parent / "recipe.yaml").read_text())
        recipe["data"]["folder"] = str(away)
        (environment.parent / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    text = opened(project / "runs").get("/sample?run=first&id=s000").text
    assert "lies outside" in text
    assert "samples below" not in text
    assert "samples below" in opened(project / "runs", data=away).get("/sample?run=first&id=s000").text
