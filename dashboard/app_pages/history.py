from dashboard.history.page import show

show()
