# Made by nb2image from a notebook. "# %% [cell n]" begins what was its cell n, counted from
# 1 over cells of every kind; the notebook's text is kept as comments.

import sys

# %% [markdown]
# # Temperatures at three stations
#
# The measurements lie in `../data/stations.csv`, the cleaning in a module beside the notebook.

# %% [cell 2]
import pandas as pd

from cleaning import drop_outliers, to_celsius

# %% [cell 3]
raw = pd.read_csv("../data/stations.csv", parse_dates=["day"])
sys.displayhook(raw.head())

# %% [cell 4]
clean = drop_outliers(to_celsius(raw), column="celsius", limit=3.0)
print(f"{len(raw) - len(clean)} of {len(raw)} readings dropped as outliers")

# %% [cell 5]
summary = clean.groupby("station")["celsius"].agg(["count", "mean", "min", "max"]).round(1)
sys.displayhook(summary)

# %% [cell 6]
warmest = summary["mean"].idxmax()
print("warmest station:", warmest)
