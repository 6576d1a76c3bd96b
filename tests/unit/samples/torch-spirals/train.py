# Made by nb2image from a notebook. "# %% [cell n]" begins what was its cell n, counted from
# 1 over cells of every kind; the notebook's text is kept as comments.

import sys

# %% [markdown]
# # Two spirals
#
# A small network that learns to tell two spirals apart, on the CPU in a few seconds.

# %% [cell 2]
import math

import torch
from torch import nn

torch.manual_seed(7)
sys.displayhook(torch.set_num_threads(1))

# %% [cell 3]
def spirals(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """n points on each of two interleaved spirals, and the spiral of each point."""
    turn = torch.rand(n) ** 0.5 * 3 * math.pi
    arm = torch.stack([turn * torch.cos(turn), turn * torch.sin(turn)], dim=1) / (3 * math.pi)
    points = torch.cat([arm, -arm]) + 0.01 * torch.randn(2 * n, 2)
    return points, torch.cat([torch.zeros(n), torch.ones(n)])


points, labels = spirals(500)
sys.displayhook((points.shape, labels.shape))

# %% [cell 4]
model = nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
loss_of = nn.BCEWithLogitsLoss()
sys.displayhook(sum(p.numel() for p in model.parameters()))

# %% [cell 5]
for epoch in range(600):
    optimizer.zero_grad()
    loss = loss_of(model(points).squeeze(1), labels)
    loss.backward()
    optimizer.step()
    if epoch % 200 == 0:
        print(f"epoch {epoch}: loss {loss.item():.2f}")

# %% [cell 6]
test_points, test_labels = spirals(200)
with torch.no_grad():
    accuracy = ((model(test_points).squeeze(1) > 0) == test_labels.bool()).float().mean().item()
print(f"test accuracy: {accuracy:.2f}")
assert accuracy > 0.9

# %% [cell 7]
sys.displayhook(torch.save(model.state_dict(), "spirals.pt"))
