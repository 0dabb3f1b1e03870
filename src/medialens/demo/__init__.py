"""The demonstration: pictures on disk, two frameworks, questions in plain language, and a sheet to look at.

Stage: near the end. Takes folders of pictures, gives a contact sheet (HTML and PNG) and counts. It uses the
adapters as any user would and knows nothing of models and engines.

`pictures.py`: what is drawn and asked. `gathering.py`: the user's own files. `searching.py`: both frameworks.
`sheet_html.py`, `sheet_png.py`: the contact sheet. `run.py`: all of it in order.
"""
