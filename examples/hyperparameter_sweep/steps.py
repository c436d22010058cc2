"""The steps of pipeline.mlp: plain pandas and scikit-learn functions that take a path and return a path."""

import os
import shutil
import tempfile

import joblib
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split


def load() -> dict:
    table = load_breast_cancer(as_frame=True).frame
    train, test = train_test_split(table, test_size=0.25, stratify=table["target"], random_state=0)
    folder = tempfile.mkdtemp()
    paths = {name: os.path.join(folder, f"{name}.csv") for name in ("train", "test")}
    train.to_csv(paths["train"], index=False)
    test.to_csv(paths["test"], index=False)
    return paths


def train(data: str, n_estimators: int, max_depth: int) -> str:
    table = pd.read_csv(data)
    forest = RandomForestClassifier(n_estimators=n_estimators, max_depth=max_depth, random_state=0)
    forest.fit(table.drop(columns="target"), table["target"])
    path = os.path.join(tempfile.mkdtemp(), "model.joblib")
    joblib.dump(forest, path)
    return path


def evaluate(model: str, test: str) -> float:
    table = pd.read_csv(test)
    f1 = f1_score(table["target"], joblib.load(model).predict(table.drop(columns="target")))
    print(f"f1 = {f1:.4f} on {len(table)} rows")
    return round(float(f1), 3)


def pick_best(sizes: list, scores: list) -> dict:
    f1, size = max(zip(scores, sizes), key=lambda one: (one[0], -one[1]))
    return {"size": size, "f1": f1}


def deploy(model: str, name: str) -> str:
    # A serving system's store would be here.
    place = os.path.join(served(name), "model.joblib")
    os.makedirs(os.path.dirname(place), exist_ok=True)
    shutil.copyfile(model, place + ".new")
    os.replace(place + ".new", place)
    return f"http://models.example.com/{name}"


def clean_up(name: str, status: str) -> None:
    print(f"the run {status}")
    half = os.path.join(served(name), "model.joblib.new")
    if os.path.exists(half):
        os.remove(half)


def served(name: str) -> str:
    return os.path.join(tempfile.gettempdir(), "served-models", name)
