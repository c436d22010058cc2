"""The steps of pipeline.mlp: each takes paths and returns a path or a value."""

import hashlib
import os
import tempfile

import joblib
import pandas as pd
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split


def extract(day: str) -> str:
    """One day's samples. There is no laboratory here to ask, so they are drawn from scikit-learn's wine data."""
    bunch = load_wine(as_frame=True)
    table = bunch.data[["alcohol", "malic_acid", "ash", "magnesium", "flavanoids", "color_intensity", "proline"]]
    table = table.assign(cultivar=bunch.target)
    seed = int(hashlib.sha256(day.encode()).hexdigest()[:8], 16)
    return save(table.sample(frac=0.8, random_state=seed), "samples.csv")


def validate_data(samples: str) -> int:
    """The number of rows, or an error that says everything that is wrong with them."""
    table = pd.read_csv(samples)
    faults = [f"{name} has gaps" for name in table.columns if table[name].isna().any()]
    if not table["alcohol"].between(5, 20).all():
        faults.append("alcohol is not between 5 and 20 %")
    if table["cultivar"].nunique() < 3:
        faults.append("a cultivar is missing")
    if faults:
        raise SystemExit("; ".join(faults))
    return len(table)


def transform(samples: str) -> dict:
    table = pd.read_csv(samples)
    table["flavanoids_per_color"] = table["flavanoids"] / table["color_intensity"]
    known, held_out = train_test_split(table, test_size=0.25, stratify=table["cultivar"], random_state=0)
    return {"train": save(known, "train.csv"), "test": save(held_out, "test.csv")}


def train(data: str, n_estimators: int) -> str:
    table = pd.read_csv(data)
    forest = RandomForestClassifier(n_estimators=n_estimators, random_state=0)
    forest.fit(table.drop(columns="cultivar"), table["cultivar"])
    return save(forest, "model.joblib")


def validate_model(model: str, test: str) -> float:
    table = pd.read_csv(test)
    predicted = joblib.load(model).predict(table.drop(columns="cultivar"))
    return float(f1_score(table["cultivar"], predicted, average="macro"))


def deploy(model: str, day: str) -> str:
    """Gives the release its name; the call of your model registry goes here."""
    with open(model, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()[:12]
    release = f"wine-{day}-{digest}"
    print(f"released {release}")
    return release


def save(thing, name: str) -> str:
    path = os.path.join(tempfile.mkdtemp(), name)
    if isinstance(thing, pd.DataFrame):
        thing.to_csv(path, index=False)
    else:
        joblib.dump(thing, path)
    return path
