"""Practice with the simulated client: talks, drills, progress, for the learner's eyes alone."""
