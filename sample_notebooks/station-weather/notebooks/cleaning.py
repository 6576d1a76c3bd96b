"""Cleans the stations' readings."""

import pandas as pd


def to_celsius(readings: pd.DataFrame) -> pd.DataFrame:
    """Add a column ``celsius`` made from ``fahrenheit``."""
    return readings.assign(celsius=(readings["fahrenheit"] - 32) * 5 / 9)


def drop_outliers(readings: pd.DataFrame, *, column: str, limit: float) -> pd.DataFrame:
    """Keep the readings within ``limit`` standard deviations of their station's mean."""
    by_station = readings.groupby("station")[column]
    distance = (readings[column] - by_station.transform("mean")) / by_station.transform("std")
    return readings[distance.abs() <= limit]
