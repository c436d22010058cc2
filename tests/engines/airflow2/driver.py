"""The driver of Airflow 3 runs Airflow 2.10 as well."""

import pathlib
import runpy

runpy.run_path(str(pathlib.Path(__file__).parent.parent / "airflow" / "driver.py"), run_name="__main__")
