# Made by nb2image from a notebook. "# %% [cell n]" begins what was its cell n, counted from
# 1 over cells of every kind; the notebook's text is kept as comments.

import sys


def read_options():
    """The parameters: options of the command line, else NB_ variables, else defaults."""
    import argparse
    import os

    def boolean(text):
        if text.lower() not in ("true", "false", "1", "0", "yes", "no", "on", "off"):
            raise argparse.ArgumentTypeError(f"not true or false: {text!r}")
        return text.lower() in ("true", "1", "yes", "on")

    parser = argparse.ArgumentParser(
        description="Parameters of epidemic.ipynb",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--population",
        dest="population",
        type=int,
        default=os.environ.get("NB_POPULATION", 100_000),
        help="people (default: 100_000)",
    )
    parser.add_argument(
        "--contacts-per-day",
        dest="contacts_per_day",
        type=float,
        default=os.environ.get("NB_CONTACTS_PER_DAY", 10.0),
        help="contacts of one person (default: 10.0)",
    )
    parser.add_argument(
        "--infection-probability",
        dest="infection_probability",
        type=float,
        default=os.environ.get("NB_INFECTION_PROBABILITY", 0.03),
        help="per contact (default: 0.03)",
    )
    parser.add_argument(
        "--recovery-days",
        dest="recovery_days",
        type=float,
        default=os.environ.get("NB_RECOVERY_DAYS", 7.0),
        help="(default: 7.0)",
    )
    parser.add_argument(
        "--days",
        dest="days",
        type=int,
        default=os.environ.get("NB_DAYS", 160),
        help="(default: 160)",
    )
    parser.add_argument(
        "--label",
        dest="label",
        type=str,
        default=os.environ.get("NB_LABEL", "baseline"),
        help='heads the summary (default: "baseline")',
    )
    parser.add_argument(
        "--show-curve",
        dest="show_curve",
        type=boolean,
        default=os.environ.get("NB_SHOW_CURVE", True),
        nargs="?",
        const=True,
        help="(default: True)",
    )
    parser.add_argument("--no-show-curve", dest="show_curve", action="store_false")
    return parser.parse_args()


options = read_options()

# %% [markdown]
# # An epidemic in a closed population
#
# The SIR model; the cell tagged `parameters` becomes the options of the script:
# `docker run IMAGE --contacts-per-day 8.5 --days 120`.

# %% [cell 2]
population = options.population  # people
contacts_per_day = options.contacts_per_day  # contacts of one person
infection_probability = options.infection_probability  # per contact
recovery_days = options.recovery_days
days = options.days
label = options.label  # heads the summary
show_curve = options.show_curve

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
