"""The steps of pipeline.mlp: each makes one table, or the model, from those before it."""

import os
import tempfile

import joblib
import pandas as pd
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split

NAMES = {
    "age": "age", "sex": "sex", "bmi": "bmi", "bp": "blood_pressure",
    "s1": "cholesterol", "s6": "glucose", "target": "progression",
}
NUMBERS = ["age", "bmi", "blood_pressure", "cholesterol", "glucose", "bmi_by_pressure"]


def patients(source: str) -> str:
    if source == "sklearn:diabetes":
        table = load_diabetes(as_frame=True, scaled=False).frame.rename(columns=NAMES)
    else:
        table = pd.read_csv(source)
    return save(table[list(NAMES.values())])


def clean_patients(patients: str) -> str:
    table = pd.read_csv(patients).dropna()
    table["bmi_group"] = pd.qcut(table["bmi"], 3, labels=["low", "middle", "high"])
    return save(table)


def patient_features(clean: str) -> str:
    table = pd.read_csv(clean)
    table["bmi_by_pressure"] = table["bmi"] * table["blood_pressure"]
    return save(table)


def progression_model(features: str) -> dict:
    table = pd.read_csv(features)
    known, held_out = train_test_split(table, test_size=0.25, stratify=table["bmi_group"], random_state=0)
    model = LinearRegression().fit(known[NUMBERS], known["progression"])
    path = os.path.join(tempfile.mkdtemp(), "model.joblib")
    joblib.dump(model, path)
    return {"model": path, "held_out": save(held_out)}


def predictions(model: str, features: str) -> str:
    table = pd.read_csv(features)
    table["predicted"] = joblib.load(model).predict(table[NUMBERS])
    return save(table[["bmi_group", "progression", "predicted"]])


def score_by_group(predictions: str) -> dict:
    table = pd.read_csv(predictions)
    table["error"] = (table["predicted"] - table["progression"]).abs()
    scores = table.groupby("bmi_group")["error"].agg(patients="size", mean_error="mean").round(2).reset_index()
    return {
        "scores": save(scores),
        "mean_error": round(float(table["error"].mean()), 2),
        "groups": int(scores["bmi_group"].nunique()),
    }


def save(table: pd.DataFrame) -> str:
    path = os.path.join(tempfile.mkdtemp(), "table.csv")
    table.to_csv(path, index=False)
    return path
