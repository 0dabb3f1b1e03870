"""Where and how a model runs, decided once, with the reason. Everything below receives the result."""

from __future__ import annotations

import dataclasses

import torch

from medialens.errors import InputError

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Placement:
    """Device, compute dtype and attention kernel, and why."""

    device: torch.device
    dtype: torch.dtype
    attention: str
    because: str


def decide_placement(
    *, device: str | torch.device | None = None, dtype: str | torch.dtype | None = None, attention: str | None = None
) -> Placement:
    """Look at the machine once and decide.

    Args:
        device: ``cpu``, ``cuda``, ``cuda:1`` ...; None takes the first CUDA device, then MPS, then the CPU.
        dtype: ``float32``, ``bfloat16``, ``float16`` or a torch dtype; None means bfloat16 on CUDA devices that
            have it and float32 elsewhere. On a CPU, bfloat16 is used only when asked for, and only where the CPU
            computes in it: elsewhere it is slower and less exact than float32.
        attention: A transformers attention implementation; None is ``sdpa``.

    Raises:
        InputError: The device is not there, or the dtype is unknown or not computed by it.
    """
    chosen, why_device = _decide_device(device)
    kind, why_dtype = _decide_dtype(dtype, chosen)
    because = f"{why_device}; {why_dtype}; attention {'as asked' if attention else 'sdpa by default'}"
    return Placement(device=chosen, dtype=kind, attention=attention or "sdpa", because=because)


def _decide_device(asked: str | torch.device | None) -> tuple[torch.device, str]:
    if asked is not None:
        try:
            device = torch.device(asked)
            torch.empty(0, device=device)
        except (RuntimeError, AssertionError) as error:
            msg = f"device={asked!r} is not available here: {str(error).splitlines()[0]}"
            raise InputError(msg, device=asked) from error
        return device, f"{device}: as asked"
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device()), "cuda: available"
    if torch.backends.mps.is_available():
        return torch.device("mps"), "mps: available"
    return torch.device("cpu"), "cpu: no accelerator found"


def _decide_dtype(asked: str | torch.dtype | None, device: torch.device) -> tuple[torch.dtype, str]:
    if asked is None:
        if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
            major, minor = torch.cuda.get_device_capability(device)
            return torch.bfloat16, f"bfloat16: cuda capability {major}.{minor}"
        return torch.float32, f"float32: default on {device.type}"
    dtype = _DTYPES.get(asked.removeprefix("torch.")) if isinstance(asked, str) else asked
    if dtype is None or dtype not in _DTYPES.values():
        msg = f"dtype={asked!r} is not one of {', '.join(_DTYPES)}"
        raise InputError(msg, dtype=asked)
    if dtype == torch.bfloat16 and device.type == "cpu" and not cpu_computes_bfloat16():
        msg = "dtype='bfloat16' was asked for, but this CPU has no bfloat16 arithmetic; use dtype='float32'"
        raise InputError(msg, dtype=asked)
    if dtype == torch.float16 and device.type == "cpu":
        msg = "dtype='float16' was asked for on a CPU; use 'float32', or 'bfloat16' where the CPU has it"
        raise InputError(msg, dtype=asked)
    return dtype, f"{str(dtype).removeprefix('torch.')}: as asked"


def cpu_computes_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 in hardware (AVX512-BF16, AMX, or Arm's BF16)."""
    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16", "arm_bf16", "bf16"))
