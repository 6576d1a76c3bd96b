# Made by nb2image from a notebook. "# %% [cell n]" begins what was its cell n, counted from
# 1 over cells of every kind; the notebook's text is kept as comments.

import sys

# %% [markdown]
# # Employment and its drivers
#
# Ordinary least squares on Longley's classic data (it ships with statsmodels), and a test of the residuals.

# %% [cell 2]
import numpy as np
import statsmodels.api as sm
from scipy import stats

# %% [cell 3]
longley = sm.datasets.longley.load_pandas()
sys.displayhook(longley.data.describe().loc[["mean", "std"]].round(1))

# %% [cell 4]
model = sm.OLS(longley.endog, sm.add_constant(longley.exog)).fit()
print(f"R squared: {model.rsquared:.4f}")
sys.displayhook(model.params.round(3))

# %% [markdown]
# The data are famous for their collinearity: the condition number says so.

# %% [cell 6]
print(f"condition number: {np.linalg.cond(model.model.exog):.2e}")

# %% [cell 7]
statistic, p_value = stats.shapiro(model.resid)
print(f"Shapiro-Wilk on the residuals: W = {statistic:.3f}, p = {p_value:.3f}")
