"""How old the notebook is, and which Python and which releases that asks for."""
