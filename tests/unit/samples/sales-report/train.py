# Made by nb2image from a notebook. "# %% [cell n]" begins what was its cell n, counted from
# 1 over cells of every kind; the notebook's text is kept as comments.

import sys

# %% [markdown]
# # Sales report
#
# A year of daily orders in four regions (made here with a fixed seed), summed up in a table and two figures.

# %% [cell 2]
# %matplotlib inline  (left out: figures are saved to /outputs/figures)
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

# %% [cell 3]
rng = np.random.default_rng(2025)
days = pd.date_range("2025-01-01", "2025-12-31", freq="D")
regions = ["north", "east", "south", "west"]
orders = pd.DataFrame(
    {
        "day": np.repeat(days, len(regions)),
        "region": np.tile(regions, len(days)),
        "orders": rng.poisson(lam=np.tile([40, 25, 55, 30], len(days))),
    }
)
orders["revenue"] = (orders["orders"] * rng.normal(24.0, 2.0, len(orders))).round(2)
sys.displayhook(len(orders))

# %% [markdown]
# ## By region

# %% [cell 5]
by_region = orders.groupby("region")[["orders", "revenue"]].sum().sort_values("revenue", ascending=False)
sys.displayhook(by_region)

# %% [cell 6]
ax = by_region["revenue"].div(1000).plot.bar(color="steelblue", title="Revenue by region, thousands")
ax.set_xlabel("")
sys.displayhook(plt.tight_layout())

# %% [markdown]
# ## By month

# %% [cell 8]
monthly = orders.pivot_table(index=orders["day"].dt.month, columns="region", values="revenue", aggfunc="sum")
fig, ax = plt.subplots(figsize=(7, 3))
for region in regions:
    ax.plot(monthly.index, monthly[region] / 1000, marker="o", label=region)
ax.set_xlabel("month")
ax.set_ylabel("revenue, thousands")
ax.legend(ncols=4, frameon=False)
plt.show()

# %% [cell 9]
print(f"total revenue: {orders['revenue'].sum():,.0f}")
sys.displayhook(by_region.to_csv("by_region.csv"))
