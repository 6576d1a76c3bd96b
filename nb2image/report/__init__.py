"""What a command did, for people and programs: report.json, report.md, report.html."""

from nb2image.report.file import failed, holds_only_a_report, is_ours, write_report

__all__ = ["failed", "holds_only_a_report", "is_ours", "write_report"]
