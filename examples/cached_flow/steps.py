"""The steps of pipeline.mlp."""

import hashlib
import os
import tempfile

import joblib
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler


def load(data_path: str) -> str:
    if data_path == "sklearn:digits":
        table = load_digits(as_frame=True).frame
    else:
        table = pd.read_csv(data_path)
    print(f"{len(table)} rows of {len(table.columns) - 1} measurements")
    return save(table, "raw.csv")


def preprocess(raw: str) -> dict:
    table = pd.read_csv(raw).dropna()
    label = table.columns[-1]
    measurements = table.columns[:-1]
    table[measurements] = MinMaxScaler().fit_transform(table[measurements])
    known, held_out = train_test_split(table, test_size=0.25, stratify=table[label], random_state=0)
    return {"known": save(known, "known.csv"), "held_out": save(held_out, "held_out.csv")}


def train(known: str, n_estimators: int) -> str:
    table = pd.read_csv(known)
    forest = RandomForestClassifier(n_estimators=n_estimators, random_state=0)
    return save(forest.fit(table.iloc[:, :-1], table.iloc[:, -1]), "model.joblib")


def evaluate(model: str, held_out: str) -> float:
    table = pd.read_csv(held_out)
    predicted = joblib.load(model).predict(table.iloc[:, :-1])
    return float(f1_score(table.iloc[:, -1], predicted, average="macro"))


def deploy(model: str) -> str:
    """Gives the model its address; the call of your serving platform goes here."""
    with open(model, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()[:12]
    return f"deployed as digits-{digest}"


def save(thing, name: str) -> str:
    path = os.path.join(tempfile.mkdtemp(), name)
    if isinstance(thing, pd.DataFrame):
        thing.to_csv(path, index=False)
    else:
        joblib.dump(thing, path)
    return path
