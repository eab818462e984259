"""Every fault of a recipe is one message with file, line, field, what was expected, and the nearest name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from holdfast.errors import BadInput
from holdfast.recipe import registry
from holdfast.recipe.load import load_recipe
from holdfast.recipe.schema import Recipe

GOOD = """\
name: motion
data: {kind: table, train: train.csv}
metric: accuracy
folds: {kind: stratified, k: 3}
fit: {epochs: 5}
members:
  trees:
    model: {extra_trees: {n_estimators: 10}}
"""
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to(text: str, name: str = "recipe.yaml") -> Path:
        path = tmp_path / name
        path.write_text(dedent(text), encoding="utf-8")
        return path

    return to


def fault(path: Path, overrides: list[str] | None = None) -> str:
    with pytest.raises(BadInput) as caught:
        load_recipe(path, overrides)
    return str(caught.value)


def test_good_recipe_and_its_defaults(write: Write) -> None:
    recipe = load_recipe(write(GOOD))
    assert recipe.name == "motion"
    assert recipe.ensemble is None  # the tested mean
    assert recipe.members["trees"].model.n_estimators == 10  # type: ignore[attr-defined]
    assert recipe.prepare is None
    assert load_recipe(recipe) == recipe
    assert load_recipe(recipe.written()) == recipe


def test_bare_name_means_defaults(write: Write) -> None:
    short = load_recipe(write(GOOD.replace("{extra_trees: {n_estimators: 10}}", "extra_trees")))
    long = load_recipe(write(GOOD.replace("{n_estimators: 10}", "{}")))
    named = load_recipe(write(GOOD.replace("{extra_trees: {n_estimators: 10}}", "{kind: extra_trees}")))
    assert short == long == named


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("fit: {epochs: 5}", "fti: {epochs: 5}", ":5: fti", ["unknown key", "did you mean 'fit'"]),
        ("epochs: 5", "epoch: 5", ":5: fit.epoch", ["unknown key", "did you mean 'epochs'"]),
        (
            "{extra_trees",
            "{extra_tree",
            ":8: members.trees.model.extra_tree",
            ["no model component", "'extra_trees'"],
        ),
        (
            "n_estimators",
            "n_estimator",
            ":8: members.trees.model.extra_trees.n_estimator",
            ["mean 'n_estimators'"],
        ),
        ("epochs: 5", "epochs: many", ":5: fit.epochs", ["valid integer", "got 'many'"]),
        ("epochs: 5", "epochs: 0", ":5: fit.epochs", ["greater than or equal to 1", "got 0"]),
        ("k: 3", "k: 1", ":4: folds.k", ["greater than or equal to 2"]),
        (
            "kind: stratified",
            "kind: stratify",
            ":4: folds",
            ["no folds component", "did you mean 'stratified'"],
        ),
        ("metric: accuracy", "metric: acuracy", ":3: metric", ["did you mean 'accuracy'"]),
        ("metric: accuracy", "metric: [accuracy]", ":3: metric", ["expected the name of a metric component"]),
        ("metric: accuracy\n", "", "metric", ["required and missing"]),
        ("train: train.csv", "test: test.csv", ":2: data.train", ["required and missing"]),
        ("  trees:", "  ensemble:", ":6: members", ["not 'ensemble'"]),
        ("fit: {epochs: 5}", "fit: {optimizer: adam}", ":5: fit.optimizer", ["'adamw'", "got 'adam'"]),
        (
            "fit: {epochs: 5}",
            "prepare: [interpolate, standardise]",
            ":5: prepare.1",
            ["did you mean 'standardize'"],
        ),
        ("{n_estimators: 10}", "7", ":8: members.trees.model.extra_trees", ["expected the fields"]),
    ],
)
def test_fault_names_place_and_remedy(write: Write, old: str, new: str, place: str, said: list[str]) -> None:
    path = write(GOOD.replace(old, new))
    message = fault(path)
    assert message.startswith(str(path)) or place == "metric"
    assert place in message
    for part in said:
        assert part in message


def test_all_faults_are_told_at_once(write: Write) -> None:
    message = fault(write(GOOD.replace("k: 3", "k: 1").replace("epochs: 5", "epochs: 0")))
    assert len(message.splitlines()) == 2


def test_key_written_twice(write: Write) -> None:
    assert ":9: name: this key is written twice" in fault(write(GOOD + "name: other\n"))
    assert ":5: fit.lr: this key" in fault(write(GOOD.replace("epochs: 5", "lr: 1, lr: 2")))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: [a\nmetric: x\n", "not valid YAML"),
        ("", "found nothing"),
        ("- a\n- b\n", "found something else"),
        ("name: !ruby x\n", ":1: not a plain YAML value"),
        ("name: 2001-13-45\n", ":1: not a plain YAML value"),
        ("a: 1\n---\nb: 2\n", "not valid YAML"),
    ],
)
def test_bad_yaml(write: Write, text: str, said: str) -> None:
    assert said in fault(write(text))


def test_missing_and_undecodable_files(tmp_path: Path) -> None:
    assert "no such recipe file" in fault(tmp_path / "none.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"name: \xff\xfe\n")
    assert "not UTF-8" in fault(tmp_path / "bytes.yaml")


def test_byte_order_mark_is_fine(write: Write) -> None:
    assert load_recipe(write("\ufeff" + GOOD)).name == "motion"


# extends


def test_extends_chain_merges_deeply(write: Write) -> None:
    write(GOOD, "base.yaml")
    write("extends: base.yaml\nfit: {lr: 0.01}\nmembers: {more: {model: logistic}}\n", "middle.yaml")
    recipe = load_recipe(write("extends: middle.yaml\nname: child\nfolds: {k: 4}\n"))
    assert recipe.name == "child"
    assert (recipe.fit.epochs, recipe.fit.lr) == (5, 0.01)
    assert set(recipe.members) == {"trees", "more"}
    assert (recipe.folds.name, recipe.folds.k) == ("stratified", 4)  # type: ignore[attr-defined]


def test_extends_replaces_another_component_and_removes_a_member(write: Write) -> None:
    write(GOOD, "base.yaml")
    text = "extends: base.yaml\nmembers: {trees: {model: {random_forest: {max_depth: 2}}}}\n"
    model = load_recipe(write(text)).members["trees"].model
    assert (model.name, model.n_estimators, model.max_depth) == ("random_forest", 300, 2)  # type: ignore[attr-defined]
    gone = load_recipe(write("extends: base.yaml\nmembers: {trees: null, other: {model: svc}}\n"))
    assert list(gone.members) == ["other"]


def test_extends_fault_is_told_where_it_stands(write: Write) -> None:
    base = write(GOOD.replace("epochs: 5", "epoch: 5"), "base.yaml")
    assert f"{base}:5: fit.epoch" in fault(write("extends: base.yaml\n"))


def test_extends_circle_missing_and_wrong(write: Write) -> None:
    write("extends: recipe.yaml\n", "base.yaml")
    assert "in a circle" in fault(write("extends: base.yaml\n"))
    assert ":1: extends:" in (said := fault(write("extends: nowhere.yaml\n")))
    assert "nowhere.yaml does not exist" in said
    assert "expected the name of one YAML file" in fault(write("extends: [a, b]\n"))


# --set


def test_set_reaches_every_kind_of_place(write: Write) -> None:
    path = write(GOOD + "prepare: [standardize]\n")
    recipe = load_recipe(
        path,
        [
            "fit.epochs=3",
            "fit.lr=1e-2",
            "members.trees.model.extra_trees.max_depth=4",
            "members.trees.fit.patience=2",
            "folds.k=7",
            "prepare.0=interpolate",
            "prepare.0.interpolate.limit=5",
            "balance.oversample.times=2",
            "name=other",
        ],
    )
    assert (recipe.fit.epochs, recipe.fit.lr, recipe.name) == (3, 0.01, "other")
    assert recipe.members["trees"].model.max_depth == 4  # type: ignore[attr-defined]
    assert recipe.members["trees"].model.n_estimators == 10  # type: ignore[attr-defined]
    assert recipe.members["trees"].fit.patience == 2  # type: ignore[union-attr]
    assert recipe.folds.k == 7  # type: ignore[attr-defined]
    assert recipe.prepare[0].limit == 5  # type: ignore[index]
    assert recipe.balance[0].times == 2  # type: ignore[attr-defined]


def test_set_opens_a_bare_name(write: Write) -> None:
    text = GOOD.replace("{extra_trees: {n_estimators: 10}}", "extra_trees").replace(
        "{kind: stratified, k: 3}", "stratified"
    )
    recipe = load_recipe(write(text), ["members.trees.model.extra_trees.n_estimators=2", "folds.k=4"])
    assert recipe.members["trees"].model.n_estimators == 2  # type: ignore[attr-defined]
    assert recipe.folds.k == 4  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("fit.epochs", "expected path=value"),
        ("=3", "expected path=value"),
        ("fit.epoch=3", "--set fit.epoch=3: fit.epoch: unknown key; did you mean 'epochs'"),
        ("fit.epochs=x", "--set fit.epochs=x: fit.epochs: expected a valid integer"),
        ("metric.accuracy2.a=1", "metric holds 'accuracy'"),
        ("prepare.3=roll", "'3' is no place in a list of 1"),
        ("prepare.0=scale", "--set prepare.0=scale: prepare.0"),
        ("members.trees.model=forest", "--set members.trees.model=forest: members.trees.model"),
    ],
)
def test_set_faults_name_the_line(write: Write, line: str, said: str) -> None:
    assert said in fault(write(GOOD + "prepare: [standardize]\n"), [line])


def test_set_leaves_the_callers_values_alone() -> None:
    plain = {
        "data": {"kind": "table", "train": "a.csv"}, "metric": "accuracy", "folds": {"kind": "stratified", "k": 3},
        "fit": {"epochs": 5}, "members": {"a": {"model": "logistic"}},
    }  # fmt: skip
    assert load_recipe(plain, ["fit.epochs=2"]).fit.epochs == 2
    assert plain["fit"] == {"epochs": 5}


# questions


def test_open_question_refuses(write: Write) -> None:
    message = fault(
        write(GOOD.replace("train: train.csv", 'train: train.csv, target: "? which column is it"'))
    )
    assert ":2: data.target: a question is open: which column is it" in message
    message = fault(write(GOOD + 'prepare: ["?"]\n'))
    assert ":9: prepare.0: a question is open" in message
    answered = write(GOOD.replace("train: train.csv", 'train: train.csv, target: "?"'))
    assert load_recipe(answered, ["data.target=y"]).data.target == "y"  # type: ignore[union-attr]


# components of others

MINE = """
from holdfast.augment.base import Augmentation
from holdfast.recipe.registry import component

@component("{name}")
class Mine(Augmentation):
    '''Leaves all as it is.'''

    def apply(self, batch, targets, keys):
        return batch, targets
"""


@pytest.fixture(autouse=True)
def _forget_components() -> object:
    """What a test registers ends with it."""
    kept = {kind: dict(registry.known(kind)) for kind in registry.FAMILIES}
    yield
    for kind, names in kept.items():
        registry._found[kind] = names


def test_users_component_beside_the_recipe(write: Write) -> None:
    write(MINE.format(name="mine_here"), "mine.py")
    recipe = load_recipe(write(GOOD + "components: [mine.py]\naugment: [mine_here]\n"))
    assert recipe.augment[0].name == "mine_here"
    assert load_recipe(write(GOOD + "components: [mine.py]\naugment: mine_here\n")).augment == recipe.augment


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (None, "mine.py does not exist"),
        ("import no_such_package_at_all\n", "cannot be imported: ModuleNotFoundError"),
        ("def broken(:\n", "cannot be imported: SyntaxError"),
        (MINE.format(name="roll"), "two augment components are named 'roll'"),
    ],
)
def test_users_component_that_fails(write: Write, source: str | None, said: str) -> None:
    if source is not None:
        write(source, "mine.py")
    assert said in fault(write(GOOD + "components: [mine.py]\n"))


def test_a_users_file_that_is_gone_is_not_handed_on(tmp_path: Path) -> None:
    """Else a network of several devices would not begin after it, though it needs nothing of that file."""
    file = tmp_path / "brief.py"
    file.write_text("# nothing\n")
    registry.load_user_components([file])
    assert file in registry.user_components()
    file.unlink()
    assert file not in registry.user_components()


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    """A package with an entry point, as pip leaves it."""
    (folder / "their_pack.py").write_text(source)
    info = folder / "their_pack-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-pack\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[holdfast.components]\ntheirs = their_pack\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(registry, "_loaded", set())


def test_installed_package_registers(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, MINE.format(name="theirs"))
    assert "theirs" in registry.known("augment")
    assert load_recipe(write(GOOD + "augment: [theirs]\n")).augment[0].name == "theirs"
    sys.modules.pop("their_pack", None)


def test_installed_package_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, "import no_such_package_at_all\n")
    for _ in range(2):  # the second time as the first
        with pytest.raises(BadInput, match=r"entry point 'theirs' .*their_pack.* cannot be imported"):
            registry.known("augment")


# the schema for editors


def test_schema_is_self_contained_and_described() -> None:
    schema = Recipe.model_json_schema(by_alias=True)
    fields = {
        **schema["properties"],
        **schema["$defs"]["Fit"]["properties"],
        **schema["$defs"]["Member"]["properties"],
    }
    assert all("description" in field for field in fields.values())
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == {"metric", "folds", "members"}

    def walk(node: object) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                assert node["$ref"].removeprefix("#/$defs/") in schema["$defs"]
            for item in node.values():
                walk(item)
        elif isinstance(node, list):
            for item in node:
                walk(item)

    walk(schema)
    names = next(
        choice["enum"]
        for choice in schema["$defs"]["Member"]["properties"]["model"]["anyOf"]
        if "enum" in choice
    )
    assert "conv_residual" in names


def test_schema_agrees_with_the_recipe() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    import yaml

    schema = Recipe.model_json_schema(by_alias=True)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(GOOD), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(GOOD.replace("epochs", "epoch")), schema)


def test_reading_a_recipe_imports_nothing_heavy(tmp_path: Path) -> None:
    import subprocess

    (tmp_path / "r.yaml").write_text(GOOD)
    code = (
        "import sys; from holdfast.recipe.load import load_recipe; load_recipe('r.yaml');"
        "from holdfast.recipe.registry import FAMILIES, known; [known(kind) for kind in FAMILIES];"
        "print(sorted({'torch', 'sklearn', 'aeon', 'lightgbm', 'scipy'} & set(sys.modules)))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "[]"


def test_a_members_fit_stands_over_the_recipes_after_a_round_trip_too() -> None:
    """What a member does not state must not come back as a default."""
    recipe = load_recipe(
        {
            "metric": "accuracy", "folds": "stratified", "fit": {"lr": 0.02, "batch_size": 8},
            "members": {"net": {"model": "conv_residual", "fit": {"epochs": 3}}},
        }
    )  # fmt: skip
    again = load_recipe(recipe.written())
    for each in (recipe, again):
        merged = each.fit.merged(each.members["net"].fit)
        assert (merged.lr, merged.batch_size, merged.epochs) == (0.02, 8, 3)
