"""Prompts to hidden states, and those to vectors or logits: what runs on the device.

Takes prompts, gives fp32. The weights are those of transformers' module, read once as plain values; `forward` of that
module never runs, and nothing is written to it.

    Prompts --packing--> one row a token --vision: visuals--> rows --language--> the last of each --head--> result
"""
