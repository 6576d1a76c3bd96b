"""The records that pass between the stages: frozen, plain data, no behaviour beyond reading.

A record imports nothing of ours but other records, holds tuples instead of lists, and says
"absent" with an empty value. JSON in both directions is msgspec's, which validates what it reads.
"""

from nb2image.model.gpu import (
    Accelerator,
    CudaChoice,
    GpuEvidence,
    GpuNeed,
    GpuReason,
    Limits,
)
from nb2image.model.image import BuiltImage, BuiltLayer, OutputFile, Report, RunReport
from nb2image.model.notebook import Cell, MimeData, Notebook, Output
from nb2image.model.place import Finding, Place
from nb2image.model.plan import BaseImage, BuildPlan, PlannedFile, Revision
from nb2image.model.requirements import (
    DirectRequirement,
    Evidence,
    LockedPackage,
    Need,
    OwnModule,
    Requirements,
    ResolutionStep,
    Rule,
    SystemPackage,
)
from nb2image.model.script import Install, LocalModule, Parameter, Script, ScriptCell
from nb2image.model.verdict import (
    CellRun,
    CellVerdict,
    Compared,
    Failure,
    Raised,
    Shown,
    Verdict,
)

__all__ = [
    "Accelerator",
    "BaseImage",
    "BuildPlan",
    "BuiltImage",
    "BuiltLayer",
    "Cell",
    "CellRun",
    "CellVerdict",
    "Compared",
    "CudaChoice",
    "DirectRequirement",
    "Evidence",
    "Failure",
    "Finding",
    "GpuEvidence",
    "GpuNeed",
    "GpuReason",
    "Install",
    "Limits",
    "LocalModule",
    "LockedPackage",
    "MimeData",
    "Need",
    "Notebook",
    "Output",
    "OutputFile",
    "OwnModule",
    "Parameter",
    "Place",
    "PlannedFile",
    "Raised",
    "Report",
    "Requirements",
    "ResolutionStep",
    "Revision",
    "Rule",
    "RunReport",
    "Script",
    "ScriptCell",
    "Shown",
    "SystemPackage",
    "Verdict",
]
