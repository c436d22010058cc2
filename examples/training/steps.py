"""The steps of pipeline.mlp: plain pandas and scikit-learn functions that take a path and return a path."""

import os
import tempfile

import joblib
import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split

MEASUREMENTS = [
    "mean_radius", "mean_texture", "mean_perimeter", "mean_area", "mean_smoothness",
    "mean_compactness", "mean_concavity", "mean_concave_points", "mean_symmetry", "mean_fractal_dimension",
]


def load(data_path: str) -> str:
    """Reads a CSV file or URL; `sklearn:breast_cancer` is the data set that comes with scikit-learn."""
    if data_path == "sklearn:breast_cancer":
        bunch = load_breast_cancer(as_frame=True)
        table = bunch.data.rename(columns=lambda name: name.replace(" ", "_"))
        table["malignant"] = 1 - bunch.target  # scikit-learn has benign as 1
    else:
        table = pd.read_csv(data_path)
    missing = [name for name in [*MEASUREMENTS, "malignant"] if name not in table.columns]
    if missing:
        raise SystemExit(f"{data_path} has no column {', '.join(missing)}")
    return save(table[[*MEASUREMENTS, "malignant"]], "raw.csv")


def preprocess(raw: str) -> str:
    table = pd.read_csv(raw).dropna().drop_duplicates()
    table["log_area"] = np.log(table["mean_area"])
    table["irregularity"] = table["mean_perimeter"] ** 2 / table["mean_area"]
    print(f"{len(table)} rows, {table['malignant'].mean():.1%} malignant")
    return save(table, "features.csv")


def train(features: str, n_estimators: int) -> dict:
    table = pd.read_csv(features)
    known, held_out = train_test_split(table, test_size=0.25, stratify=table["malignant"], random_state=0)
    forest = RandomForestClassifier(n_estimators=n_estimators, random_state=0)
    forest.fit(known.drop(columns="malignant"), known["malignant"])
    return {"model": save(forest, "model.joblib"), "test": save(held_out, "test.csv")}


def evaluate(model: str, test: str) -> float:
    forest = joblib.load(model)
    table = pd.read_csv(test)
    f1 = f1_score(table["malignant"], forest.predict(table.drop(columns="malignant")))
    print(f"f1 = {f1:.4f} on {len(table)} rows")
    return float(f1)


def save(thing, name: str) -> str:
    path = os.path.join(tempfile.mkdtemp(), name)
    if isinstance(thing, pd.DataFrame):
        thing.to_csv(path, index=False)
    else:
        joblib.dump(thing, path)
    return path
