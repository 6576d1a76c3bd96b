from dashboard.build.page import show

show()
