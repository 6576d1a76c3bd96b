# Made by nb2image from a notebook. "# %% [cell n]" begins what was its cell n, counted from
# 1 over cells of every kind; the notebook's text is kept as comments.

import sys

# %% [markdown]
# # An epidemic in a closed population
#
# The SIR model; the cell tagged `parameters` becomes the options of the script:
# `docker run IMAGE --contacts-per-day 8.5 --days 120`.

# %% [cell 2]
population = 100_000  # people
contacts_per_day = 10.0  # contacts of one person
infection_probability = 0.03  # per contact
recovery_days = 7.0
days = 160
label = "baseline"  # heads the summary
show_curve = True

# %% [cell 3]
import json

import matplotlib.pyplot as plt
import numpy as np
from scipy.integrate import solve_ivp

# %% [cell 4]
beta = contacts_per_day * infection_probability
gamma = 1 / recovery_days


def change(t, state):
    susceptible, infected, recovered = state
    new = beta * susceptible * infected / population
    return [-new, new - gamma * infected, gamma * infected]


solution = solve_ivp(change, (0, days), [population - 10, 10, 0], t_eval=np.arange(days + 1), rtol=1e-8)
sys.displayhook(solution.message)

# %% [cell 5]
if show_curve:
    for name, curve in zip(["susceptible", "infected", "recovered"], solution.y):
        plt.plot(solution.t, curve, label=name)
    plt.xlabel("day")
    plt.legend()
    plt.show()

# %% [cell 6]
peak = int(solution.y[1].argmax())
summary = {
    "label": label,
    "reproduction number": round(beta / gamma, 2),
    "peak day": peak,
    "infected at the peak": int(solution.y[1][peak]),
    "ever infected": int(population - solution.y[0][-1]),
}
print(json.dumps(summary, indent=2))
with open("summary.json", "w") as file:
    json.dump(summary, file)
