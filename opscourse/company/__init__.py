"""Jiadong (家动), the simulated company of the course: its tables, its truth, and the simulator that made them."""
