from dashboard.compare.page import show

show()
