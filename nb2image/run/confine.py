"""What a container may use and see, in the engine's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nb2image.run.request import RunRequest

if TYPE_CHECKING:
    import docker


def host_config(api: Any, request: RunRequest, *, keep_log: bool) -> Any:
    """What the container may use and see. A notebook needs no privilege at all."""
    from docker.types import LogConfig, Mount, Ulimit

    limits = request.limits
    options: dict[str, Any] = {
        # what a notebook prints goes to the user alone: a log kept by the engine has no limit
        "log_config": LogConfig(type="json-file", config={"max-size": "50m"})
        if keep_log
        else LogConfig(type="none"),
        "read_only": request.read_only,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "mounts": [
            Mount(target=b.target, source=str(b.source), type="bind", read_only=not b.writable)
            for b in request.binds
        ],
    }
    if request.ports:
        options["port_bindings"] = {p.container: (p.address, p.host) for p in request.ports}
    if request.network:
        options["network_mode"] = request.network
    if limits.memory:
        options |= {"mem_limit": limits.memory, "memswap_limit": limits.memory}
    if limits.cpus:
        options["nano_cpus"] = int(limits.cpus * 1_000_000_000)
    if limits.processes:
        options["pids_limit"] = limits.processes
    if limits.file_size:
        options["ulimits"] = [
            Ulimit(name="fsize", soft=limits.file_size, hard=limits.file_size),
            Ulimit(name="core", soft=0, hard=0),
        ]
    if request.gpus:
        options["device_requests"] = [gpu_request(request.gpus)]
    return api.create_host_config(**options)


def gpu_request(gpus: str) -> docker.types.DeviceRequest:
    """The engine's way to say which GPUs."""
    from docker.types import DeviceRequest

    capabilities = [["gpu"]]
    if gpus == "all" or gpus.isdigit():
        count = -1 if gpus == "all" else int(gpus)
        return DeviceRequest(count=count, capabilities=capabilities)
    return DeviceRequest(device_ids=gpus.split(","), capabilities=capabilities)
