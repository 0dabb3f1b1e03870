"""Items to prompts: who says what, how the template words it, which tokens that makes, and what gives way.

Takes decoded items and an instruction, gives a `Prompt`: ids, positions, and visuals in their places. Runs on CPU
threads, many at once; knows nothing of weights or devices.

    items --turns--> conversation --template, tokenizer--> tokens --truncation--> fewer --positions--> Prompt
"""
