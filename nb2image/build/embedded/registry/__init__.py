"""The distribution protocol: pull, push, logins."""
