# Made by nb2image from a notebook. "# %% [cell n]" begins what was its cell n, counted from
# 1 over cells of every kind; the notebook's text is kept as comments.

import sys

# %% [markdown]
# # Which cultivar is this wine?
#
# A random forest on the wine data that ships with scikit-learn; the fitted model is saved for later use.

# %% [cell 2]
import joblib
import pandas as pd
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import classification_report
from sklearn.model_selection import cross_val_score, train_test_split

# %% [cell 3]
wine = load_wine(as_frame=True)
sys.displayhook(wine.frame.groupby("target")[["alcohol", "malic_acid", "color_intensity"]].mean().round(2))

# %% [markdown]
# ## Train and test

# %% [cell 5]
train_x, test_x, train_y, test_y = train_test_split(
    wine.data, wine.target, test_size=0.3, random_state=0, stratify=wine.target
)
forest = RandomForestClassifier(n_estimators=200, random_state=0)
scores = cross_val_score(forest, train_x, train_y, cv=5)
print(f"cross-validation accuracy: {scores.mean():.3f}")

# %% [cell 6]
forest.fit(train_x, train_y)
print(classification_report(test_y, forest.predict(test_x), target_names=list(wine.target_names)))

# %% [markdown]
# The features that matter most:

# %% [cell 8]
importance = pd.Series(forest.feature_importances_, index=wine.data.columns)
sys.displayhook(importance.sort_values(ascending=False).head(5).round(3))

# %% [cell 9]
joblib.dump(forest, "wine_forest.joblib", compress=3)
print("saved wine_forest.joblib")
