"""What each magic and shell line means in plain Python: one file for each kind."""

from nb2image.notebook.magics.call import Call, CellCall
from nb2image.notebook.magics.table import cell_meaning, meaning

__all__ = ["Call", "CellCall", "cell_meaning", "meaning"]
