"""The page of one run: its scores against the floor, what checks found, members, classes, charts, recipe."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from holdfast.board.folders import NotThere, readable, run_at
from holdfast.board.pages import as_path, page
from holdfast.board.watch import FINISHED, REFITTED, state_of
from holdfast.store.run import ENSEMBLE, Run

REPORT = "report.html"
# A report may hold anything. It runs as a stranger: no cookie, no page of the board, no network, no form.
REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline';"
    " img-src data: blob:; font-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)

router = APIRouter()


@router.get("/run/{name:path}", response_class=HTMLResponse)
def one_run(request: Request, name: str) -> Response:
    """A finished run or a refit; another one is shown live."""
    run = run_at(request.app.state.settings, name)
    with readable(run):
        state = state_of(run)
        if state not in (FINISHED, REFITTED):
            return RedirectResponse(f"/live/{as_path(name)}", status_code=303)
        text = page(
            "run.html",
            here="runs",
            name=name,
            state=state,
            recipe=(run.path / "recipe.yaml").read_text(encoding="utf-8"),
            findings=[one for one in run.findings["findings"] if one["status"] == "found"],
            accepted=run.findings["accepted"],
            report=(run.path / REPORT).is_file(),
            charts=request.app.state.charts.of(run) if state == FINISHED else [],
            **(scores_of(run) if run.finished else {"scores": None}),
        )
    return HTMLResponse(text)


@router.get("/report/{name:path}")
def report(request: Request, name: str) -> FileResponse:
    """The report that `holdfast report` left in the run folder."""
    run = run_at(request.app.state.settings, name)
    file = run.path / REPORT
    if not file.is_file():
        raise NotThere(f"{name} has no {REPORT} yet: `holdfast report {run.path}` makes it")
    headers = {"content-security-policy": REPORT_POLICY, "referrer-policy": "no-referrer"}
    return FileResponse(file, media_type="text/html; charset=utf-8", headers=headers)


def scores_of(run: Run) -> dict[str, Any]:
    """What the page shows of `scores.json`, rows in the order of the metric."""
    scores = run.scores
    metric, better = scores["metric"], scores["greater_is_better"]
    members = scores["members"]
    metrics = [name for name in members[ENSEMBLE] if name != "per_fold"]
    floors = scores.get("floors") or ({"constant": scores["floor"]} if "floor" in scores else {})
    if "sample" in scores:
        floors = {**floors, "sample submission": scores["sample"]}
    order = sorted(members, key=lambda one: (-1 if better else 1) * members[one][metric]["value"])
    return {
        "scores": scores,
        "metric": metric,
        "best": members[ENSEMBLE][metric],
        "metrics": [metric, *(name for name in metrics if name != metric)],
        "members": {name: members[name] for name in order},
        "floors": floors,
        "against": against(members[ENSEMBLE][metric], floors, metric, better),
        "classes": [one for one in scores.get("per_class") or [] if "f1" in one],
    }


def against(best: dict[str, Any], floors: dict[str, Any], metric: str, greater_is_better: bool) -> str:
    """One sentence: whether the score stands clear of the best of the floors."""
    held = {name: one[metric] for name, one in floors.items() if metric in one}
    if not held:
        return ""
    sign = 1 if greater_is_better else -1
    name = max(held, key=lambda one: sign * held[one]["value"])
    floor = held[name]["value"]
    edge = best["low"] if greater_is_better else best["high"]
    if sign * (edge - floor) > 0:
        return f"Its whole interval is better than the floor ({name}, {floor:.4f})."
    if sign * (best["value"] - floor) > 0:
        return f"It is better than the floor ({name}, {floor:.4f}), but its interval reaches over it."
    return f"It is no better than the floor ({name}, {floor:.4f})."
