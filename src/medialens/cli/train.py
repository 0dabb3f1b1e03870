"""``medialens train``: the recipes of the embedded models, to a repository with its card each."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from medialens.training.measuring.report import Report
    from medialens.training.measuring.table import Row
    from medialens.training.run import Run

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # argparse has no public name


N = TypeVar("N", int, float)


def add_parser(commands: Subparsers) -> None:
    """Adds this command's arguments."""
    parser = commands.add_parser(
        "train",
        help="train an embedded model by its recipe",
        description="Trains an embedded model on drawn pictures. Started again with the same --output, it goes on "
        "where it stopped.",
    )
    parser.add_argument("model", choices=[*_RECIPES], help="which embedded model")
    parser.add_argument("--output", type=Path, help="default: MODEL-training")
    parser.add_argument(
        "--embedder",
        default="demo",
        help="demo-reranker begins with this embedder's towers: a name or a folder; default: %(default)s",
    )
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

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    arguments.output = arguments.output or Path(f"{arguments.model}-training")
    report = _RECIPES[arguments.model](arguments)
    print(report.whole)
    print(f"Repository: {arguments.output / 'repository'}")
    return 0


def _train_embedder(arguments: argparse.Namespace) -> Report:
    from medialens.training.embedder.progress import log_progress  # noqa: PLC0415
    from medialens.training.embedder.publish import publish  # noqa: PLC0415
    from medialens.training.embedder.recipe import RecipeSettings, train  # noqa: PLC0415

    settings = RecipeSettings(**_given(arguments))
    _announce(settings.steps, arguments.output)
    done = train(settings, arguments.output, on_checkpoint=functools.partial(_tell, log_progress))
    _warn_if_unfinished(done)
    return publish(done, arguments.output / "repository", command=_command(arguments))


def _train_reranker(arguments: argparse.Namespace) -> Report:
    from medialens.models.catalogue import find_embedded  # noqa: PLC0415
    from medialens.training.reranker.progress import log_progress  # noqa: PLC0415
    from medialens.training.reranker.publish import publish  # noqa: PLC0415
    from medialens.training.reranker.recipe import RecipeSettings, train  # noqa: PLC0415

    embedder = arguments.embedder
    settings = RecipeSettings(embedder=str(find_embedded(embedder) or embedder), **_given(arguments))
    _announce(settings.steps, arguments.output)
    done = train(settings, arguments.output, on_checkpoint=functools.partial(_tell, log_progress))
    _warn_if_unfinished(done)
    return publish(done, arguments.output / "repository", command=_command(arguments), embedder=embedder)


# An embedded model's name, and what trains it and tells how good it has become.
_RECIPES: dict[str, Callable[[argparse.Namespace], Report]] = {
    "demo": _train_embedder,
    "demo-reranker": _train_reranker,
}


def _given(arguments: argparse.Namespace) -> dict[str, Any]:
    """The settings that were typed; the recipe has the others."""
    from medialens.models.placement import cpu_computes_bfloat16  # noqa: PLC0415

    half = cpu_computes_bfloat16() if arguments.precision == "auto" else arguments.precision == "bfloat16"
    given = {name: getattr(arguments, name) for name in ("steps", "minutes", "seed")}
    return {"half": half, **{name: value for name, value in given.items() if value is not None}}


def _command(arguments: argparse.Namespace) -> str:
    """What was typed, as far as it decides what comes out."""
    told = {"--steps": arguments.steps, "--seed": arguments.seed, "--minutes": arguments.minutes}
    options = [f"{name} {value}" for name, value in told.items() if value is not None]
    if arguments.precision != "auto":
        options.append(f"--precision {arguments.precision}")
    if arguments.model == "demo-reranker" and arguments.embedder != "demo":
        options.append(f"--embedder {arguments.embedder}")
    return " ".join(["medialens train", arguments.model, *options])


def _announce(steps: int, output: Path) -> None:
    print(f"Training {steps} steps into {output}; follow it in {output / 'log.jsonl'}")


def _warn_if_unfinished(done: Run[Any]) -> None:
    if done.step < done.settings.steps:
        print(f"Stopped after step {done.step} of {done.settings.steps}; the same command goes on from there.")


def _tell(log_progress: Callable[[Any], Row], done: Run[Any]) -> None:
    row = log_progress(done)
    print(
        f"step {done.step}, {done.minutes:.1f} minutes: recall@1 of {row.n_candidates} {row.recall_at_1:.3f}",
        flush=True,
    )
