"""Jobs: commands of nb2image run by a server, watched by any number of readers.

A job is a child process of its own that runs one nb2image command; its events go to a file
with sequence numbers. Nothing here knows of pages or of streamlit.
"""

from nb2image.jobs.job import FINISHED, Failure, Job, JobRequest, Kind, State
from nb2image.jobs.log import Entry
from nb2image.jobs.manager import JobManager

__all__ = [
    "FINISHED",
    "Entry",
    "Failure",
    "Job",
    "JobManager",
    "JobRequest",
    "Kind",
    "State",
]
