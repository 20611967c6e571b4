"""The map page at ``/``. Its scripts read the public API as everybody else does; here are its frame and its words."""
