"""Pages: of a PDF, as pictures and as text.

Takes an encoded PDF; gives how many pages there are, how large they are, what they say and what they look like. Knows
nothing of items and models.

    pdf.py: sizes, limits --> document.py: an open PDF --> pool.py, processes.py: who is asked; watch.py: how long
                                                              messages.py | a pipe
                              pdfium.py: handles <---------- program.py: a process of its own, that may end

To add a format of documents: a module that gives what `pdf.py` does, and a line in `parts/image.py` and in
`segment/pages.py`. To ask PDFium for something new: a kind in `messages.py`, and a method of `Program` and of `Pdf`.
"""
