"""Pictures and clips to visuals: sizes, frames, 8-bit patches, or what is remembered of them.

Takes decoded media, gives a `Visual`. Runs on CPU threads, many at once; of the network it knows only what is kept.
`vision_settings` reads the files of processors; whatever shapes patches is one `VisionRecipe`.
"""
