"""The demonstration: pictures and clips on disk, two frameworks, questions in plain language, and a sheet to look at.

Stage: near the end. Takes folders of pictures and clips, gives a contact sheet (HTML and PNG) and counts. It uses the
adapters as any user would and knows nothing of engines.

`scenes.py`: what is drawn. `drawing.py`: onto disk. `questions.py`: what is asked. `gathering.py`, `thumbnails.py`:
those files and the user's own. `searching.py`: both frameworks. `summary.py`: the counts. `sheet_html.py`,
`sheet_png.py`: the contact sheet. `run.py`: all of it in order.
"""
