"""The names of gotorb's document, on the real-bogus task of this project.

    from gotorb import label_data, classifier

Each module is that of `scope.tasks.stamps` itself, not a copy: what is set in one place, such
as the names of FITS extensions, is set in the other.
"""
