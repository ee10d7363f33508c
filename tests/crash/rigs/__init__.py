"""The rigs: each a module with `rig(run)`, which yields a line of figures for each of its parts."""
