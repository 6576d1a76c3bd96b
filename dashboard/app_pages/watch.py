from dashboard.watch.page import show

show()
