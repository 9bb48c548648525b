"""What the owner of scenarios asks of a corpus: is it sound, what is in it, what does it show.

Everything here tells content. It belongs on the owner's own terminal and nowhere else.
"""
