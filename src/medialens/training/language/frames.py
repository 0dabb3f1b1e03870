"""Sentences people put around what they look for. The last eight are never used in training."""

from __future__ import annotations

from typing import Final

SEEN_FRAMES: Final = (
    "{}", "{}", "{}", "{}", "{}", "{}",  # mostly, people just say it
    "find me {}", "find {}", "show me {}", "show {}", "give me {}", "get me {}", "i want {}", "i need {}",
    "i am looking for {}", "looking for {}", "search for {}", "please find {}", "please show me {}",
    "can you find {}?", "can you show me {}?", "could you find {} please", "do you have {}?", "is there {}?",
    "where is {}?", "where can i see {}?", "which image shows {}?", "which picture has {}?",
    "what does {} look like?", "i would like to see {}", "let me see {}", "{} please", "{}, please",
    "a picture of {}", "picture of {}", "an image of {}", "image of {}", "a drawing of {}", "an illustration of {}",
    "an image showing {}", "a picture showing {}", "an image with {}", "a picture with {}", "a photo of {}",
    "show me a picture of {}", "find an image of {}", "find me a picture with {}", "there is {}", "this is {}",
    "here you can see {}", "it shows {}", "we see {}", "hey, find {}",
)  # fmt: skip

UNSEEN_FRAMES: Final = (
    "any pictures of {}?", "i'm trying to find {}", "could i see {}?", "an image that shows {}",
    "display {}", "show me the one with {}", "have you got {}?", "a graphic depicting {}",
)  # fmt: skip
