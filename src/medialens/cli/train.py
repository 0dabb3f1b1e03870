"""``medialens train demo``: the recipe of the embedded model, from nothing to a repository with its card."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from medialens.training.embedder.recipe import EmbedderRun, RecipeSettings

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # argparse has no public name


N = TypeVar("N", int, float)


def add_parser(commands: Subparsers) -> None:
    """Adds this command's arguments."""
    parser = commands.add_parser(
        "train",
        help="train the embedded model by its recipe",
        description="Trains the embedded model on drawn pictures. Started again with the same --output, it goes on "
        "where it stopped.",
    )
    parser.add_argument("model", choices=["demo"], help="which embedded model")
    parser.add_argument("--output", type=Path, default=Path("demo-training"), help="default: %(default)s")
    parser.add_argument("--steps", type=_positive(int), help="optimiser steps in all; default: the recipe's")
    parser.add_argument("--minutes", type=_positive(float), help="stop after so long; start again to go on")
    parser.add_argument("--seed", type=int, help="default: the recipe's")
    parser.add_argument("--threads", type=_positive(int), help="CPU threads; default: torch decides")
    parser.add_argument(
        "--precision",
        choices=["auto", "float32", "bfloat16"],
        default="auto",
        help="of the arithmetic; auto is bfloat16 where the CPU has it",
    )
    parser.set_defaults(run=run)


def _positive(kind: type[N]) -> Callable[[str], N]:
    def read(text: str) -> N:
        value = kind(text)  # argparse turns a ValueError into its own message
        if value <= 0:
            msg = f"{text!r} must be more than 0"
            raise argparse.ArgumentTypeError(msg)
        return value

    read.__name__ = kind.__name__  # what argparse calls it
    return read


def run(arguments: argparse.Namespace) -> int:
    """Trains, measures and writes the repository to ``OUTPUT/repository``."""
    import torch  # noqa: PLC0415  # the command line stays light until a command runs

    from medialens.training.embedder.publish import publish  # noqa: PLC0415
    from medialens.training.embedder.recipe import train  # noqa: PLC0415

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    settings = _settings(arguments)
    print(f"Training {settings.steps} steps into {arguments.output}; follow it in {arguments.output / 'log.jsonl'}")
    done = train(settings, arguments.output, on_checkpoint=_tell)
    if done.step < settings.steps:
        print(f"Stopped after step {done.step} of {settings.steps}; the same command goes on from there.")
    report = publish(done, arguments.output / "repository", command=_command(arguments))
    print(report.whole)
    print(f"Repository: {arguments.output / 'repository'}")
    return 0


def _command(arguments: argparse.Namespace) -> str:
    """What was typed, as far as it decides what comes out."""
    told = {"--steps": arguments.steps, "--seed": arguments.seed, "--minutes": arguments.minutes}
    options = [f"{name} {value}" for name, value in told.items() if value is not None]
    if arguments.precision != "auto":
        options.append(f"--precision {arguments.precision}")
    return " ".join(["medialens train", arguments.model, *options])


def _settings(arguments: argparse.Namespace) -> RecipeSettings:
    from medialens.models.placement import cpu_computes_bfloat16  # noqa: PLC0415
    from medialens.training.embedder.recipe import RecipeSettings  # noqa: PLC0415

    half = cpu_computes_bfloat16() if arguments.precision == "auto" else arguments.precision == "bfloat16"
    given = {name: getattr(arguments, name) for name in ("steps", "minutes", "seed")}
    return RecipeSettings(half=half, **{name: value for name, value in given.items() if value is not None})


def _tell(done: EmbedderRun) -> None:
    from medialens.training.embedder.progress import log_progress  # noqa: PLC0415

    line = log_progress(done)
    print(
        f"step {done.step}, {done.minutes:.1f} minutes: recall@1 of {line.n_candidates} {line.recall_at_1:.3f}",
        flush=True,
    )
