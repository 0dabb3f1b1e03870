"""Pages: of a PDF, as pictures and as text.

Takes an encoded PDF; gives how many pages there are, how large they are, what they say and what they look like. Knows
nothing of items and models.

    Encoded --pdfium.py: one call at a time--> handles, each closed --pdf.py: limits--> sizes, text, DecodedImage

To add a format of documents: a module that gives what `pdf.py` does, and a line in `parts/image.py` and in
`segment/pages.py`.
"""
