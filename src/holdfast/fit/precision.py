"""Which arithmetic a network is trained in."""

from __future__ import annotations

from typing import Literal


def chosen_precision(wish: Literal["auto", "32", "bf16"]) -> Literal["32", "bf16"]:
    """`auto` becomes bf16 where the processor multiplies it in hardware, else 32. Emulated bf16 is slower."""
    if wish != "auto":
        return wish
    import torch

    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "32"
    able = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return "bf16" if able.get("avx512_bf16") or able.get("amx_bf16") or able.get("arm_bf16") else "32"
